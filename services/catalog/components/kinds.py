"""The kinds of component, as data: what makes an action differ from an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.common.contracts.catalog import Kind


@dataclass(frozen=True, slots=True)
class KindRules:
    """`members` are what a row holds, each with what it is when never given; all names are snake_case.

    `identity` is the member that names the component through all its versions. Where `version_required`, an
    update says in its query which version it makes or changes.
    """

    kind: Kind
    identity: str
    members: Mapping[str, Any]
    hooks: tuple[str, ...] = ()
    published_at_first: bool = True
    version_required: bool = False
    delete_needs_user: bool = False


RULES: dict[Kind, KindRules] = {
    rules.kind: rules
    for rules in (
        KindRules(
            Kind.VARIABLE,
            identity="component_id",
            members={"label": {}, "config": {}, "required": False, "schema": {}},
            version_required=True,
        ),
        KindRules(
            Kind.ACTION,
            identity="component_id",
            members={"label": {}, "tag": None, "schema": {}, "logic": {}},
            hooks=("execute", "refresh"),
            version_required=True,
        ),
        KindRules(
            Kind.EVENT,
            identity="event_id",
            members={"type": "standard", "config": {}, "logic": {}, "setting": {}},
            hooks=("route", "response"),
            published_at_first=False,
            delete_needs_user=True,
        ),
        KindRules(
            Kind.TRIGGER,
            identity="trigger_id",
            members={"label": {}, "schema": {}, "logic": {}},
            hooks=("create", "delete", "trigger", "renew"),
            delete_needs_user=True,
        ),
        KindRules(
            Kind.CONDITION,
            identity="condition_id",
            members={"label": {}, "schema": {}, "logic": {}},
            hooks=("execute",),
            delete_needs_user=True,
        ),
        KindRules(
            Kind.DATATYPE,
            identity="datatype_id",
            members={"schema": {}, "logic": {}},
            hooks=("values", "execute"),
            version_required=True,
        ),
    )
}
