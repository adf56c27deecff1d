"""Whether a schema keeps the promises of the one before it: what was valid input stays so, what came out still does.

Only what can be told from the schemas alone is accepted: a keyword that can't be compared counts as a break when
it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from libs.common.contracts.catalog import Kind
from libs.common.errors import Detail
from services.catalog.components.schema_check import title_of

Schema: TypeAlias = dict[str, Any]

_LOWER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_FREE = frozenset(
    {
        # What only annotates,
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "format",
        "$comment",
        # and what is compared in its own way.
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
    }
)
_MEANINGS = ("x-dataType", "x-dataTypeId")


def breaks(kind: Kind, before: Schema, after: Schema) -> list[Detail]:
    """Every way in which `after` breaks who relies on `before`, with its path under `schema`."""
    if kind is Kind.VARIABLE:
        return list(_INPUT.differences(before, after, "schema"))
    found = list(_variables(before, after))
    for member in ("output", "data"):
        if member in before:
            found += _OUTPUT.differences(before[member], after.get(member, True), f"schema.{member}")
    return found


def _variables(before: Schema, after: Schema) -> Iterator[Detail]:
    known, now = _by_title(before), _by_title(after)
    for title, variable in now.items():
        path = f"schema.variables.{title}"
        if title in known:
            yield from _INPUT.differences(_schema_of(known[title]), _schema_of(variable), path)
        if _is_required(variable) and not (title in known and _is_required(known[title])):
            yield Detail(path, "is required now; who leaves it out would fail")
    if _is_closed(after):
        for title in known.keys() - now.keys():
            yield Detail(f"schema.variables.{title}", "is gone, and nothing undeclared is taken")
        if not _is_closed(before):
            yield Detail("schema.additionalProperties", "what is undeclared was taken, and is not any more")


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Of input, all that `before` took must be taken still; of output, nothing new may come, and no member may go."""

    output: bool

    def differences(self, before: object, after: object, path: str) -> Iterator[Detail]:
        wide, narrow = (after, before) if self.output else (before, after)
        if narrow in (True, {}) or wide is False or before == after:
            return
        if not isinstance(before, dict) or not isinstance(after, dict):
            yield Detail(path, "differs from before")
            return
        yield from self._type(before, after, path)
        yield from self._values(before, after, path)
        yield from self._limits(before, after, path)
        yield from _sources(before, after, path)
        yield from self._members(before, after, path)
        yield from self.differences(before.get("items", True), after.get("items", True), f"{path}.items")

    def _sides(self, before: Schema, after: Schema) -> tuple[Schema, Schema]:
        """The one that must fit, and the one that it must fit into."""
        return (after, before) if self.output else (before, after)

    def _type(self, before: Schema, after: Schema, path: str) -> Iterator[Detail]:
        wide, narrow = map(_types, self._sides(before, after))
        if narrow is None:
            return
        if wide is None or not wide <= narrow | ({"integer"} if "number" in narrow else set()):
            yield Detail(f"{path}.type", f"was {_told(_types(before))}, is {_told(_types(after))}")

    def _values(self, before: Schema, after: Schema, path: str) -> Iterator[Detail]:
        wide, narrow = map(_values, self._sides(before, after))
        if narrow is not None and (wide is None or any(value not in narrow for value in wide)):
            yield Detail(f"{path}.enum", "the values differ from those before")

    def _limits(self, before: Schema, after: Schema, path: str) -> Iterator[Detail]:
        """Bounds are compared; of what else limits, nothing is known but whether it is the same in both."""
        wide, narrow = self._sides(before, after)
        for keyword, limit in narrow.items():
            if keyword in _FREE or keyword.startswith("x-") or wide.get(keyword) == limit:
                continue
            bound = wide.get(keyword)
            if keyword in _LOWER and _is_number(bound) and bound >= limit:
                continue
            if keyword in _UPPER and _is_number(bound) and bound <= limit:
                continue
            yield Detail(f"{path}.{keyword}", "differs from before")

    def _members(self, before: Schema, after: Schema, path: str) -> Iterator[Detail]:
        known, now = _properties(before), _properties(after)
        for name in known.keys() & now.keys():
            yield from self.differences(known[name], now[name], f"{path}.properties.{name}")
        yield from self._presence(before, after, path)
        if self.output:
            for name in known.keys() - now.keys():
                yield Detail(f"{path}.properties.{name}", "is gone from what comes out")
            return
        others = before.get("additionalProperties", True)
        for name in now.keys() - known.keys():
            yield from self.differences(others, now[name], f"{path}.properties.{name}")
        rest = after.get("additionalProperties", True)
        for name in known.keys() - now.keys():
            yield from self.differences(known[name], rest, f"{path}.properties.{name}")
        yield from self.differences(others, rest, f"{path}.additionalProperties")

    def _presence(self, before: Schema, after: Schema, path: str) -> Iterator[Detail]:
        wide, narrow = self._sides(before, after)
        said = "came always, and need not any more" if self.output else "is required now"
        for name in _names(narrow.get("required")) - _names(wide.get("required")):
            yield Detail(f"{path}.properties.{name}", said)


_INPUT = _Comparison(output=False)
_OUTPUT = _Comparison(output=True)


def _sources(before: Schema, after: Schema, path: str) -> Iterator[Detail]:
    for keyword in _MEANINGS:
        if keyword in before and after.get(keyword) != before[keyword]:
            yield Detail(f"{path}.{keyword}", "its values come from elsewhere now")


def _by_title(schema: Schema) -> dict[str, Schema]:
    variables = schema.get("variables")
    return {title: each for each in variables or () if (title := title_of(each)) is not None}


def _schema_of(variable: Schema) -> object:
    """In the older notation it is a member of its own."""
    return variable if "title" in variable else variable.get("schema", {})


def _is_required(variable: Schema) -> bool:
    places = (variable, variable.get("schema", {}))
    return any(place.get(flag) is True for place in places for flag in ("x-required", "required"))


def _is_closed(schema: Schema) -> bool:
    return schema.get("additionalProperties") is False


def _properties(schema: Schema) -> Schema:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _names(required: object) -> set[str]:
    return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()


def _types(schema: Schema) -> frozenset[str] | None:
    given = schema.get("type")
    return None if given is None else frozenset([given] if isinstance(given, str) else given)


def _values(schema: Schema) -> list[object] | None:
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _told(types: Iterable[str] | None) -> str:
    return " or ".join(sorted(types)) if types is not None else "of any type"
