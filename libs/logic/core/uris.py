"""`uri.*`: addresses and their parts (RFC 3986)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from libs.logic.core.octets import utf8, utf8_text
from libs.logic.core.registry import Library, Object, Text, Texts, Unfit, Value

functions = Library()

# A quarter of a millisecond's work or more for every kilobyte.
_LARGE_BYTES = 4 << 10

_PARTS = ("scheme", "user", "password", "host", "port", "path", "query", "fragment")
_OUTPUT = {
    "type": "object",
    "properties": {name: {"type": ["integer" if name == "port" else "string", "null"]} for name in _PARTS},
}

# RFC 3986, appendix B; then what of the authority, and what may be in none of them.
_REFERENCE = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(?:([^:@]*)(?::([^@]*))?@)?(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(?::([0-9]{0,5}))?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_NOT_IN_A_URI = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]|%(?![0-9A-Fa-f]{2})")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f<>\"\\^`{|}:/?#@\[\]]*")

# Besides letters, digits and -_.~ these stay as they are.
_OF_COMPONENT = "!*'()"
_OF_USER = "!$&'()*+,;="
_OF_PATH = f"{_OF_USER}:@/"
_OF_QUERY = f"{_OF_PATH}?"


@dataclass(frozen=True, slots=True)
class Reference:
    """A URI or a relative reference, its five parts as they are written."""

    scheme: str | None
    authority: str | None
    path: str
    query: str | None
    fragment: str | None

    def __str__(self) -> str:
        scheme = "" if self.scheme is None else f"{self.scheme}:"
        authority = "" if self.authority is None else f"//{self.authority}"
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{scheme}{authority}{self.path}{query}{fragment}"


@functions.action("uri.encode", "Encode for a URI", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def encode(string: Annotated[Text, "The text."]) -> str:
    """Writes a text as a component of a URI: all but letters, digits and -_.~!*'() becomes % and two digits per byte of
    UTF-8, also / and &."""
    utf8("string", string)
    return quote(string, safe=_OF_COMPONENT)


@functions.action("uri.decode", "Decode from a URI", output={"type": "string"}, large_bytes=_LARGE_BYTES)
def decode(string: Annotated[Text, "The component of a URI."]) -> str:
    """Reads what `uri.encode` writes. A + stays what it is; a % without two digits is an error."""
    return decoded_text("string", string)


@functions.action("uri.parse", "Parts of a URI", output=_OUTPUT, large_bytes=_LARGE_BYTES)
def parse(uri: Annotated[Text, "A URI, or a reference without a scheme."]) -> dict[str, Any]:
    """The scheme, user, password, host, port, path, query and fragment of a URI; null for what it doesn't have.

    All are as written, so decode them with `uri.decode` and `query.decode`; scheme and host are in lower case.
    """
    reference = _read("uri", uri)
    parts: dict[str, Any] = dict.fromkeys(_PARTS)
    if reference.authority is not None:
        user, password, host, port = _authority("uri", reference.authority)
        parts |= {"user": user, "password": password, "host": host.lower(), "port": int(port) if port else None}
    scheme = reference.scheme and reference.scheme.lower()
    return parts | {
        "scheme": scheme,
        "path": reference.path,
        "query": reference.query,
        "fragment": reference.fragment,
    }


@functions.action(
    "uri.build", "URI of its parts", output={"type": "string", "format": "uri-reference"}, large_bytes=_LARGE_BYTES
)
def build(
    parts: Annotated[Object, "Any of scheme, user, password, host, port, path, query (as text) and fragment."],
) -> str:
    """Joins the parts that `uri.parse` tells. What can't stand in a part is encoded; % and two digits stay."""
    unknown = next((name for name in parts if name not in _PARTS), None)
    if unknown is not None:
        raise Unfit("parts", f"'{unknown:.40}' is none of {', '.join(_PARTS)}")
    scheme, path = _text(parts, "scheme"), _text(parts, "path")
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        raise Unfit("parts", "'scheme' must be letters, digits, +, - and .")
    authority = _joined_authority(parts)
    path = _escaped(path or "", _OF_PATH)
    if authority is not None and path and not path.startswith("/"):
        path = f"/{path}"
    if authority is None and (path.startswith("//") or (scheme is None and ":" in path.split("/")[0])):
        raise Unfit("parts", "'path' would be taken for another part without a 'host' or 'scheme'")
    query, fragment = (_text(parts, name) for name in ("query", "fragment"))
    return str(
        Reference(
            scheme,
            authority,
            path,
            None if query is None else _escaped(query, _OF_QUERY),
            None if fragment is None else _escaped(fragment, _OF_QUERY),
        )
    )


