"""Bytes as texts: UTF-8, hexadecimal, base64 and base64url, in both directions."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from binascii import a2b_base64, unhexlify

from libs.logic.core.registry import Unfit

_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def utf8(parameter: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Unfit(parameter, "has a character that isn't Unicode") from None


def utf8_text(parameter: str, octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise Unfit(parameter, "holds bytes that are no UTF-8 text") from None


def encoded(octets: bytes, encoding: str) -> str:
    if encoding == "hex":
        return octets.hex()
    if encoding == "base64url":
        return urlsafe_b64encode(octets).decode().rstrip("=")
    return b64encode(octets).decode()


def decoded(parameter: str, text: str, encoding: str) -> bytes:
    """The bytes of a text, of hexadecimal digits or of base64 in either alphabet; Unfit when they are none."""
    if encoding == "text":
        return utf8(parameter, text)
    try:
        return unhexlify(text) if encoding == "hex" else _from_base64(text)
    except ValueError:
        raise Unfit(parameter, f"must be {encoding}") from None


def _from_base64(text: str) -> bytes:
    """White space is ignored, and the = at the end may be missing."""
    digits = "".join(text.split()).translate({ord("-"): "+", ord("_"): "/"})
    body = digits.rstrip("=")
    padding = len(digits) - len(body)
    if _NOT_BASE64.search(body) or len(body) % 4 == 1 or padding not in {0, -len(body) % 4}:
        raise ValueError
    return a2b_base64(body + "=" * (-len(body) % 4), strict_mode=True)
