"""JSONata's functions where the library differs from the language's reference, done anew; see `expressions`."""

import re
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cmp_to_key
from math import ceil, floor, isfinite
from random import SystemRandom
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from libs.logic.sandbox.inside.expression_patterns import Match, matches

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_OF_ANOTHER_BASE = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_ISO_8601 = re.compile(
    r"(?P<year>\d{4})(-(?P<month>[01]\d)(-(?P<day>[0-3]\d))?)?"
    r"(?P<time>T[0-2]\d:[0-5]\d:[0-5]\d)?(?P<fraction>\.\d+)?(?P<zone>[+-][0-2]\d:?[0-5]\d|Z)?"
)
_REFERENCE = re.compile(r"\$(?:([$0])|([0-9]+))")
# Of numbers from the system nothing can be known from those that others were given.
_RANDOM = SystemRandom()


def _given(*values: Any) -> None:
    """Null is a value, but not a text nor a number."""
    if any(value is Utils.NULL_VALUE for value in values):
        raise JException("T0410", -1)


def number_text(value: float) -> str:
    """As JavaScript writes a number of 15 digits."""
    if not isfinite(value):
        raise JException("D3001", -1)
    rounded = float(f"{value:.15g}")
    if rounded.is_integer() and abs(rounded) < 1e21:
        return str(int(rounded))
    digits, _, exponent = repr(rounded).partition("e")
    if not exponent:
        return digits
    return f"{Decimal(repr(rounded)):f}" if -7 < int(exponent) < 0 else f"{digits}e{int(exponent):+d}"


def nulls_marked(value: Any) -> Any:
    """To the library Python's None is what JSONata calls undefined."""
    if value is None:
        return Utils.NULL_VALUE
    if type(value) is list:
        for index, element in enumerate(value):
            if element is None or type(element) in (list, dict):
                value[index] = nulls_marked(element)
    elif type(value) is dict:
        for name, member in value.items():
            if member is None or type(member) in (list, dict):
                value[name] = nulls_marked(member)
    return value


class Replacements:
    """A method for each function, found by its name; their arguments have been checked against the signature."""

    @staticmethod
    def string(arg: Any, prettify: Any) -> Any:
        if isinstance(arg, Utils.JList) and arg.outer_wrapper:
            arg = arg[0]
        return number_text(arg) if type(arg) in (int, float) else Functions.string(arg, prettify)

    @staticmethod
    def number(arg: Any) -> Any:
        _given(arg)
        if not isinstance(arg, str):
            return int(arg) if isinstance(arg, bool) else arg
        if _OF_ANOTHER_BASE.fullmatch(arg):
            return int(arg, 0)
        number = float(arg) if _DECIMAL.fullmatch(arg) else None
        if number is None or not isfinite(number):
            raise JException("D3030", -1, arg)
        return number

    @staticmethod
    def power(base: Any, exponent: Any) -> Any:
        if base is None or exponent is None:
            return None
        try:
            result = float(base) ** float(exponent)
        except (OverflowError, ZeroDivisionError):
            result = 0j
        if isinstance(result, complex) or not isfinite(result):
            raise JException("D3061", -1, base, exponent)
        return result

    @staticmethod
    def lowercase(string: Any) -> Any:
        _given(string)
        return None if string is None else string.lower()

    @staticmethod
    def contains(string: Any, token: Any) -> Any:
        _given(string, token)
        if string is None or token is None:
            return None
        return token in string if isinstance(token, str) else next(matches(token, string), None) is not None

    @staticmethod
    def match(string: Any, pattern: Any, limit: Any) -> Any:
        _given(string, limit)
        if string is None:
            return None
        found = _first(string, pattern, limit, "D3040")
        told = [{"match": each.text, "index": each.start, "groups": each.told()["groups"]} for each in found]
        return Utils.create_sequence_from_iter(told)

    @staticmethod
    def split(string: Any, separator: Any, limit: Any) -> Any:
        _given(string, separator, limit)
        if string is None or separator is None:
            return None
        if limit is not None and limit < 0:
            raise JException("D3020", -1, limit)
        if isinstance(separator, str):
            parts = string.split(separator) if separator else list(string)
        else:
            starts, ends = [0], []
            for found in matches(separator, string):
                ends.append(found.start)
                starts.append(found.end)
            parts = [string[start:end] for start, end in zip(starts, [*ends, len(string)], strict=True)]
        return parts if limit is None else parts[: floor(limit)]

    @staticmethod
    def replace(string: Any, pattern: Any, replacement: Any, limit: Any) -> Any:
        _given(string, pattern, replacement, limit)
        if string is None or pattern is None or replacement is None:
            return None
        if pattern == "":
            raise JException("D3010", -1)
        if isinstance(pattern, str):
            return _replaced(string, pattern, replacement, limit)
        replaced = _filled(replacement)
        parts, end = [], 0
        for found in _first(string, pattern, limit, "D3011"):
            parts += [string[end : found.start], replaced(found)]
            end = found.end
        return "".join([*parts, string[end:]])

    @staticmethod
    def formatNumber(value: Any, picture: Any, options: Any) -> Any:  # noqa: N802
        return None if value is None else Functions.format_number(value, picture, options)

    @staticmethod
    def sort(array: Any, comparator: Any) -> Any:
        if array is None or len(array) <= 1:
            return array
        if comparator is None:
            return _sorted(array)

        def order(a: Any, b: Any) -> int:
            """Only whether one goes before another that stood before it counts, so that equals keep their order."""
            return -1 if Functions.to_boolean(Functions.func_apply(comparator, [b, a])) else 0

        return sorted(array, key=cmp_to_key(order))

    @staticmethod
    def distinct(array: Any) -> Any:
        if not isinstance(array, list) or len(array) <= 1:
            return array
        results = Utils.create_sequence() if Utils.is_sequence(array) else []
        seen: set[Any] = set()
        others: list[Any] = []
        for value in array:
            if isinstance(value, str | int | float):
                key = (isinstance(value, bool), value)
                is_new = key not in seen
                seen.add(key)
            else:
                is_new = not any(Utils.is_deep_equal(value, other) for other in others)
                others += [value] if is_new else []
            if is_new:
                results.append(value)
        return results

    @staticmethod
    def clone(value: Any) -> Any:
        return None if value is None else nulls_marked(Functions.function_clone(value))

    @staticmethod
    def toMillis(timestamp: Any, picture: Any) -> Any:  # noqa: N802
        _given(timestamp, picture)
        if timestamp is None:
            return None
        if picture is not None:
            return _read_as(timestamp, picture)
        found = _ISO_8601.fullmatch(timestamp)
        if found is None:
            raise JException("D3110", -1, timestamp)
        return _millis(timestamp, found)

    @staticmethod
    def random() -> float:
        return _RANDOM.random()

    @staticmethod
    def shuffle(array: Any) -> Any:
        return array if array is None or len(array) <= 1 else _RANDOM.sample(array, len(array))

    @staticmethod
    def base64decode(string: Any) -> Any:
        _given(string)
        return None if string is None else Functions.base64decode(string + "=" * (-len(string) % 4))

    @staticmethod
    def encodeUrl(string: Any) -> Any:  # noqa: N802
        return _url("encodeUrl", Functions.encode_url, string)

    @staticmethod
    def encodeUrlComponent(string: Any) -> Any:  # noqa: N802
        return _url("encodeUrlComponent", Functions.encode_url_component, string)

    @staticmethod
    def decodeUrl(string: Any) -> Any:  # noqa: N802
        return _url("decodeUrl", _decoded, string)

    @staticmethod
    def decodeUrlComponent(string: Any) -> Any:  # noqa: N802
        return _url("decodeUrlComponent", _decoded, string)


