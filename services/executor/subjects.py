"""What is executed: a component's hook or a node of the request, and what each makes of the value that comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from libs.common.contracts.catalog import Kind, ServiceGrant
from libs.common.errors import Detail
from libs.logic.values import truthy
from libs.runtime.components import CompiledComponent
from services.executor.choices import chooser, chooser_failures
from services.executor.models import Target
from services.executor.variables import refreshed

_MOST_WARNINGS = 100


class Subject(Protocol):
    """What an execution is of."""

    def target(self) -> Target:
        """As the history names it."""

    def answered(self, value: Any) -> Any:
        """The output that this value is. Raises Unprocessable for what is none."""

    def mismatches(self, value: Any) -> list[Detail]:
        """Where the value is not what was declared; looked for beside the answer."""


@dataclass(frozen=True, slots=True)
class ComponentHook:
    """A hook of a component."""

    service: ServiceGrant
    component: CompiledComponent
    hook: str

    def target(self) -> Target:
        grant = self.component.grant
        return Target(
            kind=grant.kind.value,
            name=grant.name,
            hook=self.hook,
            service_id=self.service.id,
            service=self.service.name,
            row_id=grant.row_id,
            identity=grant.identity,
            version=grant.version,
        )

    def answered(self, value: Any) -> Any:
        shape = _SHAPES.get(self.component.grant.kind)
        return value if shape is None else shape(value)

    def mismatches(self, value: Any) -> list[Detail]:
        """A condition's value is held against its schema before it is taken as true or false."""
        return list(islice(self._mismatches(value), _MOST_WARNINGS))

    def _mismatches(self, value: Any) -> Iterator[Detail]:
        content, kind = self.component.content, self.component.grant.kind
        output = chooser(value) if kind is Kind.DATATYPE else value
        yield from content.output.failures(output) if content.output is not None else ()
        if kind is Kind.DATATYPE:
            yield from chooser_failures(output, content.values)


@dataclass(frozen=True, slots=True)
class RefreshHook(ComponentHook):
    """The hook by which an action computes its variables itself."""

    def answered(self, value: Any) -> Any:
        return refreshed(value)

    def mismatches(self, value: Any) -> list[Detail]:
        return []


@dataclass(frozen=True, slots=True)
class RequestNode:
    """A node that a client sent; nothing declares what it answers."""

    type: str

    def target(self) -> Target:
        return Target(kind="node", name=self.type)

    def answered(self, value: Any) -> Any:
        return value

    def mismatches(self, value: Any) -> list[Detail]:
        return []


_SHAPES: dict[Kind, Callable[[Any], Any]] = {Kind.CONDITION: truthy, Kind.DATATYPE: chooser}
