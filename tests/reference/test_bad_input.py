"""What is malformed is refused everywhere as it should be: all failures at once, by their paths, never a fault."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import requests

from libs.common.web.routes import Route
from services.api import route_tables
from tests.reference.served import World, served

ROUTES = [route for routes in route_tables().values() for route in routes if not route.open]
BODIES = [route for route in ROUTES if route.body is not None]
ODD_IDS = ("%00", "a%00b", "%ff", "%ed%a0%80", "a%2Fb", "%2e%2e", "%0a", "%F0%9F%99%82", "%25", "x" * 3000)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served() as url, World(url) as made:
        yield made


def path_of(route: Route, world: World, **others: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: others.get(found[1], world.ids.get(found[1], "unknown")), route.path)


def send(
    world: World,
    method: str,
    path: str,
    raw: bytes | None = None,
    content_type: str = "application/json",
    query: str = "",
) -> requests.Response:
    headers = {"Content-Type": content_type} if raw is not None else {}
    return world.session.request(method, f"{world.url}{path}{query}", data=raw, headers=headers)


def refused(answer: requests.Response, status: int, code: str | None = None) -> list[str]:
    """The paths of what is wrong."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["error"]
    assert code is None or problem["code"] == code
    return [each["path"] for each in problem.get("details", [])]


def acting(world: World, route: Route) -> str:
    """A query that lacks nothing."""
    values = {"version": "1.0.0", "since": "2024-01-01T00:00:00Z", "until": "2024-01-01T00:00:00Z"}
    required = [f"{each.name}={values.get(each.name, world.user)}" for each in route.query if each.required]
    return "?" + "&".join([f"userId={quote(world.user)}", *required])


def make(world: World, kind: str, body: bytes | dict[str, Any]) -> requests.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    service = "" if kind in ("service", "group") else f"/service/{world.ids['serviceId']}"
    return send(world, "POST", f"/v1{service}/{kind}", raw, query=f"?userId={world.user}")


@pytest.mark.parametrize("kind", ["service", "version", "action", "condition"])
@pytest.mark.parametrize(
    "name",
    ["", "a" * 129, " a", "a ", "a/b", "a\nb", "\0", "a\x7f", "\u200b", "\u202e", "\u00a0", "\ufeffx", "\u2028", 5],
)
def test_a_name_that_nobody_could_type_or_read_is_refused(world: World, kind: str, name: Any) -> None:
    assert refused(make(world, kind, {"name": name}), 400, "invalid_request") == ["name"]


@pytest.mark.parametrize(
    "name", ["é", "🙂", "..", ".", "%2F", "a%00b", "'; drop table", "<script>", "$where", "a.b", "a" * 128]
)
def test_a_printable_name_is_taken_and_found_by_itself(world: World, name: str) -> None:
    service = make(world, "service", {"name": uuid4().hex}).json()["id"]
    triggers, raw = f"/v1/service/{service}/trigger", json.dumps({"name": name}).encode()
    assert send(world, "POST", triggers, raw, query=f"?userId={world.user}").status_code == 200
    request = requests.Request("GET", world.url, headers=dict(world.session.headers)).prepare()
    request.url = f"{world.url}{triggers}/{quote(name, safe='').replace('.', '%2E')}"  # its dots stay as they are
    assert world.session.send(request).json()["name"] == name


@pytest.mark.parametrize("name", ["", "a" * 257, "\0", "a\nb", None, []])
def test_free_text_holds_no_control_characters(world: World, name: Any) -> None:
    assert refused(make(world, "group", {"name": name}), 400, "invalid_request") == ["name"]


