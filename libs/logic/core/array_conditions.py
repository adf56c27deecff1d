"""Conditions of `array.*`: what an array holds, and how many."""

from __future__ import annotations

from typing import Annotated

from libs.logic.core.array_queries import Compared, Here
from libs.logic.core.arrays import Elements, OtherElements
from libs.logic.core.comparison import Operator, holds, key_of
from libs.logic.core.paths import Path, finder
from libs.logic.core.registry import Integer, Library
from libs.logic.values import equal

functions = Library()

_LARGE_BYTES = 8 << 10

Count = Annotated[Integer, "How many."]


@functions.condition("array.contains", "Array contains", large_bytes=_LARGE_BYTES)
def contains(array: Elements, value: Compared) -> bool:
    """Whether one of the elements is equal to a value."""
    return any(equal(element, value) for element in array)


@functions.condition("array.is-empty", "Array is empty")
def is_empty(array: Elements) -> bool:
    """Whether an array has no elements."""
    return not array


@functions.condition("array.count.equal", "Array has so many")
def count_equal(array: Elements, count: Count) -> bool:
    """Whether an array has exactly so many elements."""
    return len(array) == count


@functions.condition("array.count.larger", "Array has more")
def count_larger(array: Elements, count: Count) -> bool:
    """Whether an array has more elements than that."""
    return len(array) > count


@functions.condition("array.count.smaller", "Array has fewer")
def count_smaller(array: Elements, count: Count) -> bool:
    """Whether an array has fewer elements than that."""
    return len(array) < count


@functions.condition("array.every", "Every element", large_bytes=_LARGE_BYTES)
def every(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> bool:
    """Whether array.filter would choose every element; so it is with none."""
    find, fits = finder(path), holds(operator, value)
    return all(fits(find(element)) for element in array)


@functions.condition("array.some", "Some element", large_bytes=_LARGE_BYTES)
def some(array: Elements, path: Path = Here, operator: Operator = "equal", value: Compared = None) -> bool:
    """Whether array.filter would choose at least one element."""
    find, fits = finder(path), holds(operator, value)
    return any(fits(find(element)) for element in array)


@functions.condition("array.includes-all", "Array includes all", large_bytes=_LARGE_BYTES)
def includes_all(array: Elements, other: OtherElements) -> bool:
    """Whether each element of the other array is in this one."""
    return set(map(key_of, other)).issubset(map(key_of, array))


@functions.condition("array.includes-any", "Array includes any", large_bytes=_LARGE_BYTES)
def includes_any(array: Elements, other: OtherElements) -> bool:
    """Whether at least one element of the other array is in this one."""
    return not set(map(key_of, other)).isdisjoint(map(key_of, array))


@functions.condition("array.is-unique", "Array has no repetitions", large_bytes=_LARGE_BYTES)
def is_unique(array: Elements) -> bool:
    """Whether no two elements are equal."""
    return len(set(map(key_of, array))) == len(array)
