"""Which row an update makes or changes: a decision on a head, without any I/O."""

from __future__ import annotations

from dataclasses import dataclass

from libs.common.errors import Invalid, invalid
from services.catalog.components import numbers
from services.catalog.components.kinds import KindRules
from services.catalog.components.models import Head, Row


@dataclass(frozen=True, slots=True)
class Plan:
    """The update starts from `base`; `new_version` is set where that makes a new row."""

    base: Row
    new_version: str | None = None


def plan_update(rules: KindRules, head: Head, ref: str, version: str | None) -> Plan:
    """Raises Invalid for a version that is none, or is missing where the kind requires it."""
    if version is None:
        if rules.version_required:
            raise _missing(rules)
        return Plan(head.row(ref) or head.latest)
    if version in (numbers.MINOR, numbers.MAJOR):
        return Plan(head.latest, numbers.following(head.latest.number, version))
    row = head.numbered(exact(version))
    return Plan(row) if row is not None else Plan(head.latest, version)


def exact(version: str) -> numbers.Number:
    """Raises Invalid."""
    number = numbers.parse(version)
    if number is None:
        raise invalid("version", "give a version as numbers with dots, such as 1.0.0 (an update takes minor, major)")
    return number


def _missing(rules: KindRules) -> Invalid:
    return invalid(
        "version",
        f"required in the query to update a {rules.kind.value}: "
        "an exact version such as 1.0.0 to change or make that one, minor or major to make the next",
    )
