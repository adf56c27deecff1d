"""How much work a JSON Schema can make: refused before it is used, if references multiply it without bound.

A validator visits a schema's nodes anew wherever a reference leads to them, so a few lines can stand for
millions of visits to one place of a document. Recursion is fine as long as each step goes deeper into the
document by a way that no other takes at the same time: through `properties`, `items` and the like.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

MOST_VISITS = 2_000
_MOST_STEPS = 20_000
_DEEPEST = 150
_MOST_WORK = 5_000_000

_EXCLUSIVE_MAPS = ("properties",)
_EXCLUSIVE_SCHEMAS = ("additionalProperties", "items")
_EXCLUSIVE_LISTS = ("prefixItems",)
_OTHER_MAPS = ("dependentSchemas", "patternProperties")
_OTHER_SCHEMAS = (
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_OTHER_LISTS = ("allOf", "anyOf", "oneOf")


def visits(schema: object) -> int:
    """How many nodes of the schema one place of a document can be held against. Raises ValueError if too many."""
    return _Weighing(schema).weigh(schema, ())


def too_much_work(schema_visits: int, value: object) -> bool:
    """Whether holding the value against a schema of so many visits would take longer than a request may."""
    return schema_visits > 1 and _more_nodes_than(value, _MOST_WORK // schema_visits)


class _Weighing:
    """Walks a schema as a validator would, following references within the document."""

    def __init__(self, document: object) -> None:
        self._document = document
        self._stack: list[int] = []
        self._steps = 0

    def weigh(self, node: object, ways: tuple[bool | None, ...]) -> int:
        """`ways` says of each step from the root whether it was an exclusive one; None is a reference."""
        if not isinstance(node, dict):
            return 1
        self._steps += 1
        if self._steps > _MOST_STEPS or len(ways) > _DEEPEST:
            raise ValueError(f"its references lead to more than {MOST_VISITS} visits; write it with fewer")
        if id(node) in self._stack:
            return self._recursion(ways[self._stack.index(id(node)) :])
        self._stack.append(id(node))
        weight = 1 + sum(self.weigh(child, (*ways, exclusive)) for child, exclusive in _children(node))
        weight += self.weigh(self._target(node["$ref"]), (*ways, None)) if "$ref" in node else 0
        self._stack.pop()
        if weight > MOST_VISITS:
            raise ValueError(f"its references lead to more than {MOST_VISITS} visits; write it with fewer")
        return weight

    def _recursion(self, cycle: tuple[bool | None, ...]) -> int:
        """Each step but the references must be exclusive, and there must be one."""
        if False in cycle or True not in cycle:
            raise ValueError("a recursive $ref may stand under properties and items only, not under anyOf and the like")
        return 1

    def _target(self, ref: object) -> object:
        if not isinstance(ref, str) or not (ref == "#" or ref.startswith("#/")):
            raise ValueError("a $ref must be `#` or `#/…`, a place in the same schema")
        node = self._document
        for part in ref.split("/")[1:]:
            name = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                raise ValueError(f"$ref {ref[:100]!r} leads nowhere")
        return node


def _children(node: dict[str, Any]) -> Iterator[tuple[object, bool]]:
    """Subschemas, and whether each is for places of a document that none of the others is for."""
    for exclusive, maps, schemas, lists in (
        (True, _EXCLUSIVE_MAPS, _EXCLUSIVE_SCHEMAS, _EXCLUSIVE_LISTS),
        (False, _OTHER_MAPS, _OTHER_SCHEMAS, _OTHER_LISTS),
    ):
        yield from ((node[name], exclusive) for name in schemas if name in node)
        for name in maps:
            yield from ((child, exclusive) for child in _values(node.get(name)))
        for name in lists:
            yield from ((child, exclusive) for child in _elements(node.get(name)))
    if "$dynamicRef" in node:
        raise ValueError("$dynamicRef is not supported; use $ref")


def _values(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else []


def _elements(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _more_nodes_than(value: object, limit: int) -> bool:
    count, level = 0, [value]
    while level:
        count += len(level)
        if count > limit:
            return True
        level = [child for node in level for child in (*_values(node), *_elements(node))]
    return False
