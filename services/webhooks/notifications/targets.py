"""What a `route` hook answers: a trigger's name, names, objects `{trigger, match, data}`, or null. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.webhooks.subscriptions.terms import terms_asked

_MEMBERS = {"trigger", "match", "data"}
_MAX_TARGETS = 100


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """A trigger to run for the subscriptions that hold `terms`; `data` is handed to its `trigger` hook."""

    trigger: str
    terms: tuple[str, ...] = ()
    data: Any = None


def parse_route(value: Any) -> list[RouteTarget]:
    """Raises ValueError with a sentence for the author."""
    if value is None:
        return []
    each = value if isinstance(value, list) else [value]
    if len(each) > _MAX_TARGETS:
        raise ValueError(f"route answered more than {_MAX_TARGETS} triggers")
    return [_target(one) for one in each]


def _target(value: Any) -> RouteTarget:
    if isinstance(value, str) and value:
        return RouteTarget(value)
    if not isinstance(value, dict) or not set(value) <= _MEMBERS or not isinstance(value.get("trigger"), str):
        raise ValueError("route must answer a trigger's name, a list of names, or objects {trigger, match, data}")
    match = {} if value.get("match") is None else value["match"]
    if not isinstance(match, dict):
        raise ValueError("match must be an object of paths and values")
    return RouteTarget(value["trigger"], terms_asked(match), value.get("data"))
