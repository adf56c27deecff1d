"""`array.*` over what elements hold: found, chosen, ordered and grouped by what is at a path in each."""

from __future__ import annotations

from typing import Annotated, Any

from libs.logic.core.arrays import ANY, ARRAY, COUNT, Elements, first_of_each
from libs.logic.core.comparison import Operator, holds, key_of, ordered_kind
from libs.logic.core.numbers import total
from libs.logic.core.numerals import fit, written
from libs.logic.core.paths import Path, finder
from libs.logic.core.registry import Library, Unfit, Value, check_size, one_of
from libs.logic.core.strings import byte_count
from libs.logic.values import size_bytes, truthy

functions = Library()

_LARGE_BYTES = 8 << 10
_POSITION = {"type": ["integer", "null"], "minimum": 0}
_NUMBER = {"type": "number"}
_MAYBE_NUMBER = {"type": ["number", "null"]}

Compared = Annotated[Value, "The value to compare it with."]
Here: list[str | int] = []


@functions.action("array.pluck", "Take from each element", output=ARRAY, large_bytes=_LARGE_BYTES)
def pluck(array: Elements, path: Path) -> list[Any]:
    """What is at a path in each element; null where there is nothing."""
    found = list(map(finder(path), array))
    check_size(5 * found.count(None))
    return found


