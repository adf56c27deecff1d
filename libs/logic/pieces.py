"""Compiled parts of a program: constant, ready (never waits) or waiting; objects and arrays made of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.logic.scope import Scope
from libs.logic.turns import give_way

Run = Callable[[Scope], Any]
Evaluate = Callable[[Scope], Awaitable[Any]]

# A tree of this many nodes takes about a millisecond; a larger one gives way between its parts.
LARGEST_READY = 1000
_MEMBERS_PER_NODE = 16


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value every time; it is shared, so nobody may change it."""

    value: Any


@dataclass(frozen=True, slots=True)
class Ready:
    run: Run
    weight: int = 1
    """How many nodes it is made of."""


@dataclass(frozen=True, slots=True)
class Waiting:
    evaluate: Evaluate


Piece = Constant | Ready | Waiting


def as_evaluate(piece: Piece) -> Evaluate:
    if isinstance(piece, Waiting):
        return piece.evaluate
    run = as_run(piece)

    async def evaluate(scope: Scope) -> Any:
        return run(scope)

    return evaluate


def as_run(piece: Constant | Ready) -> Run:
    if isinstance(piece, Ready):
        return piece.run
    value = piece.value
    return lambda scope: value


def weight_of(pieces: Iterable[Piece]) -> int:
    return sum(piece.weight for piece in pieces if isinstance(piece, Ready))


def object_of(members: Mapping[str, Piece]) -> Piece:
    template = {name: _constant(piece) for name, piece in members.items()}
    return _container(template, list(members.items()))


def array_of(elements: Sequence[Piece]) -> Piece:
    return _container([_constant(piece) for piece in elements], list(enumerate(elements)))


def _constant(piece: Piece) -> Any:
    return piece.value if isinstance(piece, Constant) else None


def _container(template: Any, pieces: Sequence[tuple[Any, Piece]]) -> Piece:
    """A copy of the template with everything that is not constant filled in, in its order."""
    variable = [(key, piece) for key, piece in pieces if not isinstance(piece, Constant)]
    if not variable:
        return Constant(template)
    ready = tuple((key, piece.run) for key, piece in variable if isinstance(piece, Ready))
    weight = weight_of(piece for _, piece in variable) + nodes_of(pieces)
    if len(ready) == len(variable) and weight <= LARGEST_READY:
        return Ready(_filled(template, ready), weight)
    return Waiting(_filled_waiting(template, tuple((key, as_evaluate(piece)) for key, piece in variable)))


def nodes_of(container: Sequence[Any] | Mapping[str, Any]) -> int:
    """As how many nodes an array or object counts that is copied to be filled in."""
    return 1 + len(container) // _MEMBERS_PER_NODE


def _filled(template: Any, parts: tuple[tuple[Any, Run], ...]) -> Run:
    def run(scope: Scope) -> Any:
        container = template.copy()
        for key, part in parts:
            container[key] = part(scope)
        return container

    return run


def _filled_waiting(template: Any, parts: tuple[tuple[Any, Evaluate], ...]) -> Evaluate:
    async def evaluate(scope: Scope) -> Any:
        container = template.copy()
        for key, part in parts:
            container[key] = await part(scope)
            await give_way(scope.meter)
        return container

    return evaluate
