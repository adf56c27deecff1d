"""The part of a plan that writes components: their rows, names and what is published, in states that follow each
other as the API allows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from libs.common.component_schemas import datatypes_named
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
        self._names: Mapping[Key, str] = {}  # as everything of the file is called at this point of the plan

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
            self._withdraw_others(key, [held.number])
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
        self._withdraw_others(component.key, changed)
        if len(changed) > 1 and any(number in rows and rows[number].published for number in changed):
            for number in sorted(changed):
                self._write(component.key, component.name, number, replace(component.rows[number], published=False))
        withdrawn = {number for number, row in component.rows.items() if not row.published and number in rows}
        for number in sorted(component.rows, key=lambda each: (each not in withdrawn, each)):
            self._write(component.key, component.name, number, component.rows[number])
        self._remove_makeshift(component)

    def _write(self, key: Key, name: str, number: Number, row: Row) -> None:
        """Makes or changes one row."""
        if key not in self._state.components:
            self._have_datatypes(key, name, row.members)
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
            self._have_datatypes(key, name, changed)
            self._state.send("PUT", *key, body=_with_handle(changed, component), version=text_of(number))
            self._keep(replace(component, rows={**component.rows, number: row}))

    def _create(self, key: Key, name: str, number: Number, row: Row) -> None:
        """The API makes 1.0.0 first; where another is meant, that one is a draft and removed if the file has none."""
        first = row if number == FIRST else replace(row, published=False)
        self._found(key, name, first)
        if number != FIRST:
            self._write(key, name, number, row)
            self._remove_makeshift(self._wanted.components[key])

    def _found(self, key: Key, name: str, first: Row) -> None:
        kind, identity = key
        if any((each.kind, each.name) == (kind, name) for each in self._here()):
            raise Refused(f"The {kind} {name!r} can't be made before another one gives its name up; rename that first.")
        body = {"name": name, KINDS[kind].identity: identity, "published": first.published, **first.members}
        self._state.send("POST", kind, body=body)
        self._keep(Component(kind, name, identity, {FIRST: first}))

    def _have_datatypes(self, key: Key, name: str, members: Members) -> None:
        """The datatypes that a schema names must be there before it is saved, itself and those in a circle too."""
        for ref in dict.fromkeys(named.ref for named in datatypes_named(members.get("schema", {}))):
            if any(each.kind == "datatype" and ref in (each.name, each.identity) for each in self._here()):
                continue
            meant = [each for each in self._names if each[0] == "datatype" and ref in (each[1], self._names[each])]
            if not meant:
                raise Refused(
                    f"The {key[0]} {name!r} takes values from a datatype {ref!r} that is not in the file; take it in, "
                    "or name another, by its name or identity."
                )
            self._found(meant[0], self._names[meant[0]], Row(False, KINDS["datatype"].members))

    def _here(self) -> Iterable[Component]:
        return self._state.components.values()

    def _remove_makeshift(self, component: Component) -> None:
        """The 1.0.0 of a creation that the file has not; after a crash it may have been left."""
        rows = self._state.components[component.key].rows
        first = rows.get(FIRST)
        if first is None or FIRST in component.rows or first.published or self._state.holds(component.key, FIRST):
            return
        makeshift = (KINDS[component.kind].members, *(row.members for number, row in rows.items() if number != FIRST))
        if first.members in makeshift:
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
        self._unpublish(key, number)

    def _withdraw_others(self, key: Key, coming: Collection[Number]) -> None:
        """What is to go in the end doesn't stand in the way of what comes."""
        known = self._state.components.get(key)
        if not coming or known is None or not self._prune or self._state.public:
            return
        for number, row in known.rows.items():
            if row.published and number not in self._wanted.components[key].rows:
                self._unpublish(key, number)

    def _unpublish(self, key: Key, number: Number) -> None:
        component = self._state.components[key]
        self._state.send("PUT", *key, body={"published": False}, version=text_of(number))
        row = replace(component.rows[number], published=False)
        self._keep(replace(component, rows={**component.rows, number: row}))

    def _rename(self, names: Mapping[Key, str]) -> None:
        """In an order in which every name is free when it is taken."""
        self._names = names
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

    def _in_order(self, keys: Iterable[Key]) -> list[Key]:
        return sorted(keys, key=lambda key: (PLACES[key[0]], self._wanted.components[key].name))


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
