"""Requests made from the route tables: a new route is asked by itself, or the failure says what it needs here."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import quote

import orjson

from libs.common.web.routes import Route
from services.api import route_tables
from tests.isolation.house import House
from tests.product import Answer

Refs: TypeAlias = Mapping[str, str]
_numbers = itertools.count(1)


def _fresh(noun: str) -> str:
    return f"{noun} {next(_numbers)}"


def _named(refs: Refs) -> dict[str, Any]:
    return {"name": _fresh("made")}


def _trigger(refs: Refs) -> dict[str, Any]:
    return {"service": refs["serviceId"], "trigger": refs["triggerId"], "url": "http://127.0.0.1:9/"}


_BODIES: dict[str, Callable[[Refs], Any]] = {
    "POST /v1/user": lambda refs: {"userId": _fresh("user")},
    "POST /v1/group/{groupId}/user": lambda refs: {"userId": refs["userId"]},
    "POST /v1/service/{serviceId}/security": lambda refs: {"type": "apiKey"},
    "POST /v1/user/{userId}/token": lambda refs: {"serviceId": refs["serviceId"], "key": {"token": "t"}},
    "PUT /v1/service/{serviceId}/variable/{variableId}/value": lambda refs: {"value": "v"},
    "POST /v1/execute": lambda refs: {
        "@type": "action",
        "service": refs["serviceId"],
        "action": refs["actionId"],
        "input": {},
    },
    "POST /v1/service/{serviceId}/action/{actionId}/refreshVariables": lambda refs: {"step": [], "targetField": "note"},
    "POST /v1/test/logic": lambda refs: {"table": "ActionVersion", "id": refs["rowId"], "source": ["execute"]},
    "POST /v1/subscription": _trigger,
    **{
        f"POST /v1/service/{{serviceId}}/{noun}": _named
        for noun in ("version", "variable", "action", "event", "trigger", "condition", "datatype")
    },
    "POST /v1/service": _named,
    "POST /v1/group": _named,
}
_QUERIES: dict[str, Callable[[Refs], str]] = {
    "version": lambda refs: "minor",
    "contributor_id": lambda refs: refs["contributor"],
    "since": lambda refs: "2024-01-01",
    "until": lambda refs: "2024-01-02",
}
_QUERIES_WHERE_TAKEN: dict[str, Callable[[Refs], str]] = {"event": lambda refs: refs["eventId"]}
"""What is sent though it is optional, so that the answer does not depend on how much there is."""

_NEEDS_NO_BODY = "PUT"


@cache
def keyed_routes() -> tuple[Route, ...]:
    """Every route of every service that needs a key."""
    return tuple(route for table in route_tables().values() for route in table if not route.open)


class _Anything(dict[str, str]):
    """Names everything."""

    def __missing__(self, name: str) -> str:
        return f"any {name}"


class _Noting(dict[str, str]):
    """Remembers what was asked for."""

    def __init__(self, refs: Refs) -> None:
        super().__init__()
        self.used: set[str] = refs.used if isinstance(refs, _Noting) else set()
        self._refs = refs

    def __getitem__(self, name: str) -> str:
        value = self._refs[name]
        self.used.add(name)
        return value


@dataclass(frozen=True)
class Asked:
    """One request, with the texts of it that an answer may repeat."""

    route: Route
    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    texts: tuple[str, ...] = field(repr=False)

    async def by(self, house: House, *, user: str | None, key: str | None = None) -> Answer:
        options = {} if self.body is None else {"json": self.body}
        return await house.ask(self.method, self.path, user=user, key=key, query=dict(self.query), **options)

    def without_own(self, answer: Answer) -> str:
        """Body and headers as text, without what the caller itself sent."""
        text = answer.body.decode() + "".join(f"\n{name}: {value}" for name, value in answer.headers.items())
        for own in sorted(self.texts, key=len, reverse=True):
            for form in (own, quote(own), quote(own, safe=""), orjson.dumps(own)[1:-1].decode()):
                text = text.replace(form, "…")
        return text

    def essence(self, answer: Answer) -> tuple[int, str]:
        """Status and body, without the request's own words and the request id."""
        body = orjson.loads(answer.body)
        if isinstance(body, dict):
            body.pop("requestId", None)
        bare = Answer(answer.status, orjson.dumps(body), {})
        return answer.status, self.without_own(bare)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def ask_of(route: Route, refs: Refs) -> Asked:
    """The request that a route takes, valid but for what `refs` name. Fails for a route that it knows too little of."""
    name = f"{route.method} {route.path}"
    refs = _Noting(refs)
    path = "/".join(_segment(part, refs, name) for part in route.path.split("/"))
    query = {each.name: _QUERIES[each.name](refs) for each in route.query if each.required and _known(each.name, name)}
    query |= {
        each.name: _QUERIES_WHERE_TAKEN[each.name](refs) for each in route.query if each.name in _QUERIES_WHERE_TAKEN
    }
    body = _body(route, refs, name)
    return Asked(route, route.method, path, query, body, tuple(refs[each] for each in refs.used))


def refs_of(route: Route) -> set[str]:
    """The path parameters whose things the request names, in its path or in its body."""

    refs = _Noting(_Anything())
    ask_of(route, refs)
    return refs.used - {"contributor"}


def parameters_of(route: Route) -> list[str]:
    return [part[1:-1] for part in route.path.split("/") if part.startswith("{")]


def _segment(part: str, refs: Refs, name: str) -> str:
    if not part.startswith("{"):
        return part
    try:
        return quote(refs[part[1:-1]], safe="")
    except KeyError:
        raise AssertionError(
            f"{name} has the path parameter {part}, and no platform of these tests has such a thing: "
            f"make one in House.furnish (tests/isolation/house.py) and put its id into the `ids` of its service."
        ) from None


def _known(parameter: str, name: str) -> bool:
    assert parameter in _QUERIES, (
        f"{name} requires {parameter!r} in its query: say in _QUERIES (tests/isolation/asking.py) what a valid one is."
    )
    return True


def _body(route: Route, refs: Refs, name: str) -> Any:
    if route.body is None and not route.json_body:
        return None if route.method in ("GET", "DELETE") else {}
    if name in _BODIES:
        return _BODIES[name](refs)
    fits = route.json_body or route.method == _NEEDS_NO_BODY or not _requires_members(route)
    assert fits, f"{name} takes a body: say in _BODIES (tests/isolation/asking.py) what a valid one is."
    return {}


def _requires_members(route: Route) -> bool:
    return route.body is not None and any(each.is_required() for each in route.body.model_fields.values())
