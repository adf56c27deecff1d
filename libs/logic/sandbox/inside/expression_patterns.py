"""Regular expressions of JSONata on re2, and how its functions look for matches, with patterns or with functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import re2
from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.regex_engine import RegexFlags
from jsonata.utils import Utils

_MOST_MEMORY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Match:
    text: str
    start: int
    end: int
    groups: list[str | None]

    def told(self) -> dict[str, Any]:
        """As an expression sees it."""
        groups = [Utils.NULL_VALUE if group is None else group for group in self.groups]
        return {"match": self.text, "start": self.start, "end": self.end, "groups": groups}


class Regex(Jsonata.JFunction):  # type: ignore[misc]
    """A pattern: in JSONata it is a function from a text to its first match, which has a function for the next."""

    def __init__(self, pattern: str, flags: RegexFlags) -> None:
        super().__init__(None, "<s:o>")
        self.signature.set_function_name("pattern")
        options = re2.Options()
        options.case_sensitive = not flags.case_insensitive
        options.log_errors = False
        options.max_mem = _MOST_MEMORY_BYTES
        try:
            self._pattern = re2.compile(f"(?m:{pattern})" if flags.multiline else pattern, options)
        except re2.error as error:
            raise JException("S0303", -1, _reason(error)) from None

    def __deepcopy__(self, memo: Any) -> "Regex":
        return self

    def matches(self, text: str) -> Iterator[Match]:
        for found in self._pattern.finditer(text):
            if found.start() == found.end():
                raise JException("D1004", -1)
            yield Match(found.group(), found.start(), found.end(), list(found.groups()))

    def call(self, input: Any, args: Any) -> Any:
        text = args[0] if args else None
        return _chained(self.matches(text)) if isinstance(text, str) else None


class _Next(Jsonata.JFunction):  # type: ignore[misc]
    def __init__(self, matches: Iterator[Match]) -> None:
        super().__init__(None, "<:o>")
        self.signature.set_function_name("next")
        self._matches = matches

    def call(self, input: Any, args: Any) -> Any:
        return _chained(self._matches)


def _chained(matches: Iterator[Match]) -> dict[str, Any] | None:
    found = next(matches, None)
    return None if found is None else found.told() | {"next": _Next(matches)}


def matches(matcher: Any, text: str) -> Iterator[Match]:
    """What a pattern finds in the text, or a function of the author's that answers like one."""
    if isinstance(matcher, Regex):
        yield from matcher.matches(text)
        return
    found = Functions.func_apply(matcher, [text])
    while found is not None and found is not Utils.NULL_VALUE:
        yield _match(found)
        found = Functions.func_apply(found["next"], [])


def _match(found: Any) -> Match:
    known = found if isinstance(found, dict) else {}
    start, end, groups = known.get("start"), known.get("end"), known.get("groups")
    if not isinstance(start, int) or not isinstance(end, int) or not isinstance(groups, list) or "next" not in known:
        raise JException("T1010", -1)
    return Match(str(known.get("match")), start, end, [group if isinstance(group, str) else None for group in groups])


def _reason(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
