"""`xml.*`: XML as values in the manner of xmltodict, without document types and so without entities of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any
from xml.parsers import expat

import xmltodict

from libs.logic.core.json_texts import check_fits, indent_bytes
from libs.logic.core.octets import utf8
from libs.logic.core.registry import Boolean, Library, Object, Text, Texts, Unfit, check_size
from libs.logic.core.strings import byte_count
from libs.logic.values import DEEPEST, exceeds

functions = Library()

# Some hundred microseconds' work.
_LARGE_BYTES = 2 << 10
_ANY_SIZE = 1 << 60

# Names of XML 1.0 (fifth edition), with at most one prefix.
_FIRST = (
    "A-Z_a-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef"
    "\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART = f"[{_FIRST}][{_FIRST}.0-9\u00b7\u0300-\u036f\u203f\u2040-]*"
_NAME = re.compile(f"{_PART}(:{_PART})?")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

AttributePrefix = Annotated[Text, "What the names of members that stand for attributes begin with."]
TextName = Annotated[Text, "The member that holds the text of an element with attributes or children."]


class _Strict:
    """Expat for xmltodict, with document types refused: so no entity can grow or reach for a file."""

    @staticmethod
    def ParserCreate(encoding: str | None, separator: str | None) -> expat.XMLParserType:  # noqa: N802 expat's own name
        parser = expat.ParserCreate(encoding, separator)
        parser.StartDoctypeDeclHandler = _refuse_document_type
        return parser


@functions.action("xml.decode", "Read XML", output={"type": "object"}, large_bytes=_LARGE_BYTES)
def decode(
    string: Annotated[Text, "The XML text."],
    attribute_prefix: AttributePrefix = "@",
    text_name: TextName = "#text",
    lists: Annotated[Texts, "Names of elements that are arrays even if they occur once."] | None = None,
) -> dict[str, Any]:
    """Reads XML into an object with the root element as its only member.

    An element is its text, or null if it is empty, or an object if it has attributes or children; what occurs more
    than once is an array. White space around texts, comments and instructions are left out, prefixes of names stay.
    A document type (DOCTYPE) is refused.
    """
    _check_names(attribute_prefix, text_name)
    try:
        value: dict[str, Any] = xmltodict.parse(
            utf8("string", string),
            encoding="utf-8",
            expat=_Strict,
            attr_prefix=attribute_prefix,
            cdata_key=text_name,
            force_list=tuple(lists or ()),
        )
    except expat.ExpatError as error:
        told = expat.ErrorString(error.code)
        raise Unfit("string", f"must be XML: {told} at line {error.lineno}, column {error.offset + 1}") from None
    if exceeds(value, _ANY_SIZE):
        raise Unfit("string", f"must not be nested deeper than {DEEPEST} levels")
    check_fits(value)
    return value


@functions.action("xml.encode", "Write XML", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def encode(
    value: Annotated[Object, "An object with the root element as its only member, as `xml.decode` answers."],
    pretty: Annotated[Boolean, "Whether each element gets a line of its own, indented by two spaces."] = False,
    declaration: Annotated[Boolean, "Whether it begins with <?xml version=…?>."] = True,
    attribute_prefix: AttributePrefix = "@",
    text_name: TextName = "#text",
) -> str:
    """Writes an object as XML. An array repeats its element, null is an empty one; texts are escaped."""
    _check_names(attribute_prefix, text_name)
    if len(value) != 1 or type(next(iter(value.values()))) is list:
        raise Unfit("value", "must have one member, the root element, which is no array")
    check_fits(value)
    _check_members(value, attribute_prefix, text_name)
    check_size(2 * indent_bytes(value) if pretty else 0)
    text: str = xmltodict.unparse(
        value,
        full_document=declaration,
        short_empty_elements=True,
        pretty=pretty,
        indent="  ",
        attr_prefix=attribute_prefix,
        cdata_key=text_name,
    )
    return text


def _refuse_document_type(*_: object) -> None:
    raise Unfit("string", "must not have a document type (DOCTYPE)")


def _check_names(attribute_prefix: str, text_name: str) -> None:
    if not attribute_prefix:
        raise Unfit("attributePrefix", "must not be empty")
    if not text_name:
        raise Unfit("textName", "must not be empty")


def _check_members(root: dict[str, Any], attribute_prefix: str, text_name: str) -> None:
    """Refuses what would make no XML, or too much: names, characters, and values that have no form."""
    level = list(root.items())
    _check_name(level[0][0], "element")
    size = 0
    while level:
        size += sum(2 * byte_count(name) for name, _ in level)
        check_size(size)
        children: list[tuple[str, Any]] = []
        for name, element in level:
            if type(element) is dict:
                children += _children(element, attribute_prefix, text_name)
            else:
                _check_text(name, element)
        level = children


def _children(element: dict[str, Any], attribute_prefix: str, text_name: str) -> Iterator[tuple[str, Any]]:
    for name, value in element.items():
        if name == text_name:
            _check_text(name, value)
        elif name.startswith(attribute_prefix):
            _check_name(name.removeprefix(attribute_prefix), "attribute")
            _check_text(name, value)
        else:
            _check_name(name, "element")
            for each in value if type(value) is list else [value]:
                yield name, each


def _check_name(name: str, kind: str) -> None:
    if not _NAME.fullmatch(name):
        raise Unfit("value", f"'{name:.40}' can't be the name of an {kind}")


def _check_text(name: str, value: Any) -> None:
    if type(value) in {dict, list}:
        raise Unfit("value", f"'{name:.40}' must be a text, a number, true, false or null there")
    if type(value) is str and _NOT_XML.search(value):
        raise Unfit("value", f"'{name:.40}' has a character that XML can't hold")
