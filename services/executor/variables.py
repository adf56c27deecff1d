"""An action's variables as a client fills them in: what was chosen, what can be, and which values still fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.common.errors import Detail, Unprocessable
from libs.runtime.validation import InvalidSchema, entry_validator, variables_of
from services.executor.choices import is_chosen

_LISTED = 20
CHOICES = "x-choices"


@dataclass(frozen=True, slots=True)
class DatatypeRef:
    """The datatype that a variable takes its values from. Of no version that there is, it means the latest."""

    ref: str
    version: str | None


def title_of(entry: Mapping[str, Any]) -> Any:
    """A variable's name, in either notation."""
    return entry.get("title", entry.get("name"))


def chosen_values(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {title_of(entry): entry["value"] for entry in steps if "value" in entry}


def unknown_titles(schema: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], target: str) -> Iterator[Detail]:
    """Which of the titles that came are none of the action's variables."""
    known = [title for title, _ in variables_of(schema)]
    listed = ", ".join(known[:_LISTED]) or "none"
    for index, entry in enumerate(steps):
        if title_of(entry) not in known:
            yield Detail(f"step.{index}.title", f"is none of the action's variables; there is {listed}")
    if target not in known:
        yield Detail("targetField", f"is none of the action's variables; there is {listed}")


def datatype_of(schema: Mapping[str, Any], title: str) -> DatatypeRef | None:
    """What the variable of this title is chosen from: it, or the elements of its list."""
    member = _member(dict(variables_of(schema))[title])
    for part in (member, member.get("items")):
        if isinstance(part, dict) and (ref := part.get("x-dataTypeId") or part.get("x-dataType")):
            return DatatypeRef(ref, part.get("x-dataTypeVersion"))
    return None


def taken_by(datatype_schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values so far those that a datatype declares, where it says that it takes no others."""
    whole = datatype_schema.get("valuesLogicInput") or {}
    if whole.get("additionalProperties") is not False and datatype_schema.get("additionalProperties") is not False:
        return dict(values)
    declared = {*whole.get("properties", {}), *(title for title, _ in variables_of(datatype_schema))}
    return {title: value for title, value in values.items() if title in declared}


def refreshed(value: Any) -> dict[str, Any]:
    """What a `refresh` hook answered, a bare list standing for its `variables`. Raises Unprocessable."""
    answered = {"variables": value} if isinstance(value, list) else value
    variables = answered.get("variables") if isinstance(answered, dict) else None
    if not isinstance(variables, list) or len(variables_of(answered)) < len(variables):
        message = "The hook `refresh` must answer {variables: [{title, …}]}, or that list alone."
        raise Unprocessable("invalid_variables", message)
    return dict(answered)


def filled(variables: Sequence[dict[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The variables with the values that still fit them; a value that an entry brings itself stands before the chosen.

    Raises Unprocessable for one that is no JSON Schema, as a `refresh` hook can make them.
    """
    return [
        _filled(entry, {"value": values[title_of(entry)]} if title_of(entry) in values else {}) for entry in variables
    ]


def _filled(entry: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    with_value = {**chosen, **entry}
    if "value" in with_value and not _fits(entry, with_value["value"]):
        del with_value["value"]
    return with_value


def _fits(entry: dict[str, Any], value: Any) -> bool:
    """By its choices, unless it may be given by hand, and by its schema."""
    member = _member(entry)
    offered = entry.get(CHOICES, member.get(CHOICES))
    if isinstance(offered, list) and member.get("x-default-input-type") != "custom" and not is_chosen(value, offered):
        return False
    try:
        return not entry_validator(entry).failures(value)
    except InvalidSchema as invalid:
        message = f"The variable {title_of(entry)!r} that the hook `refresh` answered is no JSON Schema: {invalid}"
        raise Unprocessable("invalid_variables", message) from None


def _member(entry: dict[str, Any]) -> dict[str, Any]:
    """Its JSON Schema, which the older notation keeps apart."""
    member = entry if "title" in entry else entry.get("schema")
    return member if isinstance(member, dict) else {}
