"""The image: its Dockerfile is clean, and what it copies and installs runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.deploy.rendering import DEPLOY, ROOT

_DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
_COPIED = [path for path in re.findall(r"^COPY (\S+) /\S+$", _DOCKERFILE, re.MULTILINE) if not path.startswith("--")]
_PIN = re.compile(r"^([a-z0-9-]+)==([^ \\]+)", re.MULTILINE)


def _run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_dockerfile_is_clean() -> None:
    _run(Path(sys.executable).with_name("hadolint"), DEPLOY / "Dockerfile")


def test_it_names_the_version_that_it_holds() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in _DOCKERFILE
    for overlay in ("local", "staging", "production"):
        kustomization = yaml.safe_load((DEPLOY / f"overlays/{overlay}/kustomization.yaml").read_text())
        assert {each["name"]: each["newTag"] for each in kustomization["images"]}["interactor-engine"] == version


def test_whatever_is_copied_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == set(_COPIED)


def test_it_installs_the_very_versions_that_were_tested() -> None:
    tested = dict(_PIN.findall((ROOT / "requirements.lock").read_text()))
    shipped = dict(_PIN.findall((DEPLOY / "requirements.lock").read_text()))
    assert {"aiohttp", "motor", "aiokafka"} <= shipped.keys()
    assert "pytest" not in shipped
    assert shipped.items() <= tested.items(), "run `make lock`"


@pytest.mark.system
@pytest.mark.timeout(300)
def test_what_is_copied_runs_on_what_is_installed(tmp_path: Path) -> None:
    """The steps of the Dockerfile, without its base image and its folders."""
    for path in _COPIED:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / path, target, ignore=skipped) if (ROOT / path).is_dir() else shutil.copy(
            ROOT / path, target
        )
    _run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    install = re.search(r"install (--no-cache-dir.*?)--requirement", _DOCKERFILE, re.DOTALL)
    assert install is not None
    options = install[1].replace("\\\n", " ").replace("--no-cache-dir", "").split()
    lock = tmp_path / "deploy/requirements.lock"
    _run(sys.executable, "-m", "pip", "-q", "--python", python, "install", *options, "--requirement", lock)
    assert "catalog" in _run(python, "-m", "services", "--help", cwd=tmp_path)
    assert _run(python, "-m", "services", "openapi", cwd=tmp_path) == (ROOT / "docs/openapi.json").read_text()
