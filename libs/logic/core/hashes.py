"""`hash.*` and `hmac.*`: digests of a text's UTF-8 bytes, and digests with a key."""

from __future__ import annotations

import hashlib
import hmac
import zlib
from typing import Annotated

from libs.logic.core.octets import decoded, encoded, utf8
from libs.logic.core.registry import Library, Text, one_of

functions = Library()

ToDigest = Annotated[Text, "The text whose UTF-8 bytes are digested."]
Encoding = Annotated[str, one_of("hex", "base64", "base64url"), "How the digest is written."]
Key = Annotated[Text, "The secret key."]
KeyEncoding = Annotated[str, one_of("text", "hex", "base64"), "How the key's bytes are written; text is UTF-8."]


def _digest(name: str, label: str, algorithm: str, remark: str = "") -> None:
    def digest(string: ToDigest, encoding: Encoding = "hex") -> str:
        return encoded(hashlib.new(algorithm, utf8("string", string), usedforsecurity=False).digest(), encoding)

    digest.__doc__ = f"The {label} digest of a text.{remark}"
    functions.action(f"hash.{name}", label, output={"type": "string"})(digest)


def _keyed_digest(name: str, label: str) -> None:
    def keyed_digest(string: ToDigest, key: Key, key_encoding: KeyEncoding = "text", encoding: Encoding = "hex") -> str:
        digest = hmac.digest(decoded("key", key, key_encoding), utf8("string", string), name)
        return encoded(digest, encoding)

    keyed_digest.__doc__ = f"The {label} of a text (RFC 2104), which shows that its sender knows the key."
    functions.action(f"hmac.{name}", label, output={"type": "string"})(keyed_digest)


_BROKEN = " It is no longer safe against forgery; use it only where it is asked for."
_digest("md5", "MD5", "md5", _BROKEN)
_digest("sha1", "SHA-1", "sha1", _BROKEN)
_digest("sha256", "SHA-256", "sha256")
_digest("sha384", "SHA-384", "sha384")
_digest("sha512", "SHA-512", "sha512")
_digest("sha3-256", "SHA3-256", "sha3_256")


@functions.action("hash.crc32", "CRC-32", output={"type": "string"})
def crc32(string: ToDigest, encoding: Encoding = "hex") -> str:
    """The CRC-32 checksum of a text, as of gzip and PNG. It finds accidents, not forgery."""
    return encoded(zlib.crc32(utf8("string", string)).to_bytes(4, "big"), encoding)


@functions.condition("hash.equal", "Digests are equal")
def equal(digest: Annotated[Text, "A digest or other secret text."], other: Annotated[Text, "The other one."]) -> bool:
    """Whether two texts are the same, in a time that doesn't tell where they differ. Upper and lower case differ."""
    return hmac.compare_digest(utf8("digest", digest), utf8("other", other))


for _name, _label in (
    ("sha1", "HMAC with SHA-1"),
    ("sha256", "HMAC with SHA-256"),
    ("sha384", "HMAC with SHA-384"),
    ("sha512", "HMAC with SHA-512"),
):
    _keyed_digest(_name, _label)
