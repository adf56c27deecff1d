"""The part of a plan that writes components: their rows, names and what is published, in states that follow each
other as the API allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from services.files.document import Component, Document, Key, Members, Row, Version
from services.files.kinds import FIRST, KINDS, PLACES, SECURE_DEFAULT, Number, text_of
from services.files.refused import Refused
from services.files.steps import State


class ComponentPlanner:
    """Writes into the state's steps."""

    def __init__(self, state: State, wanted: Document, *, prune: bool) -> None:
        self._state = state
        self._wanted = wanted
        self._prune = prune

    def clear_names(self) -> None:
        """Removes what is not in the file and has a name that something of the file is to have, if it may go."""
        names = {(each.kind, each.name) for each in self._wanted.components.values()}
        for key, component in list(self._state.components.items()):
            if key in self._wanted.components or (component.kind, component.name) not in names:
                continue
            described = f"The {component.kind} {component.name!r} is here under another identity"
            if not self._prune:
                raise Refused(f"{described} ({component.identity!r}) than in the file; --prune replaces it.")
            if holding := self._state.holds(key):
                raise Refused(f"{described}, and the published version {holding[0]!r} holds it; use another name.")
            self._remove(key)

    def bring(self, version: Version) -> None:
        """To the state in which publishing the version freezes what it is to hold."""
        frozen = version.frozen or {}
        for key, component in list(self._state.components.items()):
            held = frozen.get(key)
            for number, row in component.rows.items():
                if row.published and (held is None or number > held.number):
                    self._withdraw(key, number, version)
        names = {key: component.name for key, component in self._wanted.components.items()}
        self._rename({**names, **{key: held.name for key, held in frozen.items()}})
        for key in self._in_order(frozen):
            held = frozen[key]
            self._write(key, held.name, held.number, Row(True, held.members))

    def finish(self) -> None:
        """To what the file says."""
        self._rename({key: component.name for key, component in self._wanted.components.items()})
        for key in self._in_order(self._wanted.components):
            self._finish(self._wanted.components[key])

    def remove_others(self) -> None:
        """What the file doesn't have."""
        for key, component in list(self._state.components.items()):
            if key not in self._wanted.components:
                self._remove(key)
                continue
            for number in component.rows.keys() - self._wanted.components[key].rows.keys():
                self._remove_row(key, number)

    def _finish(self, component: Component) -> None:
        """In an order in which no published row breaks another as it is for the moment."""
        known = self._state.components.get(component.key)
        rows = known.rows if known is not None else {}
        changed = [number for number, row in component.rows.items() if _content_of(rows.get(number)) != row.members]
        if len(changed) > 1 and any(number in rows and rows[number].published for number in changed):
            for number in sorted(changed):
                self._write(component.key, component.name, number, replace(component.rows[number], published=False))
        withdrawn = {number for number, row in component.rows.items() if not row.published and number in rows}
        for number in sorted(component.rows, key=lambda each: (each not in withdrawn, each)):
            self._write(component.key, component.name, number, component.rows[number])
        self._remove_makeshift(component)

    def _write(self, key: Key, name: str, number: Number, row: Row) -> None:
        """Makes or changes one row."""
        component = self._state.components.get(key)
        if component is None:
            self._create(key, name, number, row)
            return
        known = component.rows.get(number)
        if known is None:
            changed = {"published": row.published, **row.members}
        else:
            changed = _changed(known, row)
            if changed and self._state.public and known.published:
                raise Refused(
                    f"The {key[0]} {component.name!r} {text_of(number)} is published in a public service and stays as "
                    f"it is ({', '.join(changed)} would change); give the file a new version of it."
                )
        if changed:
            self._state.send("PUT", *key, body=_with_handle(changed, component), version=text_of(number))
            self._keep(replace(component, rows={**component.rows, number: row}))

    def _create(self, key: Key, name: str, number: Number, row: Row) -> None:
        """The API makes 1.0.0 first; where the file has none, that one is removed again."""
        first = row if number == FIRST else self._wanted.components[key].rows.get(FIRST, row)
        if number != FIRST:
            first = replace(first, published=False)
        kind, identity = key
        body = {"name": name, KINDS[kind].identity: identity, "published": first.published, **first.members}
        self._state.send("POST", kind, body=body)
        self._keep(Component(kind, name, identity, {FIRST: first}))
        if number != FIRST:
            self._write(key, name, number, row)
            self._remove_makeshift(self._wanted.components[key])

    def _remove_makeshift(self, component: Component) -> None:
        """The 1.0.0 of a creation that the file has not; after a crash it may have been left."""
        rows = self._state.components[component.key].rows
        first = rows.get(FIRST)
        if first is None or FIRST in component.rows or first.published or self._state.holds(component.key, FIRST):
            return
        if any(first.members == row.members for number, row in rows.items() if number != FIRST):
            self._remove_row(component.key, FIRST)

    def _withdraw(self, key: Key, number: Number, version: Version) -> None:
        """Unpublishes a row that publishing the version would freeze instead of what it is to hold."""
        component = self._state.components[key]
        described = f"{component.kind} {component.name!r} {text_of(number)}"
        ours = key in self._wanted.components and number in self._wanted.components[key].rows
        if self._state.public:
            raise Refused(
                f"Version {version.name!r} can't be published here as the file has it: it is without the "
                f"{described}, which is published in a public service and stays so."
            )
        if not ours and not self._prune:
            raise Refused(
                f"Version {version.name!r} can't be published here as the file has it: it would hold the {described}, "
                "which is not in the file. Take it into the file, or remove it with --prune."
            )
        self._state.send("PUT", *key, body={"published": False}, version=text_of(number))
        row = replace(component.rows[number], published=False)
        self._keep(replace(component, rows={**component.rows, number: row}))

    def _rename(self, names: Mapping[Key, str]) -> None:
        """In an order in which every name is free when it is taken."""
        pending = {key: name for key, name in names.items() if self._name(key) not in (None, name)}
        while pending:
            taken = {(key[0], component.name) for key, component in self._state.components.items()}
            free = [key for key, name in pending.items() if (key[0], name) not in taken]
            if not free:
                told = ", ".join(f"{key[0]} {self._name(key)!r} to {name!r}" for key, name in pending.items())
                raise Refused(f"These can't be renamed in one push, as the names are taken: {told}.")
            for key in free:
                self._rename_one(key, pending.pop(key))

    def _rename_one(self, key: Key, name: str) -> None:
        component = self._state.components[key]
        if self._state.public:
            raise Refused(
                f"The {key[0]} {component.name!r} of a public service keeps its name; the file says {name!r}."
            )
        self._state.send("PUT", *key, body={"name": name}, version=text_of(max(component.rows)))
        self._keep(replace(component, name=name))

    def _name(self, key: Key) -> str | None:
        component = self._state.components.get(key)
        return component.name if component is not None else None

    def _keep(self, component: Component) -> None:
        self._state.components[component.key] = component

    def _remove(self, key: Key) -> None:
        self._state.send("DELETE", *key)
        del self._state.components[key]

    def _remove_row(self, key: Key, number: Number) -> None:
        component = self._state.components[key]
        self._state.remove_row(key, number)
        self._keep(replace(component, rows={each: row for each, row in component.rows.items() if each != number}))

    def _in_order(self, keys: Mapping[Key, Any]) -> list[Key]:
        """By kind and name; of the datatypes those first from which others take their values."""
        named = sorted(keys, key=lambda key: (PLACES[key[0]], self._wanted.components[key].name))
        datatypes = [key for key in named if key[0] == "datatype"]
        others = [key for key in named if key[0] != "datatype"]
        split = sum(PLACES[key[0]] < PLACES["datatype"] for key in others)
        return [*others[:split], *self._by_need(datatypes), *others[split:]]

    def _by_need(self, datatypes: list[Key]) -> list[Key]:
        left, ordered = list(datatypes), list[Key]()
        while left:
            waiting = {key: self._needs(key) & {*left} - {key} for key in left}
            ready = next((key for key in left if not waiting[key]), left[0])
            left.remove(ready)
            ordered.append(ready)
        return ordered

    def _needs(self, key: Key) -> set[Key]:
        component = self._wanted.components[key]
        refs = {ref for row in component.rows.values() for ref in _datatypes(row.members["schema"])}
        return {
            each.key
            for each in self._wanted.components.values()
            if each.kind == "datatype" and (each.name in refs or each.identity in refs)
        }


def _datatypes(schema: Any) -> Iterator[str]:
    """The datatypes that a schema names, wherever in it."""
    if isinstance(schema, list):
        for each in schema:
            yield from _datatypes(each)
    elif isinstance(schema, dict):
        for name, each in schema.items():
            if name in ("x-dataType", "x-dataTypeId") and isinstance(each, str):
                yield each
            yield from _datatypes(each)


def _changed(known: Row, row: Row) -> dict[str, Any]:
    changed = {name: value for name, value in row.members.items() if value != known.members[name]}
    return changed if known.published == row.published else {"published": row.published, **changed}


def _content_of(row: Row | None) -> Members | None:
    return row.members if row is not None else None


def _with_handle(body: Members, component: Component) -> Members:
    """A schema is replaced as a whole, and must not lose what stands for the variable's value."""
    if component.handle is None or "schema" not in body:
        return body
    return {**body, "schema": {**body["schema"], SECURE_DEFAULT: component.handle}}
