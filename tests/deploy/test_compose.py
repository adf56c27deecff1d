"""deploy/compose.yaml: valid, hardened, started in the right order, every role there."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml

from libs.common.contracts.questions import CALLS
from services.roles import SERVICES, parse_roles
from services.secrets import Plan, write_secrets
from tests.clock import FakeClock
from tests.deploy.rendering import DEPLOY

_COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
_SERVICES: dict[str, dict[str, Any]] = _COMPOSE["services"]
_ONE_SHOTS = {"mongodb-init", "topics"}
_WITHOUT_A_CHECK = {*_ONE_SHOTS, "collector"}  # the collector's image holds nothing that could ask
_ENGINES = {
    name: parse_roles(service["command"])[0].service
    for name, service in _SERVICES.items()
    if service["image"].startswith("interactor-engine:") and name not in _ONE_SHOTS
}
_ANSWERING = {service: name for name, service in _ENGINES.items() if parse_roles(_SERVICES[name]["command"])[0].edge}
_EACH = pytest.mark.parametrize("service", _SERVICES.values(), ids=_SERVICES)


def test_it_is_as_the_compose_specification_has_it() -> None:
    folder = files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = orjson.loads(folder.read_bytes())
    assert [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(_COMPOSE)] == []


@_EACH
def test_no_container_can_do_more_than_it_must(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert "privileged" not in service
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@_EACH
def test_every_image_is_pinned(service: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9/-]+:v?\d+\.\d+\.\d+(-alpine)?", service["image"])


def test_every_container_that_stays_is_checked() -> None:
    assert {name for name, service in _SERVICES.items() if "healthcheck" not in service} == _WITHOUT_A_CHECK
    for name, service in _SERVICES.items():
        assert service["restart"] == ("no" if name in _ONE_SHOTS else "unless-stopped"), name


def test_who_waits_for_whom_waits_for_health_or_the_end() -> None:
    for name, service in _SERVICES.items():
        for awaited, how in service.get("depends_on", {}).items():
            expected = "service_completed_successfully" if awaited in _ONE_SHOTS else "service_healthy"
            assert how["condition"] == expected, f"{name} waits for {awaited}"
            assert awaited not in _WITHOUT_A_CHECK - _ONE_SHOTS, f"{name} waits for {awaited}"


def test_processes_start_once_their_engines_are_prepared() -> None:
    assert all(_SERVICES[name]["depends_on"].keys() == _ONE_SHOTS for name in _ENGINES)
    assert _SERVICES["gateway"]["depends_on"].keys() == _ENGINES.keys() - {"webhooks-workers"}


def test_every_service_runs_whole() -> None:
    parts = parse_roles([role for name in _ENGINES for role in _SERVICES[name]["command"]])
    assert {part.service for part in parts} == set(SERVICES)
    assert all(part.edge and part.workers for part in parts)


def test_each_process_holds_the_secrets_of_its_own_service_and_no_others() -> None:
    for name, service in _ENGINES.items():
        assert _SERVICES[name]["env_file"] == [f"secrets/{service}.env"]
        sources = [each if isinstance(each, str) else each["source"] for each in _SERVICES[name]["secrets"]]
        assert sources == [f"{service}.crt", f"{service}.key", "ca.crt"]


def test_peers_are_named_to_those_that_may_ask_them() -> None:
    for name, service in _ENGINES.items():
        named = _SERVICES[name]["environment"].get("PEER_URLS", "").split(",")
        peers = {entry.partition("=")[0]: entry.partition("=")[2] for entry in named if entry}
        owners = {call.owner for call in CALLS if service in call.callers}
        assert peers == {owner: f"https://{_ANSWERING[owner]}:8081" for owner in owners}, name


def test_every_file_that_is_mounted_is_in_the_repository_or_made_with_the_secrets(tmp_path: Path) -> None:
    write_secrets(tmp_path, Plan("mongodb:27017/", "kafka:9092", "interactor", None), FakeClock().now())
    secret_files = [each["file"] for each in _COMPOSE["secrets"].values()]
    env_files = [each for service in _SERVICES.values() for each in service.get("env_file", ())]
    for name in (*secret_files, *env_files):
        assert (tmp_path / name.removeprefix("secrets/")).is_file(), name
    volumes = [volume.split(":")[0] for service in _SERVICES.values() for volume in service.get("volumes", ())]
    assert {volume for volume in volumes if not volume.startswith("./")} == _COMPOSE["volumes"].keys()
    assert [volume for volume in volumes if volume.startswith("./") and not (DEPLOY / volume).is_file()] == []


def test_every_secret_is_somebodys() -> None:
    used = {
        each if isinstance(each, str) else each["source"]
        for service in _SERVICES.values()
        for each in service.get("secrets", ())
    }
    assert used == _COMPOSE["secrets"].keys()


def test_no_secret_stands_in_the_file() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert not re.search(r"password|PASSWORD|CREDENTIALS_KEYS|PRIVATE_KEY\b|mongodb://|kafka://", text)
