"""`array.*`: elements by their positions, and arrays made of others."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from typing import Annotated, Any

from libs.logic.core.comparison import key_of
from libs.logic.core.numerals import fit, written
from libs.logic.core.registry import (
    Array,
    Integer,
    Library,
    Number,
    Text,
    Texts,
    Type,
    Unfit,
    Value,
    check_size,
    list_of,
)
from libs.logic.core.strings import byte_count
from libs.logic.values import size_bytes

functions = Library()

ARRAY = {"type": "array"}
COUNT = {"type": "integer", "minimum": 0}
ANY: dict[str, Any] = {}

Elements = Annotated[Array, "The array."]
OtherElements = Annotated[Array, "The other array."]
Element = Annotated[Value, "The element."]
Position = Annotated[Integer, "The position, from 0; a negative one counts from the end."]


def _an_array(value: Any) -> list[Any]:
    if type(value) is not list:
        raise ValueError
    return value


_ARRAY = Type({"type": "array"}, "an array", _an_array)
Arrays = Annotated[list[list[Any]], list_of(_ARRAY, "an array of arrays"), "The arrays."]


@functions.action("array.length", "Length of an array", output=COUNT)
def length(array: Elements) -> int:
    """Counts the elements of an array."""
    return len(array)


@functions.action("array.first", "First element", output=ANY)
def first(array: Elements) -> Any:
    """The first element of an array; null where there is none."""
    return array[0] if array else None


@functions.action("array.last", "Last element", output=ANY)
def last(array: Elements) -> Any:
    """The last element of an array; null where there is none."""
    return array[-1] if array else None


@functions.action("array.get", "Element", output=ANY)
def get(
    array: Elements, position: Position, default: Annotated[Value, "What to take where there is none."] = None
) -> Any:
    """The element at a position."""
    return array[position] if -len(array) <= position < len(array) else default


@functions.action("array.slice", "Part of an array", output=ARRAY)
def slice_(
    array: Elements,
    start: Annotated[Integer, "The first position, from 0; a negative one counts from the end."] = 0,
    end: Annotated[Integer, "The position before which to stop; a negative one counts from the end."] | None = None,
) -> list[Any]:
    """Takes the elements between two positions; what lies outside of the array is nothing."""
    return array[start:end]


@functions.action("array.concat", "Join arrays", output=ARRAY)
def concat(arrays: Arrays) -> list[Any]:
    """Makes one array of the elements of several."""
    return [element for array in arrays for element in array]


@functions.action("array.append", "Add at the end", output=ARRAY)
def append(array: Elements, value: Element) -> list[Any]:
    """Adds an element at the end of an array."""
    return [*array, value]


@functions.action("array.prepend", "Add at the start", output=ARRAY)
def prepend(array: Elements, value: Element) -> list[Any]:
    """Adds an element at the start of an array."""
    return [value, *array]


@functions.action("array.insert-at", "Insert an element", output=ARRAY)
def insert_at(array: Elements, position: Position, value: Element) -> list[Any]:
    """Puts an element before the one at a position; beyond the ends it is added there."""
    return [*array[:position], value, *array[position:]]


@functions.action("array.replace-at", "Replace an element", output=ARRAY)
def replace_at(array: Elements, position: Position, value: Element) -> list[Any]:
    """Puts an element in the place of the one at a position, which must be there."""
    if not -len(array) <= position < len(array):
        raise Unfit("position", f"must be that of an element; the array has {len(array)}")
    replaced = array.copy()
    replaced[position] = value
    return replaced


@functions.action("array.remove-at", "Remove an element", output=ARRAY)
def remove_at(array: Elements, position: Position) -> list[Any]:
    """Leaves the element at a position out; where there is none, nothing."""
    if not -len(array) <= position < len(array):
        return array
    at = position % len(array)
    return array[:at] + array[at + 1 :]


@functions.action("array.reverse", "Reverse an array", output=ARRAY)
def reverse(array: Elements) -> list[Any]:
    """The elements of an array in reverse order."""
    return array[::-1]


@functions.action("array.flatten", "Flatten an array", output=ARRAY, large_bytes=16 << 10)
def flatten(
    array: Elements, depth: Annotated[Integer, "How many levels of arrays are opened; all unless given."] | None = None
) -> list[Any]:
    """Puts the elements of arrays inside an array in their place."""
    flat = array
    left = math.inf if depth is None else depth
    while left > 0 and any(type(element) is list for element in flat):
        flat = [inner for element in flat for inner in (element if type(element) is list else (element,))]
        left -= 1
    return flat


@functions.action("array.compact", "Leave nulls out", output=ARRAY)
def compact(array: Elements) -> list[Any]:
    """The elements of an array that are not null."""
    return [element for element in array if element is not None]


@functions.action("array.join", "Join elements", output={"type": "string"}, large_bytes=8 << 10)
def join(array: Elements, separator: Annotated[Text, "What stands between the elements."] = ",") -> str:
    """Writes the elements one after the other, each as value.to-text does, null as nothing."""
    check_size(size_bytes(array) + byte_count(separator) * len(array))
    return separator.join(map(written, array))


@functions.action("array.chunk", "Split into chunks", output={"type": "array", "items": ARRAY}, large_bytes=16 << 10)
def chunk(array: Elements, size: Annotated[Integer, "How many elements each chunk has at most."]) -> list[list[Any]]:
    """Splits an array into chunks of equal size; the last one may be smaller."""
    if size < 1:
        raise Unfit("size", "must be at least 1")
    check_size(3 * (len(array) // size))
    return [array[start : start + size] for start in range(0, len(array), size)]


@functions.action("array.zip", "Pair elements", output={"type": "array", "items": ARRAY}, large_bytes=32 << 10)
def zip_(arrays: Arrays) -> list[list[Any]]:
    """Puts the first elements of several arrays together, the second ones, and so on until the shortest ends."""
    return list(map(list, zip(*arrays, strict=False)))


@functions.action("array.to-object", "Make an object", output={"type": "object"})
def to_object(
    names: Annotated[Texts, "The names of the members."],
    values: Annotated[Array, "The values of the members, in the same order."],
) -> dict[str, Any]:
    """Makes an object of names and values; of a name that comes twice the last value stays."""
    if len(names) != len(values):
        raise Unfit("values", f"must be as many as the names, which are {len(names)}")
    return dict(zip(names, values, strict=True))


@functions.action("array.repeat", "Repeat a value", output=ARRAY, large_bytes=16 << 10)
def repeat(value: Element, times: Annotated[Integer, "How many elements the array is to have."]) -> list[Any]:
    """Makes an array of one and the same value."""
    if times < 0:
        raise Unfit("times", "must not be negative")
    check_size(times * (_ELEMENT_BYTES + size_bytes(value)))
    return [value] * times


@functions.action("array.range", "Range of numbers", output={"type": "array", "items": {"type": "number"}})
def range_(
    start: Annotated[Number, "The first number."],
    end: Annotated[Number, "The number before which to stop."],
    step: Annotated[Number, "From one number to the next; negative to count down."] = 1,
) -> list[float]:
    """Makes an array of numbers in equal steps."""
    if step == 0:
        raise Unfit("step", "must not be 0")
    count = max(math.ceil(fit((end - start) / step)), 0)
    check_size(_NUMBER_BYTES * count)
    return [fit(start + step * position) for position in range(count)]


_ELEMENT_BYTES = 16  # for elements that are written with next to nothing
_NUMBER_BYTES = 20


def first_of_each(keys: Iterable[Hashable], elements: list[Any]) -> list[Any]:
    """The elements with a key that none before them has."""
    kept: dict[Hashable, Any] = {}
    for key, element in zip(keys, elements, strict=True):
        kept.setdefault(key, element)
    return list(kept.values())


@functions.action("array.unique", "Without repetitions", output=ARRAY, large_bytes=8 << 10)
def unique(array: Elements) -> list[Any]:
    """Leaves out each element that is equal to one before it."""
    return first_of_each(map(key_of, array), array)


@functions.action("array.difference", "Difference", output=ARRAY, large_bytes=8 << 10)
def difference(array: Elements, other: OtherElements) -> list[Any]:
    """The elements of an array that are in no way elements of the other."""
    known = set(map(key_of, other))
    return [element for element in array if key_of(element) not in known]


@functions.action("array.intersection", "Intersection", output=ARRAY, large_bytes=8 << 10)
def intersection(array: Elements, other: OtherElements) -> list[Any]:
    """The elements of an array that the other has too, each once."""
    known = set(map(key_of, other))
    return [element for element in unique(array) if key_of(element) in known]


@functions.action("array.union", "Union", output=ARRAY, large_bytes=8 << 10)
def union(arrays: Arrays) -> list[Any]:
    """The elements of several arrays, each once."""
    return unique(concat(arrays))


@functions.action(
    "array.count-values",
    "Count values",
    output={
        "type": "array",
        "items": {"type": "object", "properties": {"value": {}, "count": COUNT}, "required": ["value", "count"]},
    },
    large_bytes=8 << 10,
)
def count_values(array: Elements) -> list[dict[str, Any]]:
    """Each different element with how often it is there, the most frequent first."""
    counted: dict[Any, dict[str, Any]] = {}
    for element in array:
        counted.setdefault(key_of(element), {"value": element, "count": 0})["count"] += 1
    check_size(_COUNTED_BYTES * len(counted) + size_bytes(array))
    return sorted(counted.values(), key=lambda each: -each["count"])


_COUNTED_BYTES = len('{"value":,"count":1000000},')
