"""Which row an update makes or changes: a decision on a head, without any I/O."""

from __future__ import annotations

from dataclasses import dataclass

from libs.common.errors import invalid
from services.catalog.components import numbers
from services.catalog.components.models import Head, Row


@dataclass(frozen=True, slots=True)
class Plan:
    """The update starts from `base`; `new_version` is set where that makes a new row."""

    base: Row
    new_version: str | None = None


def plan_update(head: Head, ref: str, version: str | None) -> Plan:
    """Raises Invalid for a version that is none."""
    if version is None:
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
