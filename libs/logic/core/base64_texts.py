"""`base64.*` and `hex.*`: the base64 and hexadecimal form of a text's UTF-8 bytes."""

from __future__ import annotations

from typing import Annotated

from libs.logic.core.octets import decoded, encoded, utf8, utf8_text
from libs.logic.core.registry import Boolean, Library, Text, Unfit, Value

functions = Library()

ToWrite = Annotated[Text, "The text whose UTF-8 bytes are written."]
ToSee = Annotated[Value, "What to look at."]


@functions.action("base64.encode", "Write base64", output={"type": "string"})
def encode(
    string: ToWrite,
    url_safe: Annotated[Boolean, "Whether to use - and _ for + and /, without = at the end (base64url)."] = False,
) -> str:
    """Writes a text as base64 (RFC 4648)."""
    return encoded(utf8("string", string), "base64url" if url_safe else "base64")


@functions.action("base64.decode", "Read base64", output={"type": "string"})
def decode(string: Annotated[Text, "The base64 text."]) -> str:
    """The text whose UTF-8 bytes these are, in either alphabet of base64 (with + and / or with - and _).

    White space is ignored, and the = at the end may be missing. Bytes that are no UTF-8 text are an error.
    """
    return utf8_text("string", decoded("string", string, "base64"))


@functions.condition("base64.is-valid", "Is base64")
def is_valid(string: ToSee) -> bool:
    """Whether this is a text of base64 in either alphabet; its bytes needn't be text."""
    return _is_valid(string, "base64")


@functions.action("hex.encode", "Write hexadecimal", output={"type": "string"})
def encode_hex(string: ToWrite) -> str:
    """Writes a text as two lower-case hexadecimal digits per byte."""
    return encoded(utf8("string", string), "hex")


@functions.action("hex.decode", "Read hexadecimal", output={"type": "string"})
def decode_hex(string: Annotated[Text, "The hexadecimal digits, in either case."]) -> str:
    """The text whose UTF-8 bytes these are. Bytes that are no UTF-8 text are an error."""
    return utf8_text("string", decoded("string", string, "hex"))


@functions.condition("hex.is-valid", "Is hexadecimal")
def is_valid_hex(string: ToSee) -> bool:
    """Whether this is a text of hexadecimal digits, two for each byte."""
    return _is_valid(string, "hex")


def _is_valid(value: object, encoding: str) -> bool:
    try:
        return type(value) is str and decoded("string", value, encoding) is not None
    except Unfit:
        return False
