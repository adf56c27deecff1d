"""How a document lies in MongoDB: declared fields as members of their own, everything free-form as one binary.

Times are microseconds since 1970, for BSON's own have only milliseconds. An absent field is left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import bson
from bson.binary import Binary
from bson.raw_bson import RawBSONDocument

from libs.common.bus.port import Message
from libs.common.clock import from_microseconds, to_microseconds
from libs.common.store.json_body import decode_body, encode_body
from libs.common.store.payloads import CHUNK_BYTES, Packed
from libs.common.store.port import Collection, Document, FieldType, Value, check_fields

Raw: TypeAlias = dict[str, Any]

ID = "_id"
REVISION = "_r"
BODY = "_b"
PAYLOAD = "_p"
WRITES = "_w"
"""Marks of the last few writes: by them a writer whose answer was lost finds out that it succeeded."""
CLAIM = "_c"
OUTBOX = "_o"
OUTBOX_MARK = "_om"
OUTBOX_SINCE = "_os"
GONE = "_gone"
"""On a tombstone: deleted, with events that have yet to leave."""
MARKS_KEPT = 4
_MOST_BYTES = 16 << 20
WITHOUT_PAYLOAD = {PAYLOAD: False, OUTBOX: False}
WITH_PAYLOAD = {OUTBOX: False}


class DocumentTooLarge(ValueError):
    """MongoDB takes no document over 16 MiB; refused before anything is sent."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(
            f"a document of {size_bytes} bytes, its events included, is over MongoDB's limit of {_MOST_BYTES}; "
            "keep what is large as a payload"
        )


def encoded(raw: Raw) -> RawBSONDocument:
    """As it is sent. What can't be encoded is refused here, by itself, and not with all the others of a batch.

    Raises DocumentTooLarge, UnicodeEncodeError, OverflowError.
    """
    data = bson.encode(raw)
    if len(data) > _MOST_BYTES:
        raise DocumentTooLarge(len(data))
    return RawBSONDocument(data)


def new_mark() -> int:
    """Tells one write from another; it need not be hard to guess."""
    return random.getrandbits(62)


class MongoLayout:
    """The members of one collection's documents, worked out once."""

    def __init__(self, spec: Collection) -> None:
        self.spec = spec
        self._encoders = tuple((name, _ENCODERS.get(kind)) for name, kind in spec.fields.items())
        self._decoders = tuple((name, _DECODERS.get(kind)) for name, kind in spec.fields.items())

    def inserted(self, document: Document, payload: Raw | None, mark: int) -> Raw:
        """The whole document, as its first write leaves it."""
        raw = {ID: document.id, REVISION: 1, BODY: Binary(encode_body(document.body)), WRITES: [mark]}
        raw.update(self._present(document))
        if payload is not None:
            raw[PAYLOAD] = payload
        return raw

    def changes(self, document: Document, payload: Raw | None) -> tuple[Raw, Raw]:
        """What an update sets and what it unsets."""
        present = self._present(document)
        unset = dict.fromkeys((name for name in self.spec.fields if name not in present), "")
        present[BODY] = Binary(encode_body(document.body))
        if payload is not None:
            present[PAYLOAD] = payload
        return present, unset

    def document(self, raw: Mapping[str, Any], payload: bytes | None = None) -> Document:
        get = raw.get
        fields: dict[str, Value] = {
            name: decode(value) if decode and value is not None else value
            for name, decode in self._decoders
            for value in (get(name),)
        }
        return Document(raw[ID], fields, decode_body(raw[BODY]), payload, raw[REVISION])

    def encode(self, field: str, value: Value) -> Any:
        """A value as its member holds it."""
        encode = _ENCODERS.get(self.spec.fields.get(field, "text"))
        return encode(value) if encode and value is not None else value

    def _present(self, document: Document) -> Raw:
        check_fields(self.spec, document)
        present: Raw = {}
        for name, encode in self._encoders:
            value = document.fields.get(name)
            if value is not None:
                present[name] = encode(value) if encode else value
        return present


def member(field: str) -> str:
    """The member that holds a declared field, or the id."""
    return ID if field == "id" else field


def inline_payload(packed: Packed) -> Raw | None:
    """A payload that stays in its document; None for one that is too large for that."""
    if len(packed.chunks) > 1 or sum(map(len, packed.chunks)) > CHUNK_BYTES:
        return None
    return {"e": packed.encoding, "d": Binary(b"".join(packed.chunks))}


def outbox_entries(events: Sequence[Message]) -> list[Raw]:
    return [{"t": event.topic, "k": event.key, "v": Binary(event.value)} for event in events]


def outbox_messages(entries: Sequence[Mapping[str, Any]]) -> list[Message]:
    return [Message(entry["t"], entry["k"], bytes(entry["v"])) for entry in entries]


_ENCODERS: dict[FieldType, Callable[[Any], Any]] = {"time": to_microseconds, "texts": list}
_DECODERS: dict[FieldType, Callable[[Any], Any]] = {"time": from_microseconds, "texts": tuple}
