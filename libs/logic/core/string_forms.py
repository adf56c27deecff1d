"""`string.*` in the forms that names, addresses, pages and messages want."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from libs.logic.core.numerals import written
from libs.logic.core.paths import at
from libs.logic.core.registry import Boolean, Library, Object, Text, Unfit, check_size, one_of
from libs.logic.core.strings import TEXT, String, byte_count, fitting

functions = Library()

_WORD = re.compile(r"[^\W_]+")


def _words(string: str) -> list[str]:
    """What stands between spaces and signs, and between the humps of camelCase."""
    return [word for run in _WORD.findall(string) for word in _humps(run)]


def _humps(run: str) -> Iterator[str]:
    """A hump starts at a capital behind another character, or before a small letter: XMLHttp is XML and Http."""
    start = 0
    for position in range(1, len(run)):
        if run[position].isupper() and (not run[position - 1].isupper() or run[position + 1 : position + 2].islower()):
            yield run[start:position]
            start = position
    yield run[start:]


def _joined(string: str, separator: str, form: Callable[[str], str]) -> str:
    return fitting(separator.join(map(form, _words(string))))


@functions.action("string.camel", "camelCase", output=TEXT, large_bytes=4 << 10)
def camel(string: String) -> str:
    """Writes the words of a text together, each but the first with a capital letter.

    Words end at signs and spaces, and before a capital behind another character or before a small letter: XMLHttp2Go
    is XML, Http2 and Go. Digits belong to the word before them.
    """
    first, *others = _words(string) or [""]
    return fitting(first.lower() + "".join(map(_capital, others)))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:].lower()


@functions.action("string.pascal", "PascalCase", output=TEXT, large_bytes=4 << 10)
def pascal(string: String) -> str:
    """Writes the words of a text together, each with a capital letter; its words are those of string.camel."""
    return _joined(string, "", _capital)


@functions.action("string.snake", "snake_case", output=TEXT, large_bytes=4 << 10)
def snake(string: String) -> str:
    """Writes the words of a text in lower case with underscores between them; its words are those of string.camel."""
    return _joined(string, "_", str.lower)


@functions.action("string.kebab", "kebab-case", output=TEXT, large_bytes=4 << 10)
def kebab(string: String) -> str:
    """Writes the words of a text in lower case with hyphens between them; its words are those of string.camel."""
    return _joined(string, "-", str.lower)


_TITLE_WORD = re.compile(r"\S+")


@functions.action("string.title", "Title Case", output=TEXT, large_bytes=8 << 10)
def title(string: String) -> str:
    """Writes each word of a text with a capital letter, and the rest of it in lower case; spaces stay."""
    return fitting(_TITLE_WORD.sub(lambda found: _capital(found.group()), string))


@functions.action("string.slug", "Slug", output=TEXT, large_bytes=4 << 10)
def slug(
    string: String,
    ascii_: Annotated[Boolean, "Whether letters that are not ASCII are dropped; accents are taken away first."] = True,
) -> str:
    """Makes a text fit for an address: lower case, words joined by hyphens, nothing but letters and digits.

    The apostrophe ' is dropped, so that don't is dont.
    """
    plain = "".join(each for each in unicodedata.normalize("NFKD", string) if not unicodedata.combining(each))
    kept = plain.encode("ascii", "ignore").decode() if ascii_ else unicodedata.normalize("NFC", plain)
    return fitting("-".join(_WORD.findall(kept.replace("'", "").lower())))


@functions.action("string.normalize", "Normalize Unicode", output=TEXT, large_bytes=4 << 10)
def normalize(
    string: String, form: Annotated[str, one_of("NFC", "NFD", "NFKC", "NFKD"), "The normalization form."] = "NFC"
) -> str:
    """Brings a text into one of Unicode's normalization forms, so that the same looks are the same text."""
    check_size(byte_count(string))
    return fitting(unicodedata.normalize(form, string))  # type: ignore[arg-type]


