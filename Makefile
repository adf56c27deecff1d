# Everything here works on a fresh clone with Python 3.11 or newer and make.
.DEFAULT_GOAL := help

# The first of these that is 3.11 or newer; name another with `make PYTHON=/path/to/python3 …`.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
# On every core, each file's tests in one process; what starts servers has the machine for itself.
FAST := -m "not system and not engines" --numprocesses auto --dist loadfile

.PHONY: help setup run run-split demo test test-chaos fuzz fast lint check jsonata-cases jsonata-compare engines engines-stop bench docs lock gateway secrets kustomize

help: ## Show what there is to make
	@echo "Interactor Engine. make <target>:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Make the environment in .venv from the lock file

run: $(INSTALLED) ## Start all services on port 1290, data under ./data
	@exec $(RUN) -m services

run-split: $(INSTALLED) ## Start each role as a process, nginx on port 1290, engines; ARGS="ROLE …"
	@exec $(RUN) -m tests.split $(ARGS)

demo: $(INSTALLED) ## Play the whole story against a fresh instance
	@$(RUN) -m tests.demo

test: $(INSTALLED) ## Run all tests
	@$(RUN) -m pytest $(FAST)
	@$(RUN) -m pytest -m "system or engines"

fast: $(INSTALLED) ## Run the tests that need no process of their own
	@$(RUN) -m pytest $(FAST)

lint: $(INSTALLED) ## Format, lint, types, imports
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

check: lint fast ## What lint does, and the fast tests

jsonata-cases: $(INSTALLED) ## Run JSONata's own test cases, which cargo downloads, and say which fail
	@$(RUN) -m tests.jsonata

jsonata-compare: $(INSTALLED) ## Compare random expressions with JSONata's reference implementation, of npm; ARGS
	@$(RUN) -m tests.jsonata.compare $(ARGS)

engines: $(INSTALLED) ## Start a MongoDB and a Kafka for development; their URLs go to .engines/env
	@$(RUN) -m tests.engines start

engines-stop: $(INSTALLED) ## End them, and remove their data
	@$(RUN) -m tests.engines stop

test-chaos: $(INSTALLED) ## Kill and pause everything under load, in both forms; CHAOS_S=120
	@$(RUN) -m tests.chaos --seconds $(or $(CHAOS_S),120) $(ARGS)

fuzz: $(INSTALLED) ## Evaluate random logic and scripts; FUZZ_S=180, ARGS="--seed SEED --kind KIND"
	@$(RUN) -m tests.fuzz --seconds $(or $(FUZZ_S),180) $(ARGS)

bench: $(INSTALLED) ## Measure, beside a bare aiohttp server; ENGINES=1, ARGS="--quick" or ARGS="--only a,b"
	@$(if $(filter 1,$(ENGINES)),ENGINES=) $(RUN) -m tests.bench $(if $(ENGINES),--engines) $(ARGS)

docs: $(INSTALLED) ## Write anew what is made from the code: docs, the tables of deploy/README.md
	$(RUN) -m services openapi > docs/openapi.json
	$(RUN) -m libs.common.contracts.asyncapi > docs/asyncapi.json
	$(RUN) -m libs.logic.core.document > docs/logic-functions.md
	$(RUN) -m deploy.generate

gateway: $(INSTALLED) ## Write deploy/gateway anew from the services' route tables
	$(RUN) -m services gateway nginx --resolver 127.0.0.11 > deploy/gateway/nginx.conf
	$(RUN) -m services gateway nginx > deploy/gateway/nginx.kubernetes.conf
	$(RUN) -m services gateway httproutes > deploy/gateway/httproutes.yaml

secrets: $(INSTALLED) ## Make what a deployment keeps secret in deploy/secrets; ARGS="--rotate NAME"
	@$(RUN) -m services secrets --out deploy/secrets $(ARGS)

kustomize: ## Install kustomize into ~/.cache/interactor-engine/bin, for machines without kubectl (needs Go)
	@command -v go >/dev/null || { echo "make kustomize needs Go: https://go.dev/dl" >&2; exit 1; }
	GOBIN="$(HOME)/.cache/interactor-engine/bin" go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.0

LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --quiet

lock: ## Write requirements.lock and deploy/requirements.lock anew from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	$(LOCK) --all-extras --upgrade --output-file requirements.lock
	$(LOCK) --constraints requirements.lock --output-file deploy/requirements.lock

# Once, and again only when the lock file changes.
$(INSTALLED): requirements.lock
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Python 3.11 or newer is needed, and $(or $(PYTHON),$$(python3 --version 2>&1)) is not." >&2; \
		echo "Name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing $$(grep -c '==' requirements.lock) packages from requirements.lock, hashes checked"
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
