"""Every variable that a deployment sets is a setting, and every setting is set or left at its default on purpose."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.settings import Settings, check_production
from services.roles import SERVICES
from services.secrets import Plan, write_secrets
from tests.clock import FakeClock
from tests.deploy.rendering import DEPLOY, Manifest, Manifests

_SETTINGS = {name.upper() for name in Settings.model_fields}
_OTHERS = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
_LEFT_AT_THEIR_DEFAULTS = {
    "BODY_LIMIT_BYTES": "an edge's own limit; a gateway's is larger",
    "DELIVERY_RETENTION_DAYS": "two weeks fit",
    "DELIVERY_TIMEOUT_S": "as Standard Webhooks recommends",
    "EXECUTION_RECORD_PAYLOADS": "history is worth its room",
    "EXECUTION_RETENTION_DAYS": "two weeks fit",
    "IDENTITY_AUTO_PROVISION": "a choice of the platform's",
    "INBOUND_LIMIT_BYTES": "no provider sends more",
    "RATE_LIMIT_BURST": "as RATE_LIMIT_PER_S",
    "RATE_LIMIT_PER_S": "a choice of the operator's, by the number of processes",
    "NOTIFICATION_RETENTION_DAYS": "as long as the topic keeps them",
    "SANDBOX_SECCOMP": "every container runtime of ours allows it",
}
_ONLY_IN_COMPOSE = {"EGRESS_ALLOW"}  # to reach a subscriber on one's own machine; in a cluster nobody is exempt
_COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    plan = Plan("mongodb:27017/?replicaSet=rs0", "kafka:9092", "interactor", None)
    write_secrets(folder, plan, FakeClock().now())
    return folder


def _env(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if not line.startswith("#"))


def _image() -> dict[str, str]:
    (block,) = re.findall(r"^ENV (.*?[^\\])$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE | re.DOTALL)
    return dict(entry.split("=", 1) for entry in block.replace("\\\n", " ").split())


def _composed(secrets: Path) -> dict[str, dict[str, str]]:
    """What each of our containers has, as Compose gives it, without what the shell may replace."""
    found = {}
    for name, service in _COMPOSE["services"].items():
        if service["image"].startswith("interactor-engine:"):
            given = {k: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", v) for k, v in service.get("environment", {}).items()}
            found[name] = {**_image(), **_env(secrets / Path(service["env_file"][0]).name), **given}
    return found


def _deployed(manifests: Manifests, secrets: Path) -> dict[str, dict[str, str]]:
    """What each of our pods has, as Kubernetes gives it."""
    config_maps = manifests.of("ConfigMap")
    found = {}
    for name, container in manifests.containers():
        if container["image"].partition(":")[0].endswith("interactor-engine"):
            sources = [_source(each, config_maps, secrets) for each in container["envFrom"]]
            own = {each["name"]: each["value"] for each in container.get("env", ())}
            found[name] = {k: v for source in (_image(), *sources, own) for k, v in source.items()}
    return found


def _source(source: Manifest, config_maps: dict[str, Manifest], secrets: Path) -> dict[str, str]:
    if "configMapRef" in source:
        data: dict[str, str] = config_maps[source["configMapRef"]["name"]]["data"]
        return data
    return _env(secrets / f"{source['secretRef']['name']}.env")


def test_every_variable_in_compose_is_a_setting(secrets: Path) -> None:
    for name, variables in _composed(secrets).items():
        assert variables.keys() <= _SETTINGS | _OTHERS, name


def test_every_variable_in_a_manifest_is_a_setting(manifests: Manifests, secrets: Path) -> None:
    for name, variables in _deployed(manifests, secrets).items():
        assert variables.keys() <= _SETTINGS | _OTHERS, name


def test_every_setting_is_set_or_left_at_its_default_on_purpose(production: Manifests, secrets: Path) -> None:
    set_somewhere = {variable for variables in _deployed(production, secrets).values() for variable in variables}
    assert set_somewhere & _SETTINGS == _SETTINGS - _LEFT_AT_THEIR_DEFAULTS.keys() - _ONLY_IN_COMPOSE
    composed = {variable for variables in _composed(secrets).values() for variable in variables}
    assert composed & _SETTINGS == _SETTINGS - _LEFT_AT_THEIR_DEFAULTS.keys()


def test_with_them_every_process_may_start_in_production(manifests: Manifests, secrets: Path) -> None:
    started = {**_composed(secrets), **_deployed(manifests, secrets)}
    for name, variables in started.items():
        if "topics" in name:
            continue
        settings = Settings.model_validate({variable.lower(): value for variable, value in variables.items()})
        check_production(settings)
        assert settings.production, name
        assert settings.sandbox_processes > 0, f"{name} would count the cores of its node, not its own"


def test_secrets_are_of_the_services_that_there_are(secrets: Path) -> None:
    for service in SERVICES:
        assert _env(secrets / f"{service}.env").keys() <= _SETTINGS
