"""Documents of YAML built from a parser's events, without recursion and within bounds on size and depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from libs.logic.core import yaml_scalars
from libs.logic.core.registry import Unfit, check_size
from libs.logic.values import DEEPEST

_TAG = "tag:yaml.org,2002:"
_SCALARS: dict[str, tuple[type, ...]] = {
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_TEXTS = {"!", f"{_TAG}str"}
_MERGE = "<<"


@dataclass(slots=True)
class _Node:
    """A value with what it takes when all aliases in it are written out."""

    value: Any
    size: int = 4
    depth: int = 0


@dataclass(slots=True)
class _Open:
    """An array or object that is still being read."""

    node: _Node
    anchor: str | None
    name: str | None = None
    merging: bool = False
    merged: list[dict[str, Any]] = field(default_factory=list)

    def awaits_name(self) -> bool:
        return type(self.node.value) is dict and self.name is None and not self.merging

    def add(self, child: _Node) -> None:
        self.node.size += child.size
        self.node.depth = max(self.node.depth, child.depth + 1)
        check_size(self.node.size)
        if self.node.depth > DEEPEST:
            raise Unfit("string", f"must not be nested deeper than {DEEPEST} levels")
        if self.merging:
            self._merge(child.value)
        elif self.name is None:
            self.node.value.append(child.value)
        else:
            self.node.value[self.name] = child.value
        self.name, self.merging = None, False

    def begin_member(self, name: str) -> None:
        if name in self.node.value:
            raise Unfit("string", f"has the member '{name:.40}' twice in one object")
        self.name = name
        self.node.size += len(name) + 4

    def close(self) -> _Node:
        """Merged members come first, the earlier before the later; the object's own replace them."""
        if self.merged:
            merged: dict[str, Any] = {}
            for members in self.merged:
                for name, member in members.items():
                    merged.setdefault(name, member)
            self.node.value = merged | self.node.value
        return self.node

    def _merge(self, value: Any) -> None:
        for members in value if type(value) is list else [value]:
            if type(members) is not dict:
                raise Unfit("string", f"must have an object or an array of objects after {_MERGE}")
            self.merged.append(members)


class Documents:
    def __init__(self) -> None:
        self.done: list[Any] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, _Node] = {}

    def take(self, event: yaml.Event) -> None:
        """The next event; Unfit for what JSON can't hold, LogicError for what aliases make too large."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            last = self._open.pop()
            self._add(last.close(), last.anchor)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors.clear()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        awaiting = self._open[-1] if self._open and self._open[-1].awaits_name() else None
        if awaiting is None:
            self._add(_Node(_scalar_value(event), len(event.value) + 4), event.anchor)
        elif event.value == _MERGE and event.implicit[0]:
            awaiting.merging = True
        else:
            awaiting.begin_member(event.value)
            self._remember(_Node(event.value, len(event.value) + 4), event.anchor)

    def _alias(self, anchor: str) -> None:
        node = self._anchors.get(anchor)
        if node is None:
            raise Unfit("string", f"has the alias '*{anchor:.40}' before its anchor ends")
        if self._open and self._open[-1].awaits_name():
            if type(node.value) is not str:
                raise Unfit("string", "has an object or array as the name of a member")
            self._open[-1].begin_member(node.value)
        else:
            self._add(node, None)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        is_object = isinstance(event, yaml.MappingStartEvent)
        if event.tag not in {None, "!", f"{_TAG}{'map' if is_object else 'seq'}"}:
            raise Unfit("string", f"has the tag '{event.tag:.40}', which isn't one of JSON's types")
        if self._open and self._open[-1].awaits_name():
            raise Unfit("string", "has an object or array as the name of a member")
        if len(self._open) >= DEEPEST:
            raise Unfit("string", f"must not be nested deeper than {DEEPEST} levels")
        self._open.append(_Open(_Node({} if is_object else []), event.anchor))

    def _add(self, node: _Node, anchor: str | None) -> None:
        self._remember(node, anchor)
        if self._open:
            self._open[-1].add(node)
        else:
            self.done.append(node.value)

    def _remember(self, node: _Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node


def _scalar_value(event: yaml.ScalarEvent) -> Any:
    if event.tag in _TEXTS or (event.tag is None and not event.implicit[0]):
        return event.value
    try:
        value = yaml_scalars.read(event.value)
    except ValueError:
        raise Unfit("string", f"has the number '{event.value:.40}', which JSON can't hold") from None
    if event.tag is not None and type(value) not in _SCALARS.get(event.tag, ()):
        raise Unfit("string", f"has the tag '{event.tag:.40}', which isn't the type of its value")
    return value
