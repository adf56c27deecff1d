"""Bodies as JSON bytes: any JSON value comes back as it went in, integers beyond 64 bits too."""

from __future__ import annotations

import json
from typing import Any

import orjson

MAX_BODY_BYTES = 8 << 20
"""MongoDB takes documents of 16 MiB; what may grow further is a payload."""
_BEYOND_ORJSON = b" "  # orjson never writes leading white space, and would read a huge integer as a float


class BodyTooLarge(ValueError):
    """The body is over MAX_BODY_BYTES; refused before anything is sent."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            f"a body of {size_bytes} bytes is over the limit of {MAX_BODY_BYTES}; keep what is large as a payload"
        )


def encode_body(body: Any) -> bytes:
    """orjson's bytes, or a blank and the standard library's where orjson can't write it. Raises BodyTooLarge."""
    try:
        encoded = orjson.dumps(body)
    except orjson.JSONEncodeError:
        encoded = _BEYOND_ORJSON + json.dumps(body, separators=(",", ":")).encode()
    if len(encoded) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(encoded))
    return encoded


def decode_body(data: bytes) -> Any:
    return json.loads(data) if data.startswith(_BEYOND_ORJSON) else orjson.loads(data)
