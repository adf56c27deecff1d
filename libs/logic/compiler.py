"""Compiles a node to a piece by its `@type`, and notes every problem with its path on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from libs.logic.errors import InvalidLogic, Path, Problem
from libs.logic.pieces import Constant, Piece, array_of, nodes_of, object_of
from libs.logic.scope import Bound

TYPE = "@type"

# Compiling and running nest with the logic; Python allows about a thousand calls.
DEEPEST = 128
MOST_PROBLEMS = 100

Node = Mapping[str, Any]
CallKey = tuple[str, str, str]
"""Kind, service and name of a nested call."""


@dataclass(frozen=True, slots=True)
class ScriptSource:
    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class ExpressionSource:
    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class ComponentName:
    """A nested action or condition as it is named in the logic; never one of core's."""

    path: Path
    kind: Literal["action", "condition"]
    service: str
    service_version: str | None
    name: str
    version: str | None

    @property
    def key(self) -> CallKey:
        return self.kind, self.service, self.name


@dataclass(frozen=True, slots=True)
class StepName:
    """An automation's step as it is named in the logic."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class VariableName:
    """A variable of the service as it is named in the logic."""

    path: Path
    name: str


class Compiler:
    """One compilation: node compilers read their members through it and note what they found."""

    def __init__(self, types: "Mapping[str, NodeCompiler]", bound: Mapping[CallKey, Bound]) -> None:
        self._types = types
        self.bound = bound
        self.problems: list[Problem] = []
        self.scripts: list[ScriptSource] = []
        self.expressions: list[ExpressionSource] = []
        self.calls: list[ComponentName] = []
        self.steps: list[StepName] = []
        self.variables: list[VariableName] = []
        self.nodes = 0
        self.uses_credential = False
        self.uses_variables = False
        self.uses_user = False
        self._items = 0

    def problem(self, path: Path, message: str) -> None:
        """Notes what is wrong; raises InvalidLogic when that is enough to read."""
        self.problems.append(Problem(path, message))
        if len(self.problems) == MOST_PROBLEMS:
            raise InvalidLogic(self.problems)

    def compile(self, node: object, path: Path, depth: int = 0) -> Piece:
        if depth > DEEPEST:
            self.problem(path, f"Logic may be nested at most {DEEPEST} levels deep.")
            return Constant(None)
        if isinstance(node, dict):
            return self._typed(node, path, depth) if TYPE in node else self._object(node, path, depth)
        if isinstance(node, list):
            return self._array(node, path, depth)
        return Constant(node)

    def member(self, node: Node, name: str, path: Path, depth: int) -> Piece | None:
        """The compiled member, None when it is absent."""
        return self.compile(node[name], (*path, name), depth + 1) if name in node else None

    def part(self, node: Node, name: str, path: Path, depth: int) -> Piece:
        """The compiled member, null when it is absent."""
        return self.member(node, name, path, depth) or Constant(None)

    def inner(self, node: Node, name: str, path: Path, depth: int) -> "tuple[Piece, int]":
        """The compiled member, in which `item` has a meaning, and its number of nodes, to be visited apart."""
        before = self.nodes
        self._items += 1
        piece = self.part(node, name, path, depth)
        self._items -= 1
        nodes, self.nodes = self.nodes - before, before
        return piece, nodes

    @property
    def has_item(self) -> bool:
        return self._items > 0

    def text(self, node: Node, name: str, path: Path, *, optional: bool = False) -> str | None:
        """A member that is text as it stands, not a node; None when it is absent or noted as wrong."""
        value = node.get(name)
        if isinstance(value, str) and value:
            return value
        if name in node and not (optional and value is None):
            self.problem((*path, name), f"'{name}' must be a text that is not empty.")
        return None

    def members(self, node: Node, path: Path, *, required: tuple[str, ...], optional: tuple[str, ...]) -> bool:
        """Whether every required member is there; notes those that are missing or not known."""
        known = (*required, *optional)
        for name in node:
            if name != TYPE and name not in known:
                told = ", ".join(known)
                self.problem((*path, name), f"'{name}' is not a member of '{node[TYPE]}'; it has {told}.")
        missing = [name for name in required if name not in node]
        for name in missing:
            self.problem(path, f"'{node[TYPE]}' needs the member '{name}'.")
        return not missing

    def _typed(self, node: Node, path: Path, depth: int) -> Piece:
        self.nodes += 1
        kind = node[TYPE]
        compile_type = self._types.get(kind) if isinstance(kind, str) else None
        if compile_type is None:
            known = ", ".join(f"'{name}'" for name in self._types)
            self.problem((*path, TYPE), f"{kind!r:.60} is not a type of node; this version knows {known}.")
            return Constant(None)
        return compile_type(self, node, path, depth)

    def _object(self, node: Node, path: Path, depth: int) -> Piece:
        piece = object_of({name: self.compile(member, (*path, name), depth + 1) for name, member in node.items()})
        self.nodes += 0 if isinstance(piece, Constant) else nodes_of(node)
        return piece

    def _array(self, node: list[Any], path: Path, depth: int) -> Piece:
        piece = array_of([self.compile(element, (*path, index), depth + 1) for index, element in enumerate(node)])
        self.nodes += 0 if isinstance(piece, Constant) else nodes_of(node)
        return piece


NodeCompiler = Callable[[Compiler, Node, Path, int], Piece]
