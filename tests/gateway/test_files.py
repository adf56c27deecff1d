"""deploy/gateway is what the route tables say, and fits what Gateway API and the manifests beside it ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.common.settings import Settings
from libs.common.web.routes import Route
from services.__main__ import main
from services.gateway.ownership import DOCUMENTS

_DEPLOY = Path(__file__).parent.parent.parent / "deploy"
_FILES = {
    "nginx.conf": ("nginx", "--resolver", "127.0.0.11"),
    "nginx.kubernetes.conf": ("nginx",),
    "httproutes.yaml": ("httproutes",),
}


@pytest.fixture
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.usefixtures("_no_settings")
@pytest.mark.parametrize(("name", "arguments"), _FILES.items())
def test_the_files_are_fresh(name: str, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", *arguments]) == 0
    assert (_DEPLOY / "gateway" / name).read_text() == capsys.readouterr().out, "run `make gateway`"


def test_make_writes_just_these_files() -> None:
    made = re.findall(r"^\t\$\(RUN\) -m services (gateway .*) > deploy/gateway/(\S+)$", _makefile(), re.MULTILINE)
    assert {name: tuple(arguments.split()[1:]) for arguments, name in made} == _FILES


@pytest.mark.parametrize("wrong", ["nobody=a:1", "catalog", "catalog=a", "catalog=a:b", "catalog=:1"])
def test_a_wrong_upstream_is_a_sentence(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "nginx", "--upstream", wrong]) == 1
    assert capsys.readouterr().err.startswith(f"--upstream {wrong}: give SERVICE=HOST:PORT; the services are catalog,")


@pytest.mark.usefixtures("_no_settings")
def test_the_configuration_follows_its_arguments(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODY_LIMIT_BYTES", "77")
    given = "--listen 127.0.0.1:9 --listen [::1]:9 --folder /else --access-log --resolver [::1]:5"
    upstreams = "--upstream executor=127.0.0.1:1 --upstream executor=[::1]:2 --upstream executor=executor:3"
    assert main(["gateway", "nginx", *given.split(), *upstreams.split()]) == 0
    conf = capsys.readouterr().out
    for line in (
        "listen 127.0.0.1:9 default_server;",
        "listen [::1]:9 default_server;",
        'pid "/else/nginx.pid";',
        "default 1;",
        "resolver [::1]:5 valid=5s ipv6=off;",
        "server 127.0.0.1:1 fail_timeout=2s;",
        "server [::1]:2 fail_timeout=2s;",
        "server executor:3 resolve fail_timeout=2s;",
        "client_max_body_size 77;",
    ):
        assert re.search(rf"^ *{re.escape(line)}$", conf, re.MULTILINE), line


def test_the_containers_can_run_it() -> None:
    """As an ordinary user, on a root file system that is read-only but for /tmp, started with `daemon off;`."""
    for name in ("nginx.conf", "nginx.kubernetes.conf"):
        conf = (_DEPLOY / "gateway" / name).read_text()
        assert "listen 8080 default_server;" in conf
        assert {path.split("/")[1] for path in re.findall(r'(?:_path|pid) "(.*)";', conf)} == {"tmp"}
        assert not re.search(r"^(user|daemon) ", conf, re.MULTILINE)


def _documents(path: Path) -> list[dict[str, Any]]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def _makefile() -> str:
    return (_DEPLOY.parent / "Makefile").read_text()


def _routes() -> list[dict[str, Any]]:
    return _documents(_DEPLOY / "gateway" / "httproutes.yaml")


def test_what_the_gateway_calls_is_there() -> None:
    kubernetes = {
        (each["metadata"]["name"], port["port"])
        for path in (_DEPLOY / "base").glob("**/service.yaml")
        for each in _documents(path)
        for port in each["spec"]["ports"]
    }
    compose = set(yaml.safe_load((_DEPLOY / "compose.yaml").read_text())["services"])
    for name in ("nginx.conf", "nginx.kubernetes.conf"):
        called = re.findall(r"server ([\w-]+):(\d+)", (_DEPLOY / "gateway" / name).read_text())
        assert len(called) == 5
        assert {(host, int(port)) for host, port in called} <= kubernetes
        assert {host for host, _ in called} <= compose
    backends = [each for route in _routes() for each in route["spec"]["rules"][0]["backendRefs"]]
    assert {(each["name"], each["port"]) for each in backends} <= kubernetes


def test_the_routes_are_within_what_gateway_api_allows() -> None:
    for route in _routes():
        assert (route["apiVersion"], route["kind"]) == ("gateway.networking.k8s.io/v1", "HTTPRoute")
        assert set(route["spec"]) == {"parentRefs", "rules"}
        rules = route["spec"]["rules"]
        assert 1 <= len(rules) <= 16
        for rule in rules:
            assert set(rule) == {"backendRefs", "timeouts", "matches"}
            assert 1 <= len(rule["matches"]) <= 64
            assert re.fullmatch(r"([0-9]{1,5}(h|m|s|ms)){1,4}", rule["timeouts"]["request"])
            for match in rule["matches"]:
                _check_path(match["path"])


def _check_path(path: Mapping[str, str]) -> None:
    assert set(path) == {"type", "value"}
    assert len(path["value"]) <= 1024
    if path["type"] == "RegularExpression":
        assert re.fullmatch(r"\^/.*\$", path["value"])
        assert "(?" not in path["value"], "RE2 has no look-around"
    else:
        assert path["type"] in ("Exact", "PathPrefix")
        assert re.fullmatch(r"(/[A-Za-z0-9._-]+)+", path["value"])


def test_every_route_has_one_match_and_that_names_its_service(tables: Mapping[str, tuple[Route, ...]]) -> None:
    matches = [
        (route["metadata"]["name"], match["path"]["type"], match["path"]["value"])
        for route in _routes()
        for match in route["spec"]["rules"][0]["matches"]
    ]
    paths = [(service, route.path) for service, routes in tables.items() for route in routes]
    for service, path in (*paths, *(("catalog", document) for document in DOCUMENTS)):
        filled = re.sub(r"\{\w+\}", "a%2Fb", path)
        assert [name for name, kind, value in matches if _matched(kind, value, filled)] == [service], filled
    for hidden in ("/internal/x", "/healthz", "/readyz", "/metrics", "/", "/v1", "/v2/user"):
        assert [name for name, kind, value in matches if _matched(kind, value, hidden)] == []


def _matched(kind: str, value: str, path: str) -> bool:
    if kind == "RegularExpression":
        return re.search(value, path) is not None
    return path == value or (kind == "PathPrefix" and path.startswith(f"{value}/"))
