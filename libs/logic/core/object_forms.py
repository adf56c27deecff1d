"""`object.*`: objects flattened and unflattened, compared, and the conditions about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from libs.logic.core.objects import OBJECT, Members, Names
from libs.logic.core.paths import Path, at, shallow
from libs.logic.core.registry import Library, Object, Text, Unfit, check_size
from libs.logic.core.strings import TEXTS, byte_count
from libs.logic.values import equal, size_bytes

functions = Library()

_LARGE_BYTES = 8 << 10

Separator = Annotated[Text, "What stands between the names of a path."]


@functions.action("object.flatten", "Flatten an object", output=OBJECT, large_bytes=_LARGE_BYTES)
def flatten(object: Members, separator: Separator = ".") -> dict[str, Any]:
    """An object of one level, with the path of each value as its name: `{"a": {"b": 1}}` is `{"a.b": 1}`.

    Arrays and empty objects stay as they are; of the same name the last one counts.
    """
    flat: dict[str, Any] = {}
    size = size_bytes(object)
    for name, value in _leaves(object, "", separator):
        size += byte_count(name)
        check_size(size)
        flat[name] = value
    return flat


def _leaves(object: dict[str, Any], prefix: str, separator: str) -> Iterator[tuple[str, Any]]:
    for name, value in object.items():
        if type(value) is dict and value:
            check_size(byte_count(prefix + name + separator))
            yield from _leaves(value, prefix + name + separator, separator)
        else:
            yield prefix + name, value


@functions.action("object.unflatten", "Unflatten an object", output=OBJECT, large_bytes=4 << 10)
def unflatten(object: Members, separator: Separator = ".") -> dict[str, Any]:
    """Puts the members of an object where their names lead as paths: `{"a.b": 1}` is `{"a": {"b": 1}}`.

    It is an error if a value and members, or two values, come to stand at the same place, and if a name leads
    through more than 100 objects.
    """
    if not separator:
        raise Unfit("separator", "must not be empty")
    deep: dict[str, Any] = {}
    made: set[int] = set()
    for name, value in object.items():
        *parents, last = name.split(separator)
        inner = deep
        for parent in shallow(parents, "object"):
            inner = _opened(inner, parent, made)
        if last in inner:
            raise Unfit("object", f"has two values for {name!r:.60}")
        inner[last] = value
    check_size(size_bytes(deep))
    return deep


def _opened(container: dict[str, Any], name: str, made: set[int]) -> dict[str, Any]:
    """The object of that name, which is one of those made here: what came in isn't changed."""
    if name not in container:
        container[name] = {}
        made.add(id(container[name]))
    inner: dict[str, Any] = container[name]
    if id(inner) not in made:
        raise Unfit("object", f"has a value and members for {name!r:.60}")
    return inner


@functions.action(
    "object.changes",
    "Changes of an object",
    output={
        "type": "object",
        "properties": {"added": TEXTS, "removed": TEXTS, "changed": TEXTS},
        "required": ["added", "removed", "changed"],
    },
    large_bytes=_LARGE_BYTES,
)
def changes(
    before: Annotated[Object, "The object as it was."], after: Annotated[Object, "The object as it is now."]
) -> dict[str, list[str]]:
    """The names of the members that were added, that were removed, and that have another value."""
    return {
        "added": [name for name in after if name not in before],
        "removed": [name for name in before if name not in after],
        "changed": [name for name in after if name in before and not equal(before[name], after[name])],
    }


@functions.condition("object.has", "Object has")
def has(object: Members, path: Path) -> bool:
    """Whether there is something at a path inside an object; null is not."""
    return at(object, path) is not None


@functions.condition("object.has-all", "Object has all members")
def has_all(object: Members, names: Names) -> bool:
    """Whether an object has each of these members, be they null."""
    return all(name in object for name in names)


@functions.condition("object.has-any", "Object has any member")
def has_any(object: Members, names: Names) -> bool:
    """Whether an object has at least one of these members, be it null."""
    return any(name in object for name in names)


@functions.condition("object.is-empty", "Object is empty")
def is_empty(object: Members) -> bool:
    """Whether an object has no members."""
    return not object


@functions.condition("object.includes", "Object includes", large_bytes=_LARGE_BYTES)
def includes(
    object: Members, part: Annotated[Object, "The members that it is to have, objects inside them likewise."]
) -> bool:
    """Whether an object has all members of another with equal values; objects inside may have more members, too."""
    return _includes(object, part)


def _includes(value: Any, part: Any) -> bool:
    if type(value) is not dict or type(part) is not dict:
        return equal(value, part)
    return part.keys() <= value.keys() and all(map(_includes, map(value.get, part), part.values()))
