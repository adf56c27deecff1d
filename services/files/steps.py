"""The requests of a push, and what the product has after each: planned before the first of them is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.files.document import Component, Document, Key, Members, Version
from services.files.kinds import Number, text_of


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `path` is inside the service, empty for the service itself.

    `row` is the version of the component at `path` whose row alone is meant; its id is looked up when it is due.
    """

    method: str
    path: tuple[str, ...]
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    row: str | None = None


@dataclass(slots=True)
class State:
    """What the product has, as far as the steps so far go."""

    service: Members | None
    default_version: str | None
    securities: dict[str, Members]
    versions: dict[str, Version]
    components: dict[Key, Component]
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, current: Document | None) -> State:
        if current is None:
            return cls(None, None, {}, {}, {})
        return cls(
            current.service,
            current.default_version,
            dict(current.securities),
            dict(current.versions),
            dict(current.components),
        )

    @property
    def public(self) -> bool:
        return self.service is not None and self.service["sharing"] == "public"

    def send(self, method: str, *path: str, body: Mapping[str, Any] | None = None, **query: str) -> None:
        self.steps.append(Step(method, path, body, query))

    def remove_row(self, key: Key, number: Number) -> None:
        self.steps.append(Step("DELETE", key, row=text_of(number)))

    def holds(self, key: Key, number: Number | None = None) -> list[str]:
        """The published service versions that hold the component, or that row of it."""
        return [
            version.name
            for version in self.versions.values()
            if version.published
            and (held := (version.frozen or {}).get(key)) is not None
            and number in (None, held.number)
        ]
