"""`uuid.*`: identifiers that need no authority (RFC 9562)."""

from __future__ import annotations

import re
import secrets
import time
import uuid
from typing import Annotated

from libs.logic.core.octets import utf8
from libs.logic.core.registry import Integer, Library, Text, Unfit, Value

functions = Library()

_UUID = {"type": "string", "format": "uuid"}
_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_SPECIAL = {"0" * 32, "f" * 32}
_NAMESPACES = {
    "dns": uuid.NAMESPACE_DNS,
    "url": uuid.NAMESPACE_URL,
    "oid": uuid.NAMESPACE_OID,
    "x500": uuid.NAMESPACE_X500,
}


@functions.action("uuid.v4", "Random UUID", output=_UUID)
def v4() -> str:
    """A new UUID of random bits."""
    return str(uuid.uuid4())


@functions.action("uuid.v5", "UUID of a name", output=_UUID)
def v5(
    namespace: Annotated[Text, "What kind of name it is: dns, url, oid, x500, or a UUID of one's own."],
    name: Annotated[Text, "The name."],
) -> str:
    """The UUID of a name: always the same for the same name in the same namespace."""
    known = _NAMESPACES.get(namespace)
    if known is None and not _FORM.fullmatch(namespace):
        raise Unfit("namespace", "must be dns, url, oid, x500 or a UUID")
    space = known or uuid.UUID(namespace)
    utf8("name", name)
    return str(uuid.uuid5(space, name))


@functions.action("uuid.v7", "UUID in order of time", output=_UUID)
def v7() -> str:
    """A new UUID that begins with the time in milliseconds, so that it sorts after those of earlier ones."""
    value = (time.time_ns() // 1_000_000 << 80) | (0x7 << 76) | (secrets.randbits(12) << 64)
    return str(uuid.UUID(int=value | (0b10 << 62) | secrets.randbits(62)))


@functions.condition("uuid.is-valid", "Is a UUID")
def is_valid(
    string: Annotated[Value, "What to look at."],
    version: Annotated[Integer, "Which version it must be, from 1 to 8; by default any."] | None = None,
) -> bool:
    """Whether this is a UUID as text, with its four hyphens, in either case. The nil and max UUID count, too."""
    found = _FORM.fullmatch(string) if isinstance(string, str) else None
    if found is None:
        return False
    if string.replace("-", "").lower() in _SPECIAL:
        return version is None
    known = found[2].lower() in "89ab" and found[1] in "12345678"
    return known and (version is None or int(found[1], 16) == version)
