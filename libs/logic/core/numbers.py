"""`number.*`: arithmetic that never answers infinity, rounding in decimal, numbers as texts."""

from __future__ import annotations

import math
import random
import re
from typing import Annotated, Any

from libs.logic.core.numerals import fit, number_in, rounded, shown
from libs.logic.core.registry import Integer, Library, Number, Numbers, Text, Unfit, one_of

functions = Library()

NUMBER = {"type": "number"}
INTEGER = {"type": "integer"}
TEXT = {"type": "string"}
_MAYBE_NUMBER = {"type": ["number", "null"]}

Num = Annotated[Number, "The number."]
Nums = Annotated[Numbers, "The numbers."]
A = Annotated[Number, "The first number."]
B = Annotated[Number, "The second number."]

_RANDOM = random.SystemRandom()


@functions.action("number.add", "Add", output=NUMBER)
def add(a: A, b: B) -> float:
    """Adds two numbers. Whole numbers are exact within 64 bits; beyond, the result is the nearest double."""
    return fit(a + b)


@functions.action("number.subtract", "Subtract", output=NUMBER)
def subtract(a: A, b: B) -> float:
    """Takes the second number away from the first."""
    return fit(a - b)


@functions.action("number.multiply", "Multiply", output=NUMBER)
def multiply(a: A, b: B) -> float:
    """Multiplies two numbers."""
    return fit(a * b)


@functions.action("number.divide", "Divide", output=NUMBER)
def divide(a: A, b: B) -> float:
    """Divides the first number by the second; dividing by 0 is an error."""
    return fit(a / _divisor(b))