@pytest.mark.parametrize(
    "raw",
    [
        b'{"name":NaN}',
        b'{"name":-Infinity}',
        b'{"name":1e400}',
        b'{"name":"a",}',
        b"{",
        b"   ",
        b"nothing",
        b"{'name': 'a'}",
        b'\xef\xbb\xbf{"name":"a"}',
        '{"name":"é"}'.encode("latin-1"),
        '{"name":"a"}'.encode("utf-16"),
        b'{"name":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"name":"\xed\xa0\x80"}',
        b"[" * 100_000,
    ],
    ids=ascii,
)
def test_what_is_no_json_is_said_to_be_malformed(world: World, raw: bytes) -> None:
    assert refused(make(world, "service", raw), 400, "malformed_json") == []


@pytest.mark.parametrize("route", BODIES, ids=lambda route: f"{route.method} {route.path}")
def test_a_body_that_is_no_object_or_too_deep_is_refused_everywhere(world: World, route: Route) -> None:
    path, query = path_of(route, world), acting(world, route)
    for raw in (b"[]", b"null", b'""', b"0", b"true"):
        assert refused(send(world, route.method, path, raw, query=query), 400, "invalid_request") == [""]
    deep = b'{"a":' * 101 + b"1" + b"}" * 101
    assert refused(send(world, route.method, path, deep, query=query), 400, "invalid_request") == [""]
    assert refused(send(world, route.method, path, b"{}", "text/plain", query), 415) == []
    assert refused(send(world, route.method, path, b"{}", "application/json; charset=latin-1", query), 415) == []
    unknown = refused(send(world, route.method, path, b'{"nope":1,"nope":2}', query=query), 400)
    assert unknown.count("nope") == 2  # unknown, and twice


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b'{"name":"a","name":"b"}', ["name"]),
        (b'{"name":"a","name":"a"}', ["name"]),
        (b'{"name":"a","config":{"x":1,"x":2,"y":[{"z":1,"z":2}]}}', ["z", "x"]),
        (b'{"name":"a","\\u006eame":"b"}', ["name"]),
        (b'{"name":"a","config":{"n":' + b"1" * 300 + b',"n":0}}', ["n"]),
    ],
)
def test_a_member_that_comes_twice_is_named(world: World, raw: bytes, names: list[str]) -> None:
    assert refused(make(world, "event", raw), 400, "invalid_request") == names


def test_a_body_over_the_limit_is_too_large(world: World) -> None:
    assert refused(make(world, "service", b'{"name":"%b"}' % (b"a" * (1 << 20))), 413, "body_too_large") == []


def test_all_failures_come_at_once_with_their_paths(world: World) -> None:
    body = {
        "name": 5,
        "label": {"en": 1, "\0": "x"},
        "tag": "x",
        "schema": [],
        "logic": "",
        "published": "yes",
        "schema_": {},
        "zz": 1,
    }
    found = refused(make(world, "action", body), 400, "invalid_request")
    assert set(found) == {"name", "label.en", "label.\0.[key]", "tag", "schema", "logic", "published", "schema_", "zz"}


@pytest.mark.parametrize(
    "order", [b"1.5", b"1.0", b"1e3", b"true", b'"1"', b"2147483648", b"-2147483649", b"9" * 40, b"[]"]
)
def test_a_number_is_a_whole_one_within_its_range(world: World, order: bytes) -> None:
    assert refused(make(world, "service", b'{"name":"n","displayOrder":%b}' % order), 400) == ["displayOrder"]


@pytest.mark.parametrize(
    "content", [{"\0": 1}, {"$x": {"a.b": 1}}, {"": 1}, {"n": 2**64 - 1}, {"t": "\0"}, {"f": 1.7e308}]
)
def test_free_content_holds_any_json(world: World, content: Any) -> None:
    made = make(world, "event", {"name": f"free {content!a}".replace("/", ""), "config": content, "setting": content})
    assert made.status_code == 200
    assert (made.json()["config"], made.json()["setting"]) == (content, content)


