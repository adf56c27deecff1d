"""Digests of what is too long to be hashed in JavaScript, made by the host on a script's behalf."""

import asyncio
import base64
import hashlib
import hmac
from typing import Any

from libs.logic.budget import Meter
from libs.logic.errors import LogicError

_NAMES = {"SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}

# What a digest counts as data at least, so that short ones are not worth asking the host for.
_LEAST_BYTES = 32 << 10


async def digest(call: dict[str, Any], meter: Meter) -> dict[str, Any]:
    """`{base64}`, an HMAC if the call has a key; raises LogicError. Nothing in `call` is trusted."""
    name, key, data = (call.get(member) for member in ("hash", "key", "base64"))
    if not isinstance(name, str) or name not in _NAMES or not isinstance(data, str) or not isinstance(key, str | None):
        raise _invalid()
    meter.take_data(max(len(data), _LEAST_BYTES))
    return {"base64": await asyncio.to_thread(_digest, _NAMES[name], key, data)}


def _digest(name: str, key: str | None, data: str) -> str:
    try:
        message = base64.b64decode(data, validate=True)
        secret = None if key is None else base64.b64decode(key, validate=True)
    except ValueError:
        raise _invalid() from None
    made = hashlib.new(name, message).digest() if secret is None else hmac.digest(secret, message, name)
    return base64.b64encode(made).decode()


def _invalid() -> LogicError:
    return LogicError("invalid_input", "The script's digest can't be made of what it asked for.")
