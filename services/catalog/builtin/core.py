"""`core` as catalog's other services are: a public service with one version, its functions as published components."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from libs.common.contracts.catalog import BUILT_IN_PLATFORM, Kind
from libs.common.ids import derived_id
from libs.logic.compiler import TYPE
from libs.logic.core.registry import Function
from libs.logic.nodes.functions import CORE
from services.catalog.components import numbers
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Found, Head, Row
from services.catalog.components.repository import head_id_of
from services.catalog.services.models import Service
from services.catalog.versions.models import Version

_SINCE: Final = datetime(2026, 11, 25, tzinfo=UTC)
_MADE: Final[dict[str, Any]] = {"inserted_at": _SINCE, "created_by": None, "updated_at": _SINCE, "updated_by": None}
_VERSION_ID: Final = derived_id(CORE, "version", "1")

SERVICE: Final = Service(
    id=CORE, platform_id=BUILT_IN_PLATFORM, name=CORE, sharing="public", default_version_id=_VERSION_ID, **_MADE
)
VERSION: Final = Version(
    id=_VERSION_ID, service_id=CORE, name="1", label={"en": "Version 1 of the logic language"}, published=True, **_MADE
)


class BuiltIn:
    """The components of `core`. Every id follows from a name; a function's identity is its name."""

    def __init__(self, library: Mapping[str, Function]) -> None:
        self._by_head = {found.head.id: found for found in map(_found, library.values())}
        self._by_ref = {
            (found.head.kind, ref): found
            for found in self._by_head.values()
            for ref in (found.head.identity, found.row.id)
        }

    def head(self, id: str) -> Head | None:
        found = self._by_head.get(id)
        return found.head if found is not None else None

    def named(self, kind: Kind, ref: str) -> Head | None:
        """The function of that row id or name."""
        found = self._by_ref.get((kind, ref))
        return found.head if found is not None else None

    def heads(self, kind: Kind | None) -> list[Head]:
        """Those of a kind by name, or all by kind and name."""
        heads = [each.head for each in self._by_head.values() if kind is None or each.head.kind is kind]
        return sorted(heads, key=lambda head: (head.kind, head.name))

    def found(self, head: Head) -> Found:
        """With the one row that each has."""
        return self._by_head[head.id]


def _found(function: Function) -> Found:
    kind = Kind(function.kind)
    members = {
        **RULES[kind].members,
        "label": {"en": function.label},
        "schema": {"description": function.description, **function.schema()},
        "logic": {"execute": _calling(function)},
    }
    row_id = derived_id(CORE, kind.value, function.name, numbers.FIRST)
    row = Row(id=row_id, version=numbers.FIRST, published=True, content_revision=_revision(members), **_MADE)
    head = Head(
        id=head_id_of(row_id), service_id=CORE, kind=kind, name=function.name, identity=function.name, rows=(row,)
    )
    return Found(head, row, members)


def _calling(function: Function) -> dict[str, Any]:
    """The node that is the function of the whole input; compiled, it looks nothing up."""
    source = {TYPE: "reference", "operation": "source"}
    return {TYPE: function.kind, "service": CORE, function.kind: function.name, "input": source}


def _revision(members: dict[str, Any]) -> int:
    """Differs where contents differ, as another release may tell another description."""
    return int.from_bytes(hashlib.sha256(orjson.dumps(members, option=orjson.OPT_SORT_KEYS)).digest()[:6])