@functions.action("uri.resolve", "Resolve a URI", output={"type": "string", "format": "uri"}, large_bytes=_LARGE_BYTES)
def resolve(
    base: Annotated[Text, "The absolute URI that the reference stands in."],
    reference: Annotated[Text, "The reference, such as ../other?page=2."],
) -> str:
    """The absolute URI that a reference means in a document at another (RFC 3986, section 5.2)."""
    start, target = _read("base", base), _read("reference", reference)
    if start.scheme is None:
        raise Unfit("base", "must have a scheme, such as https")
    return str(_resolved(start, target))


@functions.condition("uri.is-valid", "Is a URI", large_bytes=_LARGE_BYTES)
def is_valid(
    string: Annotated[Value, "What to look at."],
    schemes: Annotated[Texts, "Which schemes it may have, such as https; by default any."] | None = None,
) -> bool:
    """Whether this is the text of an absolute URI, with a scheme and a host or path."""
    if not isinstance(string, str):
        return False
    try:
        parts = parse(string)
    except Unfit:
        return False
    if parts["scheme"] is None or not (parts["host"] or parts["path"]):
        return False
    return schemes is None or parts["scheme"] in map(str.lower, schemes)


def decoded_text(parameter: str, text: str) -> str:
    if "%" not in text:
        return text
    if _BAD_PERCENT.search(text):
        raise Unfit(parameter, "has a % without two hexadecimal digits after it")
    utf8(parameter, text)
    return utf8_text(parameter, unquote_to_bytes(text))


def _read(parameter: str, text: str) -> Reference:
    found = _REFERENCE.fullmatch(text)
    if found is None or _NOT_IN_A_URI.search(text):
        raise Unfit(parameter, "must be a URI, in which spaces and the like are written as %20")
    scheme, authority, path, query, fragment = found.groups()
    if scheme is not None and not _SCHEME.fullmatch(scheme):
        raise Unfit(parameter, "must be a URI, whose scheme is letters, digits, +, - and .")
    if authority is not None:
        _authority(parameter, authority)
    return Reference(scheme, authority, path, query, fragment)


def _authority(parameter: str, authority: str) -> tuple[str | None, str | None, str, str | None]:
    found = _AUTHORITY.fullmatch(authority)
    if found is None or int(found[4] or 0) > 65535:
        raise Unfit(parameter, "must be a URI; what stands between // and the path is no host")
    return found[1], found[2], found[3], found[4]


def _joined_authority(parts: dict[str, Any]) -> str | None:
    host, user, password = (_text(parts, name) for name in ("host", "user", "password"))
    port = parts.get("port")
    if host is None:
        if user is not None or password is not None or port is not None:
            raise Unfit("parts", "must have a 'host' if there is a user, password or port")
        return None
    if not _HOST.fullmatch(host):
        raise Unfit("parts", "'host' must be a name or an address, with [ and ] around one of IPv6")
    if port is not None and (type(port) is not int or not 0 <= port <= 65535):
        raise Unfit("parts", "'port' must be a whole number up to 65535")
    if password is not None and user is None:
        raise Unfit("parts", "must have a 'user' if there is a password")
    secret = "" if password is None else f":{_escaped(password, _OF_USER)}"
    before = "" if user is None else f"{_escaped(user, _OF_USER)}{secret}@"
    return f"{before}{host}{'' if port is None else f':{port}'}"


def _text(parts: dict[str, Any], name: str) -> str | None:
    part = parts.get(name)
    if part is not None and type(part) is not str:
        raise Unfit("parts", f"'{name}' must be a text")
    return part


def _escaped(text: str, allowed: str) -> str:
    utf8("parts", text)
    kept = re.split(r"(%[0-9A-Fa-f]{2})", text)
    return "".join(part if index % 2 else quote(part, safe=allowed) for index, part in enumerate(kept))


def _resolved(base: Reference, target: Reference) -> Reference:
    if target.scheme is not None:
        return Reference(target.scheme, target.authority, _without_dots(target.path), target.query, target.fragment)
    if target.authority is not None:
        return Reference(base.scheme, target.authority, _without_dots(target.path), target.query, target.fragment)
    query = target.query
    if not target.path:
        path = base.path
        query = base.query if query is None else query
    elif target.path.startswith("/"):
        path = _without_dots(target.path)
    else:
        path = _without_dots(_merged(base, target.path))
    return Reference(base.scheme, base.authority, path, query, target.fragment)


def _merged(base: Reference, path: str) -> str:
    if base.authority is not None and not base.path:
        return f"/{path}"
    return base.path[: base.path.rfind("/") + 1] + path


def _without_dots(path: str) -> str:
    """RFC 3986, section 5.2.4."""
    segments = path.split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if len(kept) > 1 or (kept and kept[0] != ""):
                kept.pop()
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/".join(kept)
