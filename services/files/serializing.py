"""A service as the text of its file: in an order that never depends on chance, without what goes without saying."""

from __future__ import annotations

from typing import Any

import orjson

from services.files.document import (
    SECURITY_MEMBERS,
    SERVICE_MEMBERS,
    VERSION_MEMBERS,
    Component,
    Document,
    Frozen,
    Key,
    Version,
    defaults_of,
    secrets_of,
    sparse,
)
from services.files.kinds import KINDS, PLACES, text_of

FORMAT = "interactor.service/1"


def serialized(document: Document) -> bytes:
    """The file. Two services that are equal make the same bytes."""
    return orjson.dumps(_file(document), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _file(document: Document) -> dict[str, Any]:
    said: dict[str, Any] = {
        "format": FORMAT,
        "service": _service(document),
        "secrets": secrets_of(document),
        "securities": [
            sparse(each, SECURITY_MEMBERS, always=("label", "type")) for _, each in sorted(document.securities.items())
        ],
        "versions": {each.name: _version(document, each) for each in document.versions_in_order()},
        "components": {kind: _components(document, kind) for kind in KINDS},
    }
    said["components"] = {kind: each for kind, each in said["components"].items() if each}
    return {name: member for name, member in said.items() if member}


def _service(document: Document) -> dict[str, Any]:
    said = sparse(document.service, SERVICE_MEMBERS, always=("enabled", "sharing"))
    return {**said, "defaultVersion": document.default_version}


def _version(document: Document, version: Version) -> dict[str, Any]:
    said = sparse(version.members, VERSION_MEMBERS, always=("published",))
    if version.frozen is not None:
        said["components"] = _all_frozen(document, version.frozen)
    return said


def _all_frozen(document: Document, frozen: Any) -> dict[str, dict[str, Any]]:
    said: dict[str, dict[str, Any]] = {}
    for key in sorted(frozen, key=lambda key: (PLACES[key[0]], document.components[key].name)):
        said.setdefault(key[0], {})[document.components[key].name] = _frozen(document, key, frozen[key])
    return said


def _frozen(document: Document, key: Key, frozen: Frozen) -> str | dict[str, Any]:
    """The number alone, unless the component was changed since."""
    component = document.components[key]
    said: dict[str, Any] = {"version": text_of(frozen.number)}
    if frozen.name != component.name:
        said["name"] = frozen.name
    now = component.rows[frozen.number].members
    changed = {name: member for name, member in frozen.members.items() if member != now[name]}
    if changed:
        said["members"] = changed
    return said if len(said) > 1 else str(said["version"])


def _components(document: Document, kind: str) -> dict[str, Any]:
    return {each.name: _component(each) for each in document.in_order() if each.kind == kind}


def _component(component: Component) -> dict[str, Any]:
    rows = {
        text_of(number): {"published": row.published, **sparse(row.members, defaults_of(component.kind))}
        for number, row in sorted(component.rows.items())
    }
    return {"identity": component.identity, "versions": rows}
