"""`string.*`: texts. Lengths and positions count Unicode code points."""

from __future__ import annotations

import re
from typing import Annotated, Any

from libs.logic.core.registry import Boolean, Integer, Library, Text, Texts, Unfit, check_size, one_of

functions = Library()

String = Annotated[Text, "The text."]
Part = Annotated[Text, "The text to look for."]
SomePart = Annotated[Text, "The text to look for, which must not be empty."]
IgnoreCase = Annotated[Boolean, "Whether upper and lower case are the same."]
Side = Annotated[str, one_of("both", "start", "end"), "Where to take it away."]

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": {"type": "string"}}
POSITION = {"type": ["integer", "null"], "minimum": 0}

_MOST_CHARACTERS = 100
_LINE_END = re.compile(r"\r\n|\r|\n")


def fitting(text: str) -> str:
    """The text, unless it is too large; for what can't have grown much."""
    check_size(len(text) if text.isascii() else len(text.encode()))
    return text


def byte_count(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def fitting_list(parts: list[Any]) -> list[Any]:
    """The parts of a text, unless quotes and commas around them make them too large."""
    check_size(3 * len(parts))
    return parts


@functions.action("string.lower", "Lower case", output=TEXT)
def lower(string: String) -> str:
    """Writes a text in lower case, by the rules of Unicode and of no language in particular."""
    return fitting(string.lower())


@functions.action("string.upper", "Upper case", output=TEXT)
def upper(string: String) -> str:
    """Writes a text in upper case, by the rules of Unicode and of no language in particular; ß becomes SS."""
    return fitting(string.upper())


@functions.action("string.capitalize", "Capitalize", output=TEXT)
def capitalize(string: String) -> str:
    """Writes the first letter in upper case and leaves the others as they are."""
    return string[:1].upper() + string[1:]


@functions.action("string.trim", "Trim", output=TEXT)
def trim(
    string: String,
    side: Side = "both",
    characters: Annotated[Text, "The characters to take away, at most 100 and in any order; white space unless given."]
    | None = None,
) -> str:
    """Takes white space, or other characters, away from the ends of a text."""
    if characters is not None and len(characters) > _MOST_CHARACTERS:
        raise Unfit("characters", f"must not be more than {_MOST_CHARACTERS}")
    strip = {"both": string.strip, "start": string.lstrip, "end": string.rstrip}[side]
    return strip(characters)


@functions.action("string.collapse", "Collapse white space", output=TEXT)
def collapse(string: String) -> str:
    """Makes each run of white space one space, and takes it away at both ends."""
    return " ".join(string.split())


@functions.action("string.length", "Length of a text", output={"type": "integer", "minimum": 0})
def length(string: String) -> int:
    """Counts the Unicode code points of a text."""
    return len(string)


@functions.action("string.concat", "Put texts together", output=TEXT)
def concat(strings: Annotated[Texts, "The texts in their order."]) -> str:
    """Puts texts one after the other; array.join puts something between them."""
    return "".join(strings)


@functions.action("string.split", "Split a text", output=TEXTS)
def split(
    string: String,
    separator: Annotated[Text, "The text that stands between the parts; the empty text splits into characters."],
    limit: Annotated[Integer, "The most parts; the last one keeps what isn't split any more."] | None = None,
) -> list[str]:
    """Splits a text at each separator, which is taken literally; an empty text is one empty part.

    Split into characters, the empty text has none.
    """
    if limit is not None and limit < 1:
        raise Unfit("limit", "must be at least 1")
    check_size(3 * string.count(separator))
    most = -1 if limit is None else min(limit - 1, len(string))
    if separator:
        return string.split(separator, most)
    alone = len(string) if limit is None else most
    return list(string[:alone]) + [string[alone:]] * (len(string) > alone)


@functions.action("string.lines", "Lines of a text", output=TEXTS, large_bytes=16 << 10)
def lines(string: String) -> list[str]:
    """Splits a text into its lines, without the line ends; one at the very end begins no further line."""
    parts = _LINE_END.split(string)
    return fitting_list(parts if parts[-1] else parts[:-1])


@functions.action("string.words", "Words of a text", output=TEXTS)
def words(string: String) -> list[str]:
    """Splits a text at white space; a text without words has none."""
    return fitting_list(string.split())


@functions.action("string.slice", "Part of a text", output=TEXT)
def slice_(
    string: String,
    start: Annotated[Integer, "The first position, from 0; a negative one counts from the end."] = 0,
    end: Annotated[Integer, "The position before which to stop; a negative one counts from the end."] | None = None,
) -> str:
    """Takes the part of a text between two positions; what lies outside of the text is nothing."""
    return string[start:end]


@functions.action("string.before", "Text before a part", output=TEXT)
def before(string: String, part: SomePart) -> str:
    """The text before the first occurrence of a part; all of it where there is none."""
    return string.partition(_not_empty(part))[0]


@functions.action("string.after", "Text after a part", output=TEXT)
def after(string: String, part: SomePart) -> str:
    """The text after the first occurrence of a part; the empty text where there is none."""
    return string.partition(_not_empty(part))[2]


def _not_empty(part: str) -> str:
    if not part:
        raise Unfit("part", "must not be empty")
    return part


@functions.action("string.index-of", "Position of a part", output=POSITION)
def index_of(
    string: String,
    part: Part,
    start: Annotated[Integer, "The position from which on to look; a negative one counts from the end."] = 0,
) -> int | None:
    """The position of the first occurrence of a part, counted from 0; null where there is none."""
    found = string.find(part, start)
    return found if found >= 0 else None


@functions.action("string.last-index-of", "Last position of a part", output=POSITION)
def last_index_of(string: String, part: Part) -> int | None:
    """The position of the last occurrence of a part, counted from 0; null where there is none."""
    found = string[::-1].find(part[::-1])  # rfind takes the product of both lengths
    return len(string) - found - len(part) if found >= 0 else None


@functions.action("string.count", "Count a part", output={"type": "integer", "minimum": 0})
def count(string: String, part: SomePart) -> int:
    """Counts the occurrences of a part that don't overlap."""
    return string.count(_not_empty(part))


@functions.action("string.replace-text", "Replace text", output=TEXT)
def replace_text(
    string: String,
    part: SomePart,
    replacement: Annotated[Text, "What is to stand there instead."],
    all_: Annotated[Boolean, "Whether each occurrence is replaced, or only the first."] = True,
) -> str:
    """Replaces a part of a text; both texts are taken literally, other than in string.replace."""
    most = string.count(_not_empty(part)) if all_ else 1
    check_size(byte_count(string) + most * byte_count(replacement))
    return string.replace(part, replacement, most)


@functions.action("string.remove-start", "Remove the start", output=TEXT)
def remove_start(string: String, part: Part) -> str:
    """Takes a part away with which a text starts; another text stays as it is."""
    return string.removeprefix(part)


@functions.action("string.remove-end", "Remove the end", output=TEXT)
def remove_end(string: String, part: Part) -> str:
    """Takes a part away with which a text ends; another text stays as it is."""
    return string.removesuffix(part)


PadLength = Annotated[Integer, "How long the text is to be at least."]
Fill = Annotated[Text, "What to fill it with, again and again."]


@functions.action("string.pad-start", "Pad the start", output=TEXT)
def pad_start(string: String, length: PadLength, fill: Fill = " ") -> str:
    """Fills a text up at its start until it is long enough."""
    return _padding(string, length, fill) + string


@functions.action("string.pad-end", "Pad the end", output=TEXT)
def pad_end(string: String, length: PadLength, fill: Fill = " ") -> str:
    """Fills a text up at its end until it is long enough."""
    return string + _padding(string, length, fill)


def _padding(string: str, length: int, fill: str) -> str:
    if not fill:
        raise Unfit("fill", "must not be empty")
    missing = max(length - len(string), 0)
    times = missing // len(fill) + 1
    check_size(byte_count(string) + times * byte_count(fill))
    return (fill * times)[:missing]


@functions.action("string.repeat", "Repeat a text", output=TEXT)
def repeat(string: String, times: Annotated[Integer, "How often the text is to stand there."]) -> str:
    """Writes a text several times, one after the other."""
    if times < 0:
        raise Unfit("times", "must not be negative")
    check_size(times * byte_count(string))
    return string * times if string else ""


@functions.action("string.reverse", "Reverse a text", output=TEXT)
def reverse(string: String) -> str:
    """Writes the code points of a text in reverse order."""
    return string[::-1]


@functions.action("string.truncate", "Shorten a text", output=TEXT)
def truncate(
    string: String,
    length: Annotated[Integer, "How long the text may be at most, its ending included."],
    ending: Annotated[Text, "What shows that something is missing."] = "…",
) -> str:
    """Shortens a text that is too long, and ends it with an ellipsis."""
    if length < len(ending):
        raise Unfit("length", "must not be smaller than that of the ending")
    return string if len(string) <= length else string[: length - len(ending)] + ending


@functions.condition("string.contains", "Text contains")
def contains(string: String, part: Part, ignore_case: IgnoreCase = False) -> bool:
    """Whether a text contains another; every text contains the empty one."""
    return part.casefold() in string.casefold() if ignore_case else part in string


@functions.condition("string.starts-with", "Text starts with")
def starts_with(string: String, part: Part, ignore_case: IgnoreCase = False) -> bool:
    """Whether a text starts with another."""
    return string.casefold().startswith(part.casefold()) if ignore_case else string.startswith(part)


@functions.condition("string.ends-with", "Text ends with")
def ends_with(string: String, part: Part, ignore_case: IgnoreCase = False) -> bool:
    """Whether a text ends with another."""
    return string.casefold().endswith(part.casefold()) if ignore_case else string.endswith(part)


Other = Annotated[Text, "The text to compare it with."]


@functions.condition("string.equals", "Texts are equal")
def equals(string: String, other: Other) -> bool:
    """Whether two texts are the same, code point by code point."""
    return string == other


@functions.condition("string.equals-ignoring-case", "Texts are equal but for their case")
def equals_ignoring_case(string: String, other: Other) -> bool:
    """Whether two texts are the same but for upper and lower case; ß is equal to SS."""
    return string.casefold() == other.casefold()


@functions.condition("string.is-empty", "Text is empty")
def is_empty(string: String) -> bool:
    """Whether a text has no characters at all."""
    return not string


@functions.condition("string.is-blank", "Text is blank")
def is_blank(string: String) -> bool:
    """Whether a text is empty or nothing but white space."""
    return not string or string.isspace()
