"""Bodies as JSON bytes: any JSON value comes back as it went in, integers beyond 64 bits too."""

from __future__ import annotations

import json
from typing import Any

import orjson

_BEYOND_ORJSON = b" "  # orjson never writes leading white space, and would read a huge integer as a float


def encode_body(body: Any) -> bytes:
    """orjson's bytes, or a blank and the standard library's where orjson can't write the value."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        return _BEYOND_ORJSON + json.dumps(body, separators=(",", ":")).encode()


def decode_body(data: bytes) -> Any:
    return json.loads(data) if data.startswith(_BEYOND_ORJSON) else orjson.loads(data)
