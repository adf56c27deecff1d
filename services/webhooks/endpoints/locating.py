"""Where a value stands in a request: `header:x-id`, `query:id`, `body:repository.id`, `body-hash`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from libs.common.verification import SignedRequest, body_hash

_HASH = "body-hash"
_PLACES = ("header", "query", "body")


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a request."""

    place: str
    name: str

    def value(self, request: SignedRequest) -> str | None:
        """The text there; None when it is missing or not scalar."""
        if self.place == "header":
            return request.headers.get(self.name) or None
        if self.place == "query":
            return request.query.get(self.name) or None
        if self.place == _HASH:
            return body_hash(request.body)
        return _scalar(_member(_parsed(request.body), self.name))


def parse_location(text: object) -> Location:
    """Raises ValueError with a sentence."""
    if text == _HASH:
        return Location(_HASH, "")
    place, colon, name = text.partition(":") if isinstance(text, str) else ("", "", "")
    if place not in _PLACES or not colon or not name:
        raise ValueError("must be header:<name>, query:<name>, body:<path> or body-hash")
    return Location(place, name.lower() if place == "header" else name)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _member(content: Any, path: str) -> Any:
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _scalar(value: Any) -> str | None:
    if isinstance(value, str):
        return value or None
    return orjson.dumps(value).decode() if isinstance(value, int | float) else None
