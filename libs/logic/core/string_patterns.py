"""`string.*` with patterns: regular expressions that are matched, extracted and replaced."""

from __future__ import annotations

import string as characters
from typing import Annotated, Any

from libs.logic.core.patterns import Pattern, compiled, heavy, matches, replacement
from libs.logic.core.registry import Boolean, Integer, Library, Text, Unfit, check_size
from libs.logic.core.strings import TEXT, TEXTS, IgnoreCase, String, byte_count, fitting_list

functions = Library()

_MATCH = {
    "type": "object",
    "properties": {
        "match": {"type": "string"},
        "index": {"type": "integer"},
        "groups": {"type": "array", "items": {"type": ["string", "null"]}},
        "named": {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
    },
    "required": ["match", "index", "groups", "named"],
}

Group = Annotated[Integer, "The number of the group, from 1; 0 is the whole match."]


@functions.action("string.replace", "Replace", output=TEXT, heavy=heavy(every=True))
def replace(
    string: String,
    pattern: Pattern,
    replacement_: Annotated[
        Text, "What is to stand there instead: $1 and ${name} are groups, $& is the match, $$ is a dollar sign."
    ],
    all_: Annotated[Boolean, "Whether each match is replaced, or only the first."] = True,
    ignore_case: IgnoreCase = False,
) -> str:
    """Replaces what a pattern matches in a text; string.replace-text takes a text literally instead.

    A group that took no part in the match is the empty text, and a backslash in the replacement is a backslash.
    """
    expression = compiled(pattern, ignore_case)
    fill = replacement(replacement_, expression)
    parts: list[str] = []
    end, size = 0, byte_count(string)
    for match in matches(expression, string, None if all_ else 1):
        filled = fill(match)
        size += byte_count(filled)
        check_size(size)
        parts += [string[end : match.start()], filled]
        end = match.end()
    return "".join([*parts, string[end:]])


@functions.action(
    "string.match", "Match a text", output={**_MATCH, "type": ["object", "null"]}, heavy=heavy(every=False)
)
def match(string: String, pattern: Pattern, ignore_case: IgnoreCase = False) -> dict[str, Any] | None:
    """The first match of a pattern with its position and its groups, those with a name also by name; null without.

    A group that took no part in the match is null.
    """
    found = compiled(pattern, ignore_case).search(string)
    return None if found is None else _told(found)


@functions.action(
    "string.match-all", "Match all in a text", output={"type": "array", "items": _MATCH}, heavy=heavy(every=True)
)
def match_all(string: String, pattern: Pattern, ignore_case: IgnoreCase = False) -> list[dict[str, Any]]:
    """All matches of a pattern that don't overlap, each as string.match tells it."""
    told: list[dict[str, Any]] = []
    size = 0
    for found in matches(compiled(pattern, ignore_case), string):
        told.append(_told(found))
        size += _told_bytes(told[-1])
        check_size(size)
    return told


def _told(found: Any) -> dict[str, Any]:
    return {
        "match": found.group(),
        "index": found.start(),
        "groups": list(found.groups()),
        "named": found.groupdict(),
    }


def _told_bytes(told: dict[str, Any]) -> int:
    texts = [told["match"], *told["groups"], *told["named"], *told["named"].values()]
    return 50 + sum(4 + byte_count(text or "") for text in texts)


@functions.action(
    "string.extract", "Extract from a text", output={"type": ["string", "null"]}, heavy=heavy(every=False)
)
def extract(
    string: String, pattern: Pattern, group: Group | None = None, ignore_case: IgnoreCase = False
) -> str | None:
    """The text of a group in the first match; unless given, the first group, or the match where there are no groups.

    Null where nothing matches, or the group took no part in it.
    """
    expression = compiled(pattern, ignore_case)
    number = _group(expression, group)
    found = expression.search(string)
    return None if found is None else found.group(number)


@functions.action(
    "string.extract-all",
    "Extract all from a text",
    output={"type": "array", "items": {"type": ["string", "null"]}},
    heavy=heavy(every=True),
)
def extract_all(
    string: String, pattern: Pattern, group: Group | None = None, ignore_case: IgnoreCase = False
) -> list[str | None]:
    """The text of a group in each match, as string.extract has it for the first."""
    expression = compiled(pattern, ignore_case)
    number = _group(expression, group)
    return fitting_list([found.group(number) for found in matches(expression, string)])


def _group(expression: Any, group: int | None) -> int:
    known: int = expression.groups
    number = min(known, 1) if group is None else group
    if not 0 <= number <= known:
        raise Unfit("group", f"must be from 0 to {known}, as many as the pattern has")
    return number


@functions.action("string.split-pattern", "Split a text by a pattern", output=TEXTS, heavy=heavy(every=True))
def split_pattern(string: String, pattern: Pattern, ignore_case: IgnoreCase = False) -> list[str]:
    """Splits a text at each match of a pattern that is not empty; the matches are not among the parts."""
    parts: list[str] = []
    end = 0
    for found in matches(compiled(pattern, ignore_case), string):
        if found.end() > found.start():
            parts.append(string[end : found.start()])
            end = found.end()
    return fitting_list([*parts, string[end:]])


_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in characters.punctuation})


@functions.action("string.escape-pattern", "Escape for a pattern", output=TEXT, large_bytes=32 << 10)
def escape_pattern(string: String) -> str:
    """Makes a pattern that matches exactly this text, to be put into a larger one."""
    check_size(2 * byte_count(string))
    return string.translate(_ESCAPED)


@functions.condition("string.matches", "Text matches", heavy=heavy(every=False))
def matches_(
    string: String,
    pattern: Pattern,
    whole: Annotated[Boolean, "Whether all of the text must match, or any part of it."] = False,
    ignore_case: IgnoreCase = False,
) -> bool:
    """Whether a pattern matches a text, or a part of it."""
    expression = compiled(pattern, ignore_case)
    found = expression.fullmatch(string) if whole else expression.search(string)
    return found is not None
