"""The generated maps send every path to the service that gives the one process's answer to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

import orjson
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.web.app import Dispatcher, Mount
from libs.common.web.endpoint import Endpoint, Endpoints
from libs.common.web.routes import Route
from services.api import route_tables
from services.gateway.nginx import Site, nginx_conf
from services.gateway.ownership import DOCUMENTS, HIDDEN
from services.gateway.upstreams import UPSTREAMS

Tables = Mapping[str, tuple[Route, ...]]
_TABLES: Tables = route_tables()
_CONF = nginx_conf(_TABLES, Site(UPSTREAMS, 1, 2))
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def _map(variable: str) -> Callable[[str], str]:
    """One of the maps, by nginx's rule: the first expression that is found, else the default."""
    found = re.search(rf"map [^\n]* \${variable} \{{\n(.*?)\n    \}}", _CONF, re.DOTALL)
    assert found is not None
    rules = [(re.compile(rule), value) for rule, value in re.findall(r'^ *"~(.+)" (\S+);$', found[1], re.MULTILINE)]
    default = re.search(r"default (\S+);", found[1])
    assert default is not None
    return lambda value: next((to for rule, to in rules if rule.search(value)), default[1])


_service_of, _lane_of = _map("service"), _map("lane")


class _Names:
    """Binds a route to an endpoint that answers with the names of service and route."""

    def __init__(self, service: str) -> None:
        self._service = service

    def bind(self, route: Route) -> Endpoint:
        async def endpoint(_request: web.BaseRequest, parameters: Mapping[str, str]) -> web.StreamResponse:
            return web.Response(body=orjson.dumps([self._service, route.path, parameters]))

        return endpoint


def _dispatcher(services: Iterable[str]) -> Dispatcher:
    async def document(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(body=b'"a document"')

    mounts = [Mount(_TABLES[service], cast(Endpoints, _Names(service))) for service in services]
    return Dispatcher(mounts, [web.get(path, document) for path in DOCUMENTS])


_ALL = _dispatcher(_TABLES)
_ALONE = {service: _dispatcher([service]) for service in _TABLES}


class _Answer(NamedTuple):
    status: int
    allow: str | None
    body: Any


def _answer(dispatcher: Dispatcher, method: str, path: str) -> _Answer:
    request: Any = SimpleNamespace(
        rel_url=SimpleNamespace(raw_path=path), path=unquote(path), method=method, headers={"x-request-id": "one"}
    )
    response = asyncio.run(dispatcher(request))
    assert isinstance(response, web.Response)
    return _Answer(response.status, response.headers.get("Allow"), response.body)


def _filled(path: str, value: str = "x") -> str:
    return re.sub(r"\{\w+\}", value, path)


def _routes() -> list[tuple[str, Route]]:
    return [(service, route) for service, routes in _TABLES.items() for route in routes]


@pytest.mark.parametrize(("service", "route"), _routes(), ids=lambda each: getattr(each, "path", each))
def test_every_route_goes_to_the_service_that_has_it(service: str, route: Route) -> None:
    for value in ("x", "a%2Fb", "..", "ü", "service", "%00"):
        assert _service_of(_filled(route.path, value)) == service


def test_no_path_has_two_expressions() -> None:
    rules = re.findall(r'^        "~(\^/(?:v1|platform)/.*\$)" \w+;$', _CONF, re.MULTILINE)
    assert len(rules) > len(_TABLES)
    for _, route in _routes():
        assert len([rule for rule in rules if re.search(rule, _filled(route.path))]) == 1


_LITERALS = sorted({each for _, route in _routes() for each in route.path.split("/")[1:] if "{" not in each})
_ODD = ("", ".", "..", "x", "V1", "v2", "a%2Fb", "%2e%2e", "%75ser", "service%2F", "ü", "{serviceId}", "a b", "$", "~")
_PATHS = st.one_of(
    st.lists(st.sampled_from((*_LITERALS, *_ODD)), max_size=8).map(lambda segments: "/" + "/".join(segments)),
    st.builds(
        lambda route, value, added: _filled(route[1].path, value) + added,
        st.sampled_from(_routes()),
        st.sampled_from(_ODD),
        st.sampled_from(("", "/", "//", "/x", "/version", "/x/execute", "%2F", ".")),
    ),
    st.text(st.characters(exclude_characters="?#\n\r", codec="utf-8"), max_size=20).map(lambda text: f"/{text}"),
)


@settings(max_examples=1_500, deadline=None)
@given(method=st.sampled_from(_METHODS), path=_PATHS)
def test_any_path_is_answered_as_the_one_process_answers_it(method: str, path: str) -> None:
    behind, alone = _answer(_ALONE[_service_of(path)], method, path), _answer(_ALL, method, path)
    if (
        alone.status == 404 and "%" in path
    ):  # an encoded noun gets the plain 404, whatever stands in the version's place
        assert behind.status == 404
    else:
        assert behind == alone


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("POST", "/platform/a/webhook", "/-/inbound"),
        ("PATCH", "/platform/a/webhook/b", "/-/inbound"),
        ("GET", "/platform/a/webhook/b", "/-/inbound-once"),
        ("PUT", "/platform/a%2F/webhook", "/-/inbound-once"),
        ("POST", "/platform/a/b", "/-/api"),
        ("POST", "/v1/platform/a/webhook", "/-/api"),
        ("GET", "/v1/service", "/-/api"),
        ("HEAD", "/v1/service", "/-/api"),
        ("PATCH", "/v1/service/a", "/-/api"),
        ("PUT", "/v1/service/a", "/-/api-once"),
        ("DELETE", "/v1/service/a", "/-/api-once"),
        ("GETS", "/v1/service/a", "/-/api-once"),
    ],
)
def test_inbound_webhooks_have_lanes_of_their_own(method: str, path: str, lane: str) -> None:
    assert _lane_of(f"{method} {path}") == lane


def test_what_is_hidden_is_hidden_in_every_notation_that_nginx_decodes_to_it() -> None:
    rule = re.search(r'location ~\* "(.*)" \{', _CONF)
    assert rule is not None
    for segment in HIDDEN:
        for path in (f"/{segment}", f"//{segment}", f"/{segment.upper()}/x", f"/{segment}/"):
            assert re.search(rule[1], path, re.IGNORECASE)
        assert not re.search(rule[1], f"/v1/{segment}")
        assert not re.search(rule[1], f"/{segment}s")