def _first(string: str, pattern: Any, limit: Any, refusal: str) -> list[Match]:
    """The matches up to the limit."""
    if limit is not None and limit < 0:
        raise JException(refusal, -1, limit)
    found: list[Match] = []
    if limit is None or limit > 0:
        for each in matches(pattern, string):
            found.append(each)
            if limit is not None and len(found) >= limit:
                break
    return found


def _replaced(string: str, part: str, replacement: Any, limit: Any) -> str:
    if limit is not None and limit < 0:
        raise JException("D3011", -1, limit)
    if not isinstance(replacement, str):
        raise JException("D3012", -1, replacement)
    return string.replace(part, replacement, -1 if limit is None else ceil(limit))


def _filled(replacement: Any) -> Callable[[Match], str]:
    """What a replacement makes of a match: a text with references like `$1`, or a function's answer."""
    if isinstance(replacement, str):
        return lambda match: _REFERENCE.sub(lambda reference: _referred(reference, match), replacement)

    def answered(match: Match) -> str:
        text = Functions.func_apply(replacement, [match.told()])
        if not isinstance(text, str):
            raise JException("D3012", -1, text)
        return text

    return answered


def _referred(reference: re.Match[str], match: Match) -> str:
    sign, digits = reference.groups()
    if sign:
        return "$" if sign == "$" else match.text
    # As many digits belong to the number as the number of groups has, one less if there is no such group.
    most = len(str(len(match.groups)))
    if most > 1 and int(digits[:most]) > len(match.groups):
        most -= 1
    index = int(digits[:most])
    group = match.groups[index - 1] if 0 < index <= len(match.groups) else None
    return (group or "") + digits[len(str(index)) :]


def _sorted(array: list[Any]) -> list[Any]:
    texts = all(isinstance(value, str) for value in array)
    if not texts and not all(Utils.is_numeric(value) for value in array):
        raise JException("D3070", -1)
    return sorted(array)


def _read_as(timestamp: str, picture: str) -> Any:
    try:
        return Functions.datetime_to_millis(timestamp, picture)
    except KeyError as unknown:
        raise JException("D3132", -1, *unknown.args) from None


def _millis(timestamp: str, found: re.Match[str]) -> int:
    """Without a zone, and without a time, it is UTC."""
    fraction = (found["fraction"] or ".")[1:4]
    day = f"{found['year']}-{found['month'] or '01'}-{found['day'] or '01'}"
    zone = "+00:00" if found["zone"] in (None, "Z") else found["zone"]
    try:
        moment = datetime.fromisoformat(f"{day}{found['time'] or 'T00:00:00'}{zone}")
    except ValueError:
        raise JException("D3110", -1, timestamp) from None
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since_epoch.days * 86_400 + since_epoch.seconds) * 1000 + int(fraction.ljust(3, "0"))


def _decoded(string: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", string):
        raise UnicodeError
    return urllib.parse.unquote(string, errors="strict")


def _url(name: str, convert: Callable[[str], str | None], string: Any) -> Any:
    _given(string)
    try:
        return None if string is None else convert(string)
    except UnicodeError:
        raise JException("D3140", -1, string, name) from None
