"""Random nodes of every type that the compiler knows, nested in one another, some with members that are wrong."""

import random
from collections.abc import Callable, Collection
from typing import Any

from libs.logic.core import LIBRARY
from libs.logic.core.registry import Function
from libs.logic.program import NODE_TYPES
from tests.fuzz.texts import expression, script
from tests.fuzz.values import Values

OPERATIONS = ("source", "platformServiceVariable", "token", "user", "step", "item", "state")
COMPONENTS = ("echo", "fails", "again", "missing")
# What never waits: evaluated without an event loop in between, so a hundred thousand a second.
PLAIN = ("reference", "if", "ifValue", "case", "caseValue", "fail")
SANDBOXED = ("script", "expression")
WAITING = tuple(kind for kind in NODE_TYPES if kind not in SANDBOXED)
_WRONG = 0.01
_FUNCTIONS: tuple[Function, ...] = tuple(LIBRARY.values())


class Nodes:
    def __init__(self, rng: random.Random, values: Values, kinds: Collection[str]) -> None:
        self._rng = rng
        self._values = values
        self._kinds = tuple(kinds)

    def node(self, depth: int = 4) -> Any:
        rng = self._rng
        roll = rng.random()
        if depth <= 0 or roll < 0.15:
            return self._values.any() if roll < 0.1 else self._reference(0)
        if roll < 0.3:
            return {self._values.name(): self.node(depth - 1) for _ in range(rng.randrange(4))}
        if roll < 0.4:
            return [self.node(depth - 1) for _ in range(rng.randrange(4))]
        kind = rng.choice(self._kinds)
        node = {"@type": kind, **_SHAPES[kind](self, depth - 1)}
        return self._spoilt(node) if rng.random() < _WRONG else node

    def members(self, kind: str, depth: int = 1) -> dict[str, Any]:
        """Those of one node of this type."""
        return _SHAPES[kind](self, depth)

    def _spoilt(self, node: dict[str, Any]) -> Any:
        rng = self._rng
        member = rng.choice(list(node))
        match rng.randrange(4):
            case 0:
                del node[member]
            case 1:
                node[member] = self._values.any()
            case 2:
                node[self._values.name()] = self.node(0)
            case _:
                node["@type"] = self._values.any()
        return node

    def _some(self, members: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        return {name: make() for name, make in members.items() if self._rng.random() < 0.3}

    def _reference(self, _: int) -> dict[str, Any]:
        rng = self._rng
        operation = rng.choice(OPERATIONS) if rng.random() < 0.5 else "source"
        node: dict[str, Any] = {"@type": "reference", "operation": operation}
        if operation == "platformServiceVariable":
            return node | {"variable": rng.choice(("key", "number", "unset", "missing"))}
        if operation == "step":
            node["step"] = rng.choice(("first", "second"))
        if rng.random() < 0.9:
            steps = (self._values.name(), rng.choice((0, 1, -1, "1", "9" * 5000, 2**63 - 1)))
            node["path"] = [rng.choice(steps) if rng.random() < 0.2 else steps[0] for _ in range(rng.randrange(4))]
        if rng.random() < 0.05:
            return {"@type": "reference", "category": rng.choice(("webhookService", "webhookSecret"))}
        return node

    def _if(self, depth: int) -> dict[str, Any]:
        otherwise = self._some({"else": lambda: self.node(depth)})
        return {"condition": self.node(depth), "then": self.node(depth), **otherwise}

    def _if_value(self, depth: int) -> dict[str, Any]:
        return {"value": self.node(depth), "equals": self.node(depth), "then": self.node(depth)}

    def _case(self, depth: int, test: str = "condition") -> dict[str, Any]:
        cases = [{test: self.node(depth), "then": self.node(depth)} for _ in range(self._rng.randrange(4))]
        return {"cases": cases, **self._some({"else": lambda: self.node(depth)})}

    def _case_value(self, depth: int) -> dict[str, Any]:
        return {"value": self.node(depth), **self._case(depth, "equals")}

    def _repeat(self, depth: int) -> dict[str, Any]:
        rng = self._rng
        node: dict[str, Any] = {"do": self.node(depth)}
        if rng.random() < 0.3:
            node["concurrency"] = rng.choice((1, 2, 50))
        if rng.random() < 0.5:
            return node | {"times": rng.choice((0, 1, 3, 200, 2**40, self.node(0)))}
        return node | {
            "each": [self.node(0) for _ in range(rng.randrange(5))] if rng.random() < 0.7 else self.node(depth)
        }

    def _try(self, depth: int) -> dict[str, Any]:
        return {"do": self.node(depth), "catch": self.node(depth)}

    def _fail(self, depth: int) -> dict[str, Any]:
        texts = (self._values.text() or "a", self.node(depth))
        return {"code": self._rng.choice(texts), "message": self._rng.choice(texts)}

    def _action(self, depth: int) -> dict[str, Any]:
        return self._call("action", depth)

    def _condition(self, depth: int) -> dict[str, Any]:
        return self._call("condition", depth)

    def _call(self, kind: str, depth: int) -> dict[str, Any]:
        rng = self._rng
        if rng.random() < 0.2:
            return {"service": "other", kind: rng.choice(COMPONENTS), "input": {"a": self.node(depth)}}
        function = rng.choice(_FUNCTIONS)
        while function.kind != kind:
            function = rng.choice(_FUNCTIONS)
        return {"service": "core", kind: function.name, "input": self._arguments(function, depth)}

    def _arguments(self, function: Function, depth: int) -> Any:
        given = arguments(function, self._rng, self._values)
        if isinstance(given, dict):
            for name in given:
                if self._rng.random() < 0.15:
                    given[name] = self.node(depth)
        return given

    def _http(self, depth: int) -> dict[str, Any]:
        rng = self._rng
        url = rng.choice(("https://example.com/a?b=c", "http://other.example:1/", self._values.text(), self.node(0)))
        body = {rng.choice(("json", "form", "text", "body")): self.node(depth)} if rng.random() < 0.5 else {}
        others = {
            "query": lambda: self.node(depth),
            "headers": lambda: {self._values.text(): self._values.scalar()},
            "timeout": lambda: rng.choice((1, 0.5, 1e9)),
            "auth": lambda: "none",
            "accept": lambda: [404, 500],
            "idempotencyKey": lambda: self.node(0),
        }
        method = rng.choice(("GET", "post", "DELETE", self.node(0)))
        return {"method": method, "url": url, **body, **self._some(others)}

    def _script(self, depth: int) -> dict[str, Any]:
        return {"script": script(self._rng), **self._some({"input": lambda: self.node(depth)})}

    def _expression(self, depth: int) -> dict[str, Any]:
        return {"expression": expression(self._rng), **self._some({"input": lambda: self.node(depth)})}


def arguments(function: Function, rng: random.Random, values: Values) -> Any:
    """An input for a function of core, mostly of the right types."""
    if rng.random() < 0.02:
        return values.any()
    given = {}
    for parameter in function.parameters:
        if parameter.required or rng.random() < 0.5:
            wrong = rng.random() < 0.05
            given[parameter.name] = values.any() if wrong else values.fitting(parameter.type.schema)
    if rng.random() < 0.25:
        _name_alike(given, rng)
    return given


def _name_alike(given: dict[str, Any], rng: random.Random) -> None:
    """Has a text be the name of a member beside it: a prefix, a separator, or what stands for something else."""
    names = [name for value in given.values() if isinstance(value, dict) for name in value]
    texts = [name for name, value in given.items() if isinstance(value, str)]
    if names and texts:
        given[rng.choice(texts)] = rng.choice(names)


_SHAPES: dict[str, Callable[[Nodes, int], dict[str, Any]]] = {
    "reference": Nodes._reference,
    "script": Nodes._script,
    "expression": Nodes._expression,
    "action": Nodes._action,
    "condition": Nodes._condition,
    "http": Nodes._http,
    "if": Nodes._if,
    "ifValue": Nodes._if_value,
    "case": Nodes._case,
    "caseValue": Nodes._case_value,
    "repeat": Nodes._repeat,
    "try": Nodes._try,
    "fail": Nodes._fail,
}
if missing := NODE_TYPES.keys() - _SHAPES.keys():
    raise NotImplementedError(f"tests/fuzz/nodes.py makes no node of the type {', '.join(sorted(missing))}; add it")
