"""Patterns on re2, whose time grows with the text and never explodes: compiled, cached, and weighed before use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Annotated, Any

import re2

from libs.logic.core.registry import Text, Unfit

Pattern = Annotated[Text, "A regular expression in re2's syntax, which has no look-around and no back-references."]

MOST_CHARACTERS = 2_000
MOST_MEMORY_BYTES = 256 << 10
_CACHED = 128

# A pattern's program takes about 8 ns per instruction and byte of text in the worst case.
_MOST_STEPS = 250_000
_STEPS_PER_MATCH = 250
_STEPS_PER_REFERENCE = 100
# Each class of Unicode characters takes about 100 µs to compile, each time that it is repeated.
_UNICODE_CLASS = re.compile(r"\\[pP]")
_SLOW_CLASSES = 8
_REPEATED = re.compile(r"\{[0-9]")
# Finding all of it takes one walk through the text: what is read ahead belongs to the match, but for one character.
_UNIT = r"(?:\\[dDsSwW]|\\\W|\[[^\[\]\\]+\]|[^\\\[\](){}.*+?^$|])"
_ONE_WALK = re.compile(rf"{_UNIT}[+*]?|[^\\\[\](){{}}.*+?^$|]+")
_LACKING = {
    "(?=": "re2 has no look-ahead",
    "(?!": "re2 has no look-ahead",
    "(?<=": "re2 has no look-behind",
    "(?<!": "re2 has no look-behind",
}


def compiled(pattern: str, ignore_case: bool = False, *, parameter: str = "pattern") -> Any:
    """The compiled pattern; raises Unfit when it is none that can be used."""
    if len(pattern) > MOST_CHARACTERS:
        raise Unfit(parameter, f"is longer than {MOST_CHARACTERS:,} characters")
    try:
        return _compiled(pattern, ignore_case)
    except re2.error as error:
        raise Unfit(parameter, _reason(error)) from None


@lru_cache(_CACHED)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MOST_MEMORY_BYTES
    options.case_sensitive = not ignore_case
    return re2.compile(pattern, options)


def _reason(error: Exception) -> str:
    told = error.args[0]
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    for syntax, lack in _LACKING.items():
        if text.endswith(syntax):
            return f"can't be used: {lack} ({syntax})"
    if re.search(r"invalid escape sequence: \\[1-9]", text):
        return "can't be used: re2 has no back-references in patterns"
    if text.startswith("pattern too large"):
        return "is too large: repeat less, or match less of Unicode"
    return f"is not a regular expression that re2 knows: {text}"


def heavy(every: bool) -> Callable[[Any], bool]:
    """Whether an input with `pattern` and `string` may take milliseconds; `every` where all matches are looked for."""

    def is_heavy(source: Any) -> bool:
        if type(source) is not dict or type(source.get("string")) is not str:
            return False
        pattern = source.get("pattern")
        if type(pattern) is not str or len(pattern) > MOST_CHARACTERS:
            return False
        return _is_slow_to_compile(pattern) or _steps(pattern, source, every) > _MOST_STEPS

    return is_heavy


def _is_slow_to_compile(pattern: str) -> bool:
    classes = len(_UNICODE_CLASS.findall(pattern))
    return classes > _SLOW_CLASSES or (classes > 0 and _REPEATED.search(pattern) is not None)


def _steps(pattern: str, source: dict[str, Any], every: bool) -> int:
    try:
        program = compiled(pattern, source.get("ignoreCase") is True)
    except Unfit:
        return 0
    size = len(source["string"].encode()) + 1
    walk: int = program.programsize * size
    if not every:
        return walk
    walks = 1 if _ONE_WALK.fullmatch(pattern) else size // 2 + 1
    references = str(source.get("replacement")).count("$")
    return walk * walks + (_STEPS_PER_MATCH + _STEPS_PER_REFERENCE * references) * size


def matches(pattern: Any, string: str, most: int | None = None) -> Iterator[Any]:
    """The matches from left to right that don't overlap, at most this many."""
    return islice(pattern.finditer(string), most)


Fill = Callable[[Any], str]

_GROUP = re.compile(r"\$(?:(\$)|(&)|(\d{1,2})|\{(\w+)\})")


def replacement(template: str, pattern: Any) -> Fill:
    """What a replacement makes of a match: `$1` and `${name}` are groups, `$&` is the match, `$$` a dollar sign."""
    parts: list[str | int] = []
    end = 0
    for found in _GROUP.finditer(template):
        parts += [template[end : found.start()], _part(found, pattern)]
        end = found.end()
    parts.append(template[end:])
    if all(isinstance(part, str) for part in parts):
        text = "".join(map(str, parts))
        return lambda match: text
    return lambda match: "".join(part if isinstance(part, str) else match[part] or "" for part in parts)


def _part(found: re.Match[str], pattern: Any) -> str | int:
    dollar, whole, number, name = found.groups()
    if dollar:
        return "$"
    group: int | None = 0 if whole else pattern.groupindex.get(name) if name else int(number)
    if group is None or group > pattern.groups:
        raise Unfit(
            "replacement", f"names the group {number or name}, which the pattern doesn't have; write $$ for a $"
        )
    return group
