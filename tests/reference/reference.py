"""The reference's operations by title, and what the product adds to their answers or settles otherwise."""

from __future__ import annotations

from typing import Any

from services.api import route_tables, samples
from tests.reference.extract import OPERATIONS

BY_TITLE: dict[str, dict[str, Any]] = {row["title"]: row for row in samples().values()}

NOT_SERVED = frozenset(
    {
        "Execute automation manualy",
        "Get service oauth url by id",
        "Test notification based on given request",
    }
)

_ADDED_TO_ROWS = {
    "service": {"icon", "groupIds"},
    "security": {"type"},
    "variable": {"version", "name"},
    "action": {"version"},
    "event": {"version"},
    "trigger": {"version"},
    "datatype": {"version"},
    "condition": {"label", "schema", "logic", "published", "version", "conditionId"},
    "token": {
        "serviceId",
        "serviceUrl",
        "state",
        "insertedAt",
        "updatedAt",
        "userId",
        "serviceSecurityId",
        "virtualId",
    },
    "subscription": {"userId", "url", "headers", "status", "insertedAt", "updatedAt"},
}
"""Members of a resource's rows that not all of its samples show."""

_ADDED_BY_TITLE = {
    "Create User Token": _ADDED_TO_ROWS["token"] | {"oauth.expiresAt"},
    "Get service webhook url by id": {"url", "secret"},
    "Create a new subscription for a given trigger": {"secret"},
    "Create new subscription with given body parameters": {"secret"},
}

_LIKE = {
    "Update a single group": "Get a single group",
    "Update service details": "Get service by id",
    "Publish Service": "Get service by id",
    "Update a single version of service": "Get a single version of service",
    "Update a single action": "Get a single action",
    "Update a single condition": "Get a single condition",
    "Update a single token": "Get a single token",
}
"""Where the reference shows no answer, and the contract answers as another operation does."""


_SETTLED: dict[str, dict[str, Any]] = {"Refresh variables with new inputs": {"output": {"variables": []}}}
"""Where the reference shows another operation's answer, what the contract says instead."""


def served() -> frozenset[tuple[str, str]]:
    """The operations that there are, by method and path."""
    return frozenset((route.method, route.path) for routes in route_tables().values() for route in routes)


def sample_of(title: str) -> Any:
    """What an answer must look like; nothing shown is `{}`."""
    sample = BY_TITLE[_LIKE.get(title, title)].get("response", {})
    return {**sample, **_SETTLED[title]} if title in _SETTLED else sample


def added_to(title: str) -> frozenset[str]:
    """The members that an answer has beyond those of its sample; `a.b` is a member of the member `a`."""
    sample = sample_of(title)
    shown = sample[0] if isinstance(sample, list) else sample
    if title in _ADDED_BY_TITLE:
        return frozenset(_ADDED_BY_TITLE[title] - shown.keys())
    if not isinstance(shown, dict) or not shown or shown.keys() in ({"id"}, {"input", "output"}):
        return frozenset()
    _, path = OPERATIONS[title]
    noun = [segment for segment in path.split("/") if not segment.startswith("{")][-1]
    return frozenset(_ADDED_TO_ROWS.get("service" if noun == "publish" else noun, set()) - shown.keys())
