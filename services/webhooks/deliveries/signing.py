"""Standard Webhooks signatures (`spec/standard-webhooks.md`): HMAC-SHA256 over `id.timestamp.body`, version `v1`."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A fresh signing secret, as subscribers store it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature_headers(id: str, timestamp_s: int, body: bytes, signing_secrets: Sequence[str]) -> dict[str, str]:
    """The three headers; one signature per secret, so that old and new both verify during a rotation."""
    signed = f"{id}.{timestamp_s}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(_key_of(secret), signed, "sha256")).decode() for secret in signing_secrets
    ]
    return {"webhook-id": id, "webhook-timestamp": str(timestamp_s), "webhook-signature": " ".join(signatures)}


def _key_of(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(_PREFIX))