CONTRADICTIONS: list[tuple[str, str, dict[str, Any], set[str]]] = [
    ("POST", "/v1/user", {"id": "a", "userId": "b", "email": "bad", "zz": 1}, {"userId", "email", "zz"}),
    ("POST", "/v1/user", {"email": "bad"}, {"userId", "email"}),
    ("POST", "/v1/group/{groupId}/user", {"id": "a", "user_id": "b", "role": "boss"}, {"userId", "role"}),
    (
        "POST",
        "/v1/group",
        {"Authorization": {"a": 1}, "authorization": {}, "source": 1},
        {"authorization", "source", "name"},
    ),
    ("POST", "/v1/service", {"displayOrder": 1, "display_order": 1, "zz": 1}, {"display_order", "name", "zz"}),
    (
        "POST",
        "/v1/user/{userId}/token",
        {"key": {}, "basic": {}, "name": 1},
        {"", "key.token", "basic.username", "basic.password", "name"},
    ),
    ("POST", "/v1/subscription", {"variables": {}, "variable": {}, "zz": 1}, {"variable", "zz", "service", "trigger"}),
    (
        "PUT",
        "/v1/subscription/{subscriptionId}",
        {"status": None, "headers": None, "zz": 1},
        {"status", "headers", "zz"},
    ),
    (
        "POST",
        "/v1/execute",
        {"@type": "action", "serviceVersion": "1", "service_version": "2", "action": 5},
        {"service_version", "action", "service"},
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "found"), CONTRADICTIONS)
def test_members_that_contradict_each_other_are_told_with_all_else(
    world: World, method: str, path: str, body: dict[str, Any], found: set[str]
) -> None:
    [route] = [route for route in ROUTES if (route.method, route.path) == (method, path)]
    query = "" if path == "/v1/user" else acting(world, route)
    answer = send(world, method, path_of(route, world), json.dumps(body).encode(), query=query)
    assert set(refused(answer, 400, "invalid_request")) == found


def test_a_member_is_known_by_its_own_name_alone(world: World) -> None:
    assert refused(make(world, "action", {"name": "inner", "schema_": {}}), 400) == ["schema_"]


def test_all_headers_that_cannot_be_set_are_told(world: World) -> None:
    path = f"/v1/subscription/{world.ids['subscriptionId']}"
    headers = {"Host": "x", "X-One": "\n", "X-Two": "fine", "Webhook-Id": "1"}
    answer = send(world, "PUT", path, json.dumps({"headers": headers}).encode(), query=f"?userId={world.user}")
    assert refused(answer, 400) == ["headers"]
    assert all(name in answer.json()["error"] for name in ("Host", "X-One", "Webhook-Id"))


@pytest.mark.parametrize("member", ["platformId", "platform"])
def test_another_platforms_id_is_forbidden(world: World, member: str) -> None:
    refused(make(world, "group", {"name": "g", member: "other"}), 403, "other_platform")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_query_is_refused_by_what_is_unknown_or_twice_in_it(world: World, route: Route) -> None:
    query = f"{acting(world, route)}&userid=x&userId={world.user}"
    answer = send(world, route.method, path_of(route, world), query=query)
    assert set(refused(answer, 400, "invalid_request")) >= {"userid", "userId"}
    assert all(each.name in answer.text for each in route.query)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if "{" in route.path], ids=lambda route: f"{route.method} {route.path}"
)
def test_an_odd_id_is_as_unknown_as_any_other(world: World, route: Route) -> None:
    names = re.findall(r"\{(\w+)\}", route.path)
    for odd in ODD_IDS:
        raw = b"{}" if route.method in ("POST", "PUT") else None
        path = path_of(route, world, **{names[-1]: odd})
        assert send(world, route.method, path, raw, query=acting(world, route)).status_code in (400, 403, 404, 409), (
            path
        )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_a_handler_asks_of_the_query_is_declared(route: Route) -> None:
    asked = re.findall(r"asked\.(?:query|flag)\(\"(\w+)\"\)", inspect.getsource(route.handler))
    assert set(asked) <= {each.name for each in route.query}