@functions.action("string.remove-accents", "Remove accents", output=TEXT, large_bytes=8 << 10)
def remove_accents(string: String) -> str:
    """Takes accents and other marks away from letters: é becomes e."""
    plain = "".join(each for each in unicodedata.normalize("NFD", string) if unicodedata.category(each) != "Mn")
    return unicodedata.normalize("NFC", plain)


@functions.action("string.escape-html", "Escape HTML", output=TEXT)
def escape_html(string: String) -> str:
    """Writes &, <, > and both quotation marks so that a page shows them: &amp;, &lt;, &gt;, &quot; and &#x27;."""
    check_size(byte_count(string) + 5 * sum(map(string.count, "&<>\"'")))
    return html.escape(string)


@functions.action("string.unescape-html", "Unescape HTML", output=TEXT, large_bytes=8 << 10)
def unescape_html(string: String) -> str:
    """Writes the characters that HTML names or numbers, such as &amp; and &#233;."""
    return _unescaped(string)


_DECIMAL = re.compile(r"&#0*([0-9]{1,8})[0-9]*")


def _unescaped(string: str) -> str:
    """With no number longer than it takes to be beyond all characters: Python refuses to read some."""
    return html.unescape(_DECIMAL.sub(r"&#\1", string))


# What has been read is never given back (the `+` behind a `*`): a tag without an end is found to be none in one pass.
_TAG = re.compile(
    r"""</?([a-zA-Z][^\s/>]*+)(?:"[^"]*"|'[^']*'|[^'">])*+>|<!--.*?-->|<(?!!--)[!?/][^>]*>""",
    re.DOTALL,
)
_TAG_START = re.compile(r"<[a-zA-Z/!?]")
_HIDDEN_END = {
    "script": re.compile(r"</script\b", re.IGNORECASE | re.ASCII),
    "style": re.compile(r"</style\b", re.IGNORECASE | re.ASCII),
}


@functions.action("string.strip-html", "Remove HTML", output=TEXT, large_bytes=4 << 10)
def strip_html(string: String) -> str:
    """The text of a piece of HTML, without its tags, comments, scripts and styles. It is not made safe by this."""
    parts: list[str] = []
    position = 0
    while found := _TAG_START.search(string, position):
        parts.append(string[position : found.start()])
        position = _tag_end(string, found.start())
    return _unescaped("".join([*parts, string[position:]]))


def _tag_end(string: str, start: int) -> int:
    """Where the tag ends, and what is hidden behind it; the end of the text where it isn't closed."""
    tag = _TAG.match(string, start)
    if tag is None:
        return len(string)
    hidden = _HIDDEN_END.get((tag[1] or "").lower()) if tag[0][1] != "/" else None
    if hidden is None:
        return tag.end()
    end = hidden.search(string, tag.end())
    return end.start() if end else len(string)


_PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")


@functions.action("string.template", "Fill in a template", output=TEXT, large_bytes=16 << 10)
def template(
    template: Annotated[
        Text,
        "A text with {{name}} where a value is to stand; {{a.b}} is the value named a.b, else the member b of a, and "
        "{{a.0}} the first element of an array.",
    ],
    values: Annotated[Object, "The values by name."],
    strict: Annotated[
        Boolean, "Whether a value that is missing or null is an error; else nothing stands there."
    ] = False,
) -> str:
    """Fills values into a text: texts as they are, numbers, true and false as JSON writes them."""
    parts: list[str] = []
    end, size = 0, byte_count(template)
    for found in _PLACEHOLDER.finditer(template):
        filled = _shown(found.group(1).strip(), values, strict)
        size += byte_count(filled)
        check_size(size)
        parts += [template[end : found.start()], filled]
        end = found.end()
    return "".join([*parts, template[end:]])


def _shown(name: str, values: dict[str, Any], strict: bool) -> str:
    value = values[name] if name in values else at(values, name.split("."))
    if value is None and strict:
        raise Unfit("values", f"has no '{name}'")
    if isinstance(value, dict | list):
        raise Unfit("values", f"'{name}' must be a text, a number, or true or false")
    return written(value)