@functions.action("array.filter", "Choose elements", output=ARRAY, large_bytes=_LARGE_BYTES)
def filter_(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> list[Any]:
    """The elements in which what is at a path compares with a value as the operator says."""
    find, fits = finder(path), holds(operator, value)
    return [element for element in array if fits(find(element))]


@functions.action("array.filter-true", "Choose true elements", output=ARRAY, large_bytes=_LARGE_BYTES)
def filter_true(array: Elements, path: Path = Here) -> list[Any]:
    """The elements in which what is at a path counts as true: it is not null, false, 0 or the empty text."""
    find = finder(path)
    return [element for element in array if truthy(find(element))]


@functions.action("array.reject", "Leave elements out", output=ARRAY, large_bytes=_LARGE_BYTES)
def reject(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> list[Any]:
    """The elements that array.filter would not choose."""
    find, fits = finder(path), holds(operator, value)
    return [element for element in array if not fits(find(element))]


@functions.action("array.find", "Find an element", output=ANY, large_bytes=_LARGE_BYTES)
def find(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> Any:
    """The first element that array.filter would choose; null where there is none."""
    position = find_index(array, path, operator, value)
    return None if position is None else array[position]


@functions.action("array.find-index", "Find a position", output=_POSITION, large_bytes=_LARGE_BYTES)
def find_index(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> int | None:
    """The position of the first element that array.filter would choose, from 0; null where there is none."""
    find, fits = finder(path), holds(operator, value)
    return next((position for position, element in enumerate(array) if fits(find(element))), None)


@functions.action("array.index-of", "Position of an element", output=_POSITION, large_bytes=_LARGE_BYTES)
def index_of(array: Elements, value: Compared) -> int | None:
    """The position of the first element that is equal to a value, from 0; null where there is none."""
    return find_index(array, Here, "equal", value)


@functions.action("array.count", "Count elements", output=COUNT, large_bytes=_LARGE_BYTES)
def count(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> int:
    """Counts the elements that array.filter would choose."""
    return len(filter_(array, path, operator, value))


@functions.action(
    "array.partition",
    "Divide an array",
    output={
        "type": "object",
        "properties": {"matching": ARRAY, "others": ARRAY},
        "required": ["matching", "others"],
    },
    large_bytes=_LARGE_BYTES,
)
def partition(
    array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None
) -> dict[str, list[Any]]:
    """The elements that array.filter would choose, and the others."""
    return {
        "matching": filter_(array, path, operator, value),
        "others": reject(array, path, operator, value),
    }


@functions.action("array.sort", "Sort an array", output=ARRAY, large_bytes=_LARGE_BYTES)
def sort(
    array: Elements,
    path: Path = Here,
    order: Annotated[str, one_of("ascending", "descending"), "Smallest or largest first."] = "ascending",
) -> list[Any]:
    """Orders the elements by what is at a path in each, which must be all numbers, all texts, or all true or false.

    Texts are ordered by their code points, false comes before true, what is null comes last in either order, and
    equal ones stay in their order.
    """
    find = finder(path)
    keyed = [(find(element), element) for element in array]
    present = [pair for pair in keyed if pair[0] is not None]
    ordered_kind([key for key, _ in present], "array")
    present.sort(key=lambda pair: pair[0], reverse=order == "descending")
    return [element for _, element in present] + [element for key, element in keyed if key is None]


@functions.action("array.unique-by", "Without repetitions by", output=ARRAY, large_bytes=_LARGE_BYTES)
def unique_by(array: Elements, path: Path) -> list[Any]:
    """Leaves out each element in which what is at a path is equal to that in one before it."""
    return first_of_each(map(key_of, map(finder(path), array)), array)


@functions.action(
    "array.group-by",
    "Group elements",
    output={"type": "object", "additionalProperties": ARRAY},
    large_bytes=_LARGE_BYTES,
)
def group_by(array: Elements, path: Path) -> dict[str, list[Any]]:
    """An object with the elements by what is at a path in each, written as a text; null as the empty text.

    An object or an array at the path is an error.
    """
    find = finder(path)
    groups: dict[str, list[Any]] = {}
    for element in array:
        groups.setdefault(_name(find(element)), []).append(element)
    check_size(size_bytes(array) + sum(6 + byte_count(name) for name in groups))
    return groups


@functions.action("array.key-by", "Object by key", output={"type": "object"}, large_bytes=_LARGE_BYTES)
def key_by(array: Elements, path: Path) -> dict[str, Any]:
    """An object with each element by what is at a path in it, written as a text; the last one with the same stays.

    Null is the empty text; an object or an array at the path is an error.
    """
    find = finder(path)
    keyed = {_name(find(element)): element for element in array}
    check_size(size_bytes(array) + sum(5 + byte_count(name) for name in keyed))
    return keyed


@functions.action(
    "array.count-by",
    "Count by",
    output={"type": "object", "additionalProperties": COUNT},
    large_bytes=_LARGE_BYTES,
)
def count_by(array: Elements, path: Path) -> dict[str, int]:
    """An object with how many elements have the same at a path, by what it is, written as a text.

    Null is the empty text; an object or an array at the path is an error.
    """
    find = finder(path)
    counts: dict[str, int] = {}
    for element in array:
        name = _name(find(element))
        counts[name] = counts.get(name, 0) + 1
    check_size(sum(12 + byte_count(name) for name in counts))
    return counts


def _name(key: Any) -> str:
    if type(key) is list or type(key) is dict:
        raise Unfit("path", "must lead to a text, a number, true, false or null in each element")
    return written(key)


@functions.action("array.sum-by", "Sum by", output=_NUMBER, large_bytes=_LARGE_BYTES)
def sum_by(array: Elements, path: Path) -> float:
    """Adds the numbers at a path in each element; null counts as nothing."""
    return total(_numbers(array, path))


@functions.action("array.average-by", "Average by", output=_MAYBE_NUMBER, large_bytes=_LARGE_BYTES)
def average_by(array: Elements, path: Path) -> float | None:
    """The arithmetic mean of the numbers at a path in each element, but null; null for none."""
    numbers = _numbers(array, path)
    return fit(total(numbers) / len(numbers)) if numbers else None


def _numbers(array: list[Any], path: list[str | int]) -> list[float]:
    found = [value for value in map(finder(path), array) if value is not None]
    if not set(map(type, found)).issubset({int, float}):
        raise Unfit("path", "must lead to a number or null in each element")
    return found


@functions.action("array.min-by", "Smallest by", output=ANY, large_bytes=_LARGE_BYTES)
def min_by(array: Elements, path: Path) -> Any:
    """The first element with the smallest at a path, as array.sort orders; null for none."""
    return next(iter(sort(array, path)), None)


@functions.action("array.max-by", "Largest by", output=ANY, large_bytes=_LARGE_BYTES)
def max_by(array: Elements, path: Path) -> Any:
    """The first element with the largest at a path, as array.sort orders; null for none."""
    return next(iter(sort(array, path, "descending")), None)
