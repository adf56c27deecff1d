"""Conditions of `number.*`: how numbers compare, and what kind they are."""

from __future__ import annotations

from typing import Annotated

from libs.logic.core.numbers import A, B, Num
from libs.logic.core.registry import Library, Number

functions = Library()


@functions.condition("number.equal", "Numbers are equal")
def equal(a: A, b: B) -> bool:
    """Whether two numbers are the same; 1 is 1.0."""
    return a == b


@functions.condition("number.larger", "Number is larger")
def larger(a: A, b: B) -> bool:
    """Whether the first number is larger than the second."""
    return a > b


@functions.condition("number.larger-or-equal", "Number is larger or equal")
def larger_or_equal(a: A, b: B) -> bool:
    """Whether the first number is not smaller than the second."""
    return a >= b


@functions.condition("number.smaller", "Number is smaller")
def smaller(a: A, b: B) -> bool:
    """Whether the first number is smaller than the second."""
    return a < b


@functions.condition("number.smaller-or-equal", "Number is smaller or equal")
def smaller_or_equal(a: A, b: B) -> bool:
    """Whether the first number is not larger than the second."""
    return a <= b


@functions.condition("number.between", "Number is between")
def between(
    number: Num, min_: Annotated[Number, "The least it may be."], max_: Annotated[Number, "The most it may be."]
) -> bool:
    """Whether a number lies between two bounds, both included."""
    return min_ <= number <= max_


@functions.condition("number.is-integer", "Number is whole")
def is_integer(number: Num) -> bool:
    """Whether a number is whole; 1.0 is."""
    return number % 1 == 0


@functions.condition("number.is-even", "Number is even")
def is_even(number: Num) -> bool:
    """Whether a number is whole and can be divided by 2."""
    return number % 2 == 0


@functions.condition("number.is-odd", "Number is odd")
def is_odd(number: Num) -> bool:
    """Whether a number is whole and can't be divided by 2."""
    return number % 2 == 1


@functions.condition("number.is-positive", "Number is positive")
def is_positive(number: Num) -> bool:
    """Whether a number is larger than 0."""
    return number > 0


@functions.condition("number.is-negative", "Number is negative")
def is_negative(number: Num) -> bool:
    """Whether a number is smaller than 0."""
    return number < 0


@functions.condition("number.is-multiple-of", "Number is a multiple")
def is_multiple_of(number: Num, of: Annotated[Number, "The number that it is to be a multiple of."]) -> bool:
    """Whether a number is a whole multiple of another; only 0 is a multiple of 0."""
    return number == 0 if of == 0 else number % of == 0