@functions.action("number.quotient", "Whole quotient", output=NUMBER)
def quotient(a: A, b: B) -> float:
    """How often the second number fits whole into the first, rounded down; dividing by 0 is an error."""
    return fit(a // _divisor(b))


@functions.action("number.modulo", "Remainder", output=NUMBER)
def modulo(a: A, b: B) -> float:
    """What remains of the first number when it is divided by the second; it has the sign of the second."""
    return fit(a % _divisor(b))


def _divisor(b: float) -> float:
    if b == 0:
        raise Unfit("b", "must not be 0")
    return b


@functions.action("number.power", "Power", output=NUMBER)
def power(base: Num, exponent: Annotated[Number, "The exponent."]) -> float:
    """Raises a number to a power; a negative number only to a whole one, 0 to no negative one."""
    if base == 0 and exponent < 0:
        raise Unfit("exponent", "must not be negative where the base is 0")
    if base < 0 and exponent != int(exponent):
        raise Unfit("exponent", "must be whole where the base is negative")
    small = type(base) is int and type(exponent) is int and 0 <= exponent <= 64
    try:
        return fit(base**exponent if small else math.pow(base, exponent))
    except OverflowError:
        return fit(math.inf)


@functions.action("number.sqrt", "Square root", output=NUMBER)
def sqrt(number: Num) -> float:
    """The square root of a number that is not negative."""
    if number < 0:
        raise Unfit("number", "must not be negative")
    return fit(math.sqrt(number))


@functions.action("number.abs", "Absolute value", output=NUMBER)
def abs_(number: Num) -> float:
    """A number without its sign."""
    return fit(abs(number))


@functions.action("number.negate", "Negate", output=NUMBER)
def negate(number: Num) -> float:
    """A number with the other sign."""
    return fit(-number)


@functions.action("number.sign", "Sign", output={"type": "integer", "enum": [-1, 0, 1]})
def sign(number: Num) -> int:
    """-1 for a negative number, 0 for 0, 1 for a positive one."""
    return (number > 0) - (number < 0)


@functions.action("number.round", "Round", output=NUMBER)
def round_(
    number: Num,
    decimals: Annotated[Integer, "How many decimals are kept, at most 20; -2 rounds to hundreds."] = 0,
    halves: Annotated[str, one_of("away", "even"), "Where halves go: away from 0, or to the even neighbour."] = "away",
) -> float:
    """Rounds a number as it is written in decimal: 2.5 to 3, -2.5 to -3, and 1.005 to 1.01 with two decimals."""
    if not -20 <= decimals <= 20:
        raise Unfit("decimals", "must be from -20 to 20")
    exact = rounded(number, decimals, half_even=halves == "even")
    return fit(int(exact) if decimals <= 0 else float(exact))


@functions.action("number.floor", "Round down", output=NUMBER)
def floor(number: Num) -> float:
    """The largest whole number that is not larger."""
    return fit(math.floor(number))


@functions.action("number.ceil", "Round up", output=NUMBER)
def ceil(number: Num) -> float:
    """The smallest whole number that is not smaller."""
    return fit(math.ceil(number))


@functions.action("number.truncate", "Cut decimals off", output=NUMBER)
def truncate(number: Num) -> float:
    """The whole part of a number, rounded towards 0."""
    return fit(math.trunc(number))


@functions.action("number.min", "Smallest", output=_MAYBE_NUMBER)
def min_(numbers: Nums) -> float | None:
    """The smallest of some numbers; null for none."""
    return min(numbers, default=None)


@functions.action("number.max", "Largest", output=_MAYBE_NUMBER)
def max_(numbers: Nums) -> float | None:
    """The largest of some numbers; null for none."""
    return max(numbers, default=None)


@functions.action("number.sum", "Sum", output=NUMBER)
def sum_(numbers: Nums) -> float:
    """Adds numbers, without adding up what each step would round; 0 for none."""
    return total(numbers)


@functions.action("number.average", "Average", output=_MAYBE_NUMBER)
def average(numbers: Nums) -> float | None:
    """The arithmetic mean of some numbers; null for none."""
    return fit(total(numbers) / len(numbers)) if numbers else None


@functions.action("number.median", "Median", output=_MAYBE_NUMBER, large_bytes=32 << 10)
def median(numbers: Nums) -> float | None:
    """The middle one of some numbers, or the mean of the two in the middle; null for none."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return low if low == high else fit((low + high) / 2)


def total(numbers: list[float]) -> float:
    if all(type(number) is int for number in numbers):
        return fit(sum(numbers))
    try:
        return fit(math.fsum(numbers))
    except OverflowError:
        return fit(math.inf)


@functions.action("number.clamp", "Keep within bounds", output=NUMBER)
def clamp(
    number: Num, min_: Annotated[Number, "The least it may be."], max_: Annotated[Number, "The most it may be."]
) -> float:
    """A number within two bounds; what lies outside becomes the nearer bound."""
    if min_ > max_:
        raise Unfit("min", "must not be larger than max")
    return min(max(number, min_), max_)


@functions.action("number.parse", "Read a number", output=NUMBER)
def parse(
    string: Annotated[Text, "The text."],
    point: Annotated[Text, "What stands before the decimals, which must not be empty and may be of any length."] = ".",
    grouping: Annotated[Text, "What is left out wherever it stands, such as a comma, of any length."] = "",
) -> float:
    """Reads a number that is written in digits, with a sign, decimals and an exponent as they come."""
    plain = string.replace(grouping, "") if grouping else string
    if point != ".":
        plain = plain.replace(".", "?").replace(_not_empty(point), ".")
    number = number_in(plain)
    if number is None:
        raise Unfit("string", "is not a number")
    return number


@functions.action("number.format", "Write a number", output=TEXT)
def format_(
    number: Num,
    decimals: Annotated[Integer, "How many decimals, at most 20; as many as it has unless given."] | None = None,
    point: Annotated[Text, "What stands before the decimals, at most 10 characters; it may be empty."] = ".",
    grouping: Annotated[Text, "What stands between groups of three digits, at most 10 characters."] = ",",
) -> str:
    """Writes a number for people: 1234.5 is 1,234.5. Halves are rounded away from 0."""
    return shown(number, None if decimals is None else _decimals(decimals), _short(point, "point"), _short(grouping))


@functions.action("number.to-fixed", "Write with decimals", output=TEXT)
def to_fixed(number: Num, decimals: Annotated[Integer, "How many decimals, at most 20."]) -> str:
    """Writes a number with exactly so many decimals and without groups; halves are rounded away from 0."""
    return shown(number, _decimals(decimals))


def _decimals(decimals: int) -> int:
    if not 0 <= decimals <= 20:
        raise Unfit("decimals", "must be from 0 to 20")
    return decimals


def _not_empty(point: str) -> str:
    if not point:
        raise Unfit("point", "must not be empty")
    return point


def _short(text: str, parameter: str = "grouping") -> str:
    if len(text) > 10:
        raise Unfit(parameter, "must not be longer than 10 characters")
    return text


Base = Annotated[Integer, "The base, from 2 to 36."]
_IN_BASE = re.compile(r"[+-]?[0-9a-zA-Z]{1,64}")
_NUMERALS = "0123456789abcdefghijklmnopqrstuvwxyz"


@functions.action("number.to-base", "Write in a base", output=TEXT)
def to_base(number: Annotated[Integer, "The whole number."], base: Base) -> str:
    """Writes a whole number in another base, with lower-case letters: 255 in base 16 is ff."""
    rest, numerals = abs(number), ""
    base = _base(base)
    while rest or not numerals:
        rest, numeral = divmod(rest, base)
        numerals = _NUMERALS[numeral] + numerals
    return "-" * (number < 0) + numerals


@functions.action("number.from-base", "Read in a base", output=NUMBER)
def from_base(string: Annotated[Text, "The text."], base: Base) -> float:
    """Reads a whole number in another base, in letters of either case: ff in base 16 is 255."""
    base = _base(base)
    if not _IN_BASE.fullmatch(string) or any(_NUMERALS.index(each) >= base for each in string.lower().lstrip("+-")):
        raise Unfit("string", f"is not a whole number in base {base}")
    return fit(int(string.lower().lstrip("+-"), base) * (-1 if string[0] == "-" else 1))


def _base(base: int) -> int:
    if not 2 <= base <= 36:
        raise Unfit("base", "must be from 2 to 36")
    return base


@functions.action("number.random", "Random number", output=NUMBER)
def random_(
    min_: Annotated[Number, "The least it may be."] = 0, max_: Annotated[Number, "The most it may be."] = 1
) -> float:
    """A number between two bounds that can't be guessed. It is another each time."""
    return fit(min_ + (_ascending(min_, max_) - min_) * _RANDOM.random())


@functions.action("number.random-integer", "Random whole number", output=INTEGER)
def random_integer(
    min_: Annotated[Integer, "The least it may be."], max_: Annotated[Integer, "The most it may be."]
) -> Any:
    """A whole number between two bounds, both included, that can't be guessed. It is another each time."""
    return fit(_RANDOM.randint(min_, int(_ascending(min_, max_))))


def _ascending(least: float, most: float) -> float:
    if least > most:
        raise Unfit("min", "must not be larger than max")
    return most
