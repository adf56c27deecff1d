"""AES-256 keys under their ids, and the ring of key-encryption keys that wraps every data key.

What a key encrypted reads `v1.<key id>.<base64url of nonce and ciphertext>`: since each text names its key, keys can
be added and old ones retired while texts of both are read.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.common.settings import SettingsRefused

KEY_BYTES = 32
_VERSION = "v1"
_NONCE_BYTES = 12  # random: safe for 2**32 texts per key (NIST SP 800-38D, 8.3)
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")


class SealingRefused(SettingsRefused):
    """The key ring is missing, malformed or not the one that sealed what is stored."""


@dataclass(frozen=True, slots=True)
class Key:
    """An AES-256 key under its id; the cipher holds the key and shows it to nobody."""

    id: str
    cipher: AESGCM = field(repr=False)

    def encrypt(self, plaintext: bytes, context: Sequence[str]) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self.cipher.encrypt(nonce, plaintext, _associated(context))
        return f"{_VERSION}.{self.id}.{base64.urlsafe_b64encode(sealed).decode()}"

    def decrypt(self, text: str, context: Sequence[str]) -> bytes:
        """Raises ValueError, InvalidTag."""
        sealed = base64.urlsafe_b64decode(text.rpartition(".")[2])
        return self.cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _associated(context))


def _associated(context: Sequence[str]) -> bytes:
    """What a ciphertext is bound to; as JSON, since joined parts could be shifted into each other."""
    return orjson.dumps([_VERSION, *context])


def key_id_of(text: str) -> str | None:
    parts = text.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == _VERSION else None


class KeyRing:
    """Key-encryption keys, newest first: the newest wraps, every one unwraps."""

    def __init__(self, keys: Sequence[Key], source: str) -> None:
        self._keys = {key.id: key for key in keys}
        self._newest = keys[0]
        self._source = source

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    @classmethod
    def parse(cls, text: str, source: str = "CREDENTIALS_KEYS") -> KeyRing:
        """`id:base64`, separated by commas or lines. Raises SealingRefused, naming `source` and never a key."""
        entries = [entry.strip() for entry in re.split(r"[,\n]", text) if entry.strip()]
        if not entries:
            raise SealingRefused(f"{source} holds no key; give at least one as `id:base64`, the key 32 random bytes.")
        keys = [_parse_key(entry, f"{source}: entry {number}") for number, entry in enumerate(entries, 1)]
        if len({key.id for key in keys}) < len(keys):
            raise SealingRefused(f"{source}: two entries have the same id; give every key its own.")
        return cls(keys, source)

    @property
    def newest_id(self) -> str:
        return self._newest.id

    def wrap(self, secret: bytes, context: Sequence[str]) -> str:
        return self._newest.encrypt(secret, context)

    def unwrap(self, text: str, context: Sequence[str]) -> bytes:
        """Raises SealingRefused when no key of the ring, or another one of the same id, wrapped this."""
        id = key_id_of(text)
        key = self._keys.get(id or "")
        if key is None:
            raise SealingRefused(f"{self._source} lacks the key {id!r}, under which data is sealed; put it back.")
        try:
            return key.decrypt(text, context)
        except (ValueError, InvalidTag):
            raise SealingRefused(
                f"{self._source}: the key {id!r} is not the one that sealed the stored data; "
                "give the former key back its id, and a new key a new id."
            ) from None


def _parse_key(entry: str, where: str) -> Key:
    id, _, encoded = entry.partition(":")
    if not encoded or not _KEY_ID.fullmatch(id):
        raise SealingRefused(f"{where} is not `id:base64`, the id of letters, digits, `-` and `_`.")
    try:
        secret = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise SealingRefused(f"{where} is not base64 behind `{id}:`.") from None
    if len(secret) != KEY_BYTES:
        raise SealingRefused(f"{where}: the key `{id}` has {len(secret)} bytes; it needs {KEY_BYTES}.")
    return Key(id, AESGCM(secret))


def load_or_create_key_file(path: Path) -> tuple[KeyRing, bool]:
    """The ring in the file, and whether the file was made just now, readable by its owner alone.

    Raises SealingRefused.
    """
    try:
        created = not path.exists() and _create_key_file(path)
        return KeyRing.parse(path.read_text(encoding="ascii"), str(path)), created
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SealingRefused(f"The key file {path} can't be used: {reason}.") from None


def _create_key_file(path: Path) -> bool:
    """False when another start made it first. A crash leaves the whole file or none: it is linked when durable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"k1:" + base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(draft)
    _sync_directory(path.parent)
    return True


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
