"""Payloads too large for their document: chunks in a collection beside it, stored first, swept if unclaimed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bson.binary import Binary
from pymongo import ASCENDING
from pymongo.errors import BulkWriteError

from libs.common.clock import Clock, to_microseconds
from libs.common.ids import new_id
from libs.common.store import mongo_indexes
from libs.common.store.mongo_errors import only_duplicates
from libs.common.store.mongo_layout import ID, PAYLOAD, Raw, inline_payload
from libs.common.store.payloads import pack_off_the_loop, unpack

_UNCLAIMED_FOR = timedelta(hours=1)
_SWEPT_AT_ONCE = 500
_CHUNKS_AT_ONCE = 16  # 4 MiB
_SWEPT = mongo_indexes.MongoIndex("sweep", ((ID, ASCENDING), ("o", ASCENDING), ("at", ASCENDING)))
"""Holds all that the sweep looks at, so that it reads no chunk itself."""
_REFERENCE = "c"


class Payloads:
    """The payloads of one collection. `owners` and `chunks` are Motor's collections."""

    def __init__(self, owners: Any, chunks: Any, clock: Clock) -> None:
        self._owners = owners
        self._chunks = chunks
        self._clock = clock

    async def keep(self, owner: str, payload: bytes | None) -> Raw | None:
        """What the document is to hold of it, once the chunks are stored."""
        if payload is None:
            return None
        packed = await pack_off_the_loop(payload)
        inline = inline_payload(packed)
        if inline is not None:
            return inline
        reference = await self._keep_chunks(owner, packed.chunks)
        return {"e": packed.encoding, _REFERENCE: reference, "n": len(packed.chunks)}

    async def _keep_chunks(self, owner: str, chunks: Sequence[bytes]) -> str:
        reference, at = new_id(), to_microseconds(self._clock.now())
        for start in range(0, len(chunks), _CHUNKS_AT_ONCE):
            numbered = enumerate(chunks[start : start + _CHUNKS_AT_ONCE], start)
            stored = [{ID: _chunk_id(reference, n), "o": owner, "at": at, "d": Binary(data)} for n, data in numbered]
            try:
                await self._chunks.insert_many(stored, ordered=False)
            except BulkWriteError as error:
                if not only_duplicates(error):  # those are ours: the id is new, and the answer was lost
                    raise
        return reference

    async def read(self, raw: Mapping[str, Any]) -> bytes | None:
        """The payload of a document. Raises PayloadMoved when it was replaced since the document was read."""
        kept = raw.get(PAYLOAD)
        if kept is None:
            return None
        if _REFERENCE not in kept:
            return unpack(kept["e"], [kept["d"]])
        return unpack(kept["e"], await self._read_chunks(kept[_REFERENCE], kept["n"]))

    async def _read_chunks(self, reference: str, count: int) -> list[bytes]:
        chunks: list[bytes] = []
        for start in range(0, count, _CHUNKS_AT_ONCE):
            ids = [_chunk_id(reference, number) for number in range(start, min(count, start + _CHUNKS_AT_ONCE))]
            page = self._chunks.find({ID: {"$in": ids}}, {"d": True}, sort=[(ID, ASCENDING)], limit=len(ids))
            found = await page.batch_size(len(ids)).to_list(len(ids))
            if len(found) < len(ids):
                raise PayloadMoved
            chunks += [each["d"] for each in found]
        return chunks

    async def sweep(self) -> None:
        """Removes what no document refers to any more, or never did because its writer died in between."""
        if await self._chunks.find_one({}, {ID: True}) is None:
            return
        await mongo_indexes.build(self._chunks, _SWEPT)
        before = to_microseconds(self._clock.now() - _UNCLAIMED_FOR)
        after = ""
        while True:
            page = self._chunks.find({ID: {"$gt": after}}, {"o": True, "at": True}, sort=[(ID, ASCENDING)])
            page.hint(_SWEPT.name).limit(_SWEPT_AT_ONCE)
            chunks = await page.to_list(_SWEPT_AT_ONCE)
            if not chunks:
                return
            await self._remove_unclaimed([chunk for chunk in chunks if chunk["at"] < before])
            after = chunks[-1][ID]

    async def _remove_unclaimed(self, chunks: Sequence[Mapping[str, Any]]) -> None:
        owners = {chunk["o"] for chunk in chunks}
        if not owners:
            return
        claimed = await self._references(owners)
        unclaimed = [chunk[ID] for chunk in chunks if chunk[ID].partition(":")[0] not in claimed]
        if unclaimed:
            await self._chunks.delete_many({ID: {"$in": unclaimed}})

    async def _references(self, owners: Iterable[str]) -> set[str]:
        found = self._owners.find({ID: {"$in": list(owners)}}, {f"{PAYLOAD}.{_REFERENCE}": True})
        return {raw.get(PAYLOAD, {}).get(_REFERENCE) async for raw in found}


def _chunk_id(reference: str, number: int) -> str:
    return f"{reference}:{number:06}"


class PayloadMoved(Exception):
    """The document that refers to these chunks was written anew meanwhile; read it again."""
