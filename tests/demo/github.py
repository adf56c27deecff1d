"""GitHub's side of the story: a push webhook as it really sends one, bytes and headers."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from pathlib import Path

import orjson

_EXAMPLE = Path(__file__).with_name("github_push.json")


def push_body() -> bytes:
    """The payload of one push; GitHub sends its JSON compact."""
    return orjson.dumps(orjson.loads(_EXAMPLE.read_bytes()))


def headers(body: bytes, secret: str, delivery_id: str | None = None) -> dict[str, str]:
    """As documented at https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers."""
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": delivery_id or str(uuid.uuid4()),
        "X-GitHub-Event": "push",
        "X-GitHub-Hook-ID": "292430182",
        "X-GitHub-Hook-Installation-Target-ID": "186853002",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
