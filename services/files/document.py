"""A service as data: what a file says of it, and what a product answers, in one form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from services.files.kinds import KINDS, PLACES, Number, text_of
from services.files.refused import Refused

Key: TypeAlias = tuple[str, str]  # kind and identity
Members: TypeAlias = Mapping[str, Any]

SERVICE_MEMBERS: Members = {
    "name": "",
    "type": None,
    "icon": None,
    "displayOrder": None,
    "enabled": True,
    "sharing": "none",
}
SECURITY_MEMBERS: Members = {"label": {}, "type": "", "scheme": "", "config": {}}
VERSION_MEMBERS: Members = {"label": {}, "published": False, "logic": {}, "setting": {}, "defaultSecurity": None}
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a component; `members` are complete."""

    published: bool
    members: Members


@dataclass(frozen=True, slots=True)
class Component:
    """A component with its rows.

    `assumed` says that the file left the identity out. `handle` stands for the value that a variable has in this
    product; it is no part of a file.
    """

    kind: str
    name: str
    identity: str
    rows: Mapping[Number, Row]
    assumed: bool = field(default=False, compare=False)
    handle: str | None = field(default=None, compare=False, repr=False)

    @property
    def key(self) -> Key:
        return self.kind, self.identity

    @property
    def latest_published(self) -> Number | None:
        return max((number for number, row in self.rows.items() if row.published), default=None)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A component as a published service version holds it, whatever became of it since."""

    name: str
    number: Number
    members: Members


@dataclass(frozen=True, slots=True)
class Version:
    """A service version. `frozen` is None for a draft, and where a file leaves to the moment what is frozen."""

    name: str
    members: Members
    frozen: Mapping[Key, Frozen] | None = None

    @property
    def published(self) -> bool:
        return bool(self.members["published"])


@dataclass(frozen=True, slots=True)
class Document:
    """A whole service. Securities are known by what people call them: their label's first value."""

    service: Members
    default_version: str | None
    securities: Mapping[str, Members]
    versions: Mapping[str, Version]
    components: Mapping[Key, Component]
    default_assumed: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        return str(self.service["name"])

    def described(self, key: Key, number: Number | None = None) -> str:
        component = self.components[key]
        return f"{component.kind} {component.name}" + (f" {text_of(number)}" if number is not None else "")

    def in_order(self) -> list[Component]:
        return sorted(self.components.values(), key=lambda each: (PLACES[each.kind], each.name))

    def versions_in_order(self) -> list[Version]:
        return sorted(self.versions.values(), key=lambda each: natural(each.name))

    def frozen_rows(self) -> set[tuple[Key, Number]]:
        """The rows that any published version holds."""
        frozen = (version.frozen or {} for version in self.versions.values() if version.published)
        return {(key, each.number) for held in frozen for key, each in held.items()}


def natural(text: str) -> tuple[Any, ...]:
    """Sorts `2` before `10`."""
    parts = _DIGITS.split(text)
    return (*(int(part) if place % 2 else part for place, part in enumerate(parts)), text)


def title_of(security: Members) -> str:
    """What a security is called. Raises Refused."""
    title = next(iter(security["label"].values()), None)
    if title is None:
        raise Refused("A security has no label, so that a file can't name it; give it one.")
    return str(title)


def complete(members: Members, defaults: Members) -> Members:
    return {name: members.get(name, default) for name, default in defaults.items()}


def sparse(members: Members, defaults: Members, *, always: Collection[str] = ()) -> dict[str, Any]:
    """Without what is as it is where it is left out."""
    return {name: members[name] for name, default in defaults.items() if name in always or members[name] != default}


def matched(document: Document, current: Document | None) -> Document:
    """With the identities that the file left out: those of the product's components of these names, else the names.

    Raises Refused when two components would have one identity.
    """
    known = {(each.kind, each.name): each.identity for each in (current.components.values() if current else ())}
    identities = {
        key: known.get((each.kind, each.name), each.name) if each.assumed else each.identity
        for key, each in document.components.items()
    }
    components: dict[Key, Component] = {}
    for key, component in document.components.items():
        found = replace(component, identity=identities[key], assumed=False)
        if found.key in components:
            raise Refused(
                f"The {found.kind}s {components[found.key].name!r} and {found.name!r} would have the same identity "
                f"{found.identity!r}; give both their own in the file."
            )
        components[found.key] = found
    versions = {name: _rekeyed(version, identities) for name, version in document.versions.items()}
    return replace(
        document,
        components=components,
        versions={name: _filled(version, current, components) for name, version in versions.items()},
        default_version=_default(document, current),
        default_assumed=False,
    )


def _rekeyed(version: Version, identities: Mapping[Key, str]) -> Version:
    if version.frozen is None:
        return version
    return replace(version, frozen={(key[0], identities[key]): each for key, each in version.frozen.items()})


def _filled(version: Version, current: Document | None, components: Mapping[Key, Component]) -> Version:
    """What a published version freezes where the file doesn't say: what it froze already, else the latest rows."""
    if version.frozen is not None or not version.published:
        return version
    there = current.versions.get(version.name) if current else None
    if there is not None and there.published:
        return replace(version, frozen=there.frozen)
    return replace(version, frozen=latest(components))


def latest(components: Mapping[Key, Component]) -> dict[Key, Frozen]:
    """What a version that is published now would freeze."""
    return {
        key: Frozen(each.name, number, each.rows[number].members)
        for key, each in components.items()
        if (number := each.latest_published) is not None
    }


def _default(document: Document, current: Document | None) -> str | None:
    if not document.default_assumed:
        return document.default_version
    if current is not None and current.default_version in document.versions:
        return current.default_version
    return next((version.name for version in document.versions_in_order()), None)


def secrets_of(document: Document) -> list[str]:
    """The variables, each of which needs a value that no file holds."""
    return [each.name for each in document.in_order() if each.kind == "variable"]


def defaults_of(kind: str) -> Members:
    return KINDS[kind].members
