"""What changes a collection in MongoDB. Every write leaves a mark, by which a lost answer is no lost outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bson.raw_bson import RawBSONDocument
from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from libs.common.store.mongo_batches import Batches
from libs.common.store.mongo_indexes import indexes_of
from libs.common.store.mongo_layout import (
    GONE,
    ID,
    MARKS_KEPT,
    OUTBOX,
    OUTBOX_MARK,
    OUTBOX_SINCE,
    REVISION,
    WRITES,
    Raw,
    encoded,
)
from libs.common.store.port import Collection, DuplicateKey, RevisionConflict

_DUPLICATE = 11000
_MARKS_AT_ONCE = 1000  # more than a batch has: they come in one answer
Entries: TypeAlias = Sequence[Raw]


@dataclass(frozen=True, slots=True)
class Change:
    """An update: which revision it is of, and what it sets and unsets."""

    id: str
    revision: int
    mark: int
    set: Raw
    unset: Raw


@dataclass(frozen=True, slots=True)
class _Insertion:
    raw: Raw
    sent: RawBSONDocument


@dataclass(frozen=True, slots=True)
class _Update:
    change: Change
    set: RawBSONDocument


@dataclass(frozen=True, slots=True)
class Saying:
    """Events that leave with a write, as the outbox keeps them; `at` is the store's time in microseconds."""

    entries: Entries
    mark: int
    at: int


class Writes:
    """The writes of one collection; `collection` is Motor's."""

    def __init__(self, collection: Any, spec: Collection) -> None:
        self._collection = collection
        self._name = spec.name
        self._fields_of = {index.name: _fields(index.keys) for index in indexes_of(spec)}
        self._inserts: Batches[_Insertion, Entries] = Batches(self._insert, lambda each: len(each.sent.raw))
        self._updates: Batches[_Update, None] = Batches(self._update, lambda each: len(each.set.raw))

    async def drain(self) -> None:
        await self._inserts.drain()
        await self._updates.drain()

    def insert(self, raw: Raw) -> asyncio.Future[Entries]:
        """Answers the outbox that is to leave with it. Raises as `encoded` says, and DuplicateKey from the future."""
        return self._inserts.add(_Insertion(raw, encoded(raw)))

    async def update(self, change: Change) -> None:
        """Raises as `encoded` says, RevisionConflict and DuplicateKey."""
        await self._updates.add(_Update(change, encoded(change.set)))

    async def update_and_say(self, change: Change, saying: Saying) -> Entries:
        """The change with its events in one write; answers the document's whole outbox. Raises as the port says."""
        try:
            stored = await self._collection.find_one_and_update(
                {ID: change.id, REVISION: change.revision},
                _with_outbox(change, saying),
                projection={OUTBOX: True},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            raise self._duplicate(error.details or {}) from None
        if stored is None:
            stored = await self._collection.find_one({ID: change.id, WRITES: change.mark}, {OUTBOX: True})
            if stored is None:
                raise self._conflict(change.id)
        return list(stored.get(OUTBOX, ()))

    async def delete(self, id: str, revision: int | None) -> bool | None:
        """None when it is there and can't be deleted yet: events of earlier writes wait in it.

        Raises RevisionConflict.
        """
        deleted = await self._collection.delete_one({**_standing(id, revision), OUTBOX_MARK: None})
        if deleted.deleted_count:
            return True
        stored = await self._collection.find_one({ID: id}, {REVISION: True, GONE: True})
        if stored is None or GONE in stored:
            return False
        if revision is not None and stored[REVISION] != revision:
            raise self._conflict(id)
        return None

    async def delete_and_say(self, id: str, revision: int | None, saying: Saying) -> Entries | None:
        """Leaves a tombstone with the events; answers its outbox, None when there is nothing to delete.

        Raises RevisionConflict.
        """
        tombstone = {ID: id, GONE: True, WRITES: [saying.mark], **_outbox(saying)}
        stored = await self._collection.find_one_and_update(
            _standing(id, revision),
            [{"$replaceWith": tombstone}],
            projection={OUTBOX: True},
            return_document=ReturnDocument.AFTER,
        )
        if stored is None:
            stored = await self._collection.find_one({ID: id}, {OUTBOX: True, WRITES: True, GONE: True}) or {}
            if revision is not None and stored and GONE not in stored:
                raise self._conflict(id)
            if GONE not in stored or saying.mark not in stored[WRITES]:
                return None
        return list(stored[OUTBOX])

    async def _insert(self, batch: list[_Insertion]) -> Sequence[Entries | Exception]:
        refused: Mapping[int, Mapping[str, Any]] = {}
        try:
            await self._collection.insert_many([each.sent for each in batch], ordered=False)
        except DuplicateKeyError:  # a server may refuse the command as a whole
            return [await self._insert_one(each) for each in batch]
        except BulkWriteError as error:
            refused = _refused(error)
        duplicates = [batch[index].raw[ID] for index, each in refused.items() if each.get("code") == _DUPLICATE]
        marks = await self._marks(duplicates) if duplicates else {}
        return [
            await self._refusal(each, refused[index], marks) if index in refused else _entries(each)
            for index, each in enumerate(batch)
        ]

    async def _insert_one(self, insertion: _Insertion) -> Entries | Exception:
        try:
            await self._collection.insert_one(insertion.sent)
        except DuplicateKeyError as error:
            return await self._refusal(insertion, error.details or {}, await self._marks([insertion.raw[ID]]))
        return _entries(insertion)

    async def _refusal(
        self, insertion: _Insertion, error: Mapping[str, Any], marks: Mapping[str, Raw]
    ) -> Entries | Exception:
        raw = insertion.raw
        holder = marks.get(raw[ID])
        if holder is None or error.get("code") != _DUPLICATE:
            return self._failure(error)
        if raw[WRITES][0] in holder.get(WRITES, ()):
            return _entries(insertion)
        if holder.get(GONE):
            return await self._revive(insertion)
        return DuplicateKey(self._name, ("id",))

    async def _revive(self, insertion: _Insertion) -> Entries | Exception:
        """A tombstone holds the id only until its events are out; they go on waiting in the new document."""
        raw, said = insertion.raw, _entries(insertion)
        waiting = _outbox(Saying(said, raw.get(OUTBOX_MARK, f"${OUTBOX_MARK}"), raw.get(OUTBOX_SINCE, 0)))
        try:
            revived = await self._collection.find_one_and_update(
                {ID: raw[ID], GONE: True},
                [{"$replaceWith": {"$mergeObjects": [{"$literal": raw}, waiting]}}],
                projection={OUTBOX: True},
                return_document=ReturnDocument.AFTER,
            )
        except DuplicateKeyError as error:
            return self._failure(error.details or {})
        if revived is None:
            answers = await self._insert([insertion])
            return answers[0]
        return list(revived[OUTBOX]) if said else ()

    async def _update(self, batch: list[_Update]) -> Sequence[Exception | None]:
        refused: Mapping[int, Mapping[str, Any]] = {}
        try:
            written = await self._collection.bulk_write([_update_one(each) for each in batch], ordered=False)
            matched = written.matched_count
        except BulkWriteError as error:
            refused, matched = _refused(error), error.details["nMatched"]
        answers: list[Exception | None] = [None] * len(batch)
        for index, refusal in refused.items():
            answers[index] = self._failure(refusal)
        if matched + len(refused) < len(batch):
            marks = await self._marks(each.change.id for each in batch)
            for index, change in enumerate(each.change for each in batch):
                if answers[index] is None and change.mark not in marks.get(change.id, {}).get(WRITES, ()):
                    answers[index] = self._conflict(change.id)
        return answers

    async def _marks(self, ids: Iterable[str]) -> dict[str, Raw]:
        found = self._collection.find({ID: {"$in": list(ids)}}, {WRITES: True, GONE: True}, batch_size=_MARKS_AT_ONCE)
        return {raw[ID]: raw async for raw in found}

    def _conflict(self, id: str) -> RevisionConflict:
        return RevisionConflict(f"{self._name}: {id} was changed, claimed or deleted since it was read")

    def _failure(self, error: Mapping[str, Any]) -> Exception:
        """Why one write of a batch was refused."""
        if error.get("code") != _DUPLICATE:
            return OperationFailure(error.get("errmsg", ""), error.get("code"), error)
        return self._duplicate(error)

    def _duplicate(self, error: Mapping[str, Any]) -> DuplicateKey:
        """MongoDB names the index, and since 4.4 its keys."""
        pattern = error.get("keyPattern")
        if pattern:
            return DuplicateKey(self._name, _fields(pattern.items()))
        message = error.get("errmsg", "")
        named = (fields for name, fields in self._fields_of.items() if f" {name} " in message)
        return DuplicateKey(self._name, next(named, ("id",)))


def _fields(keys: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple("id" if name == ID else name for name, _ in keys)


def _standing(id: str, revision: int | None) -> Raw:
    return {ID: id, GONE: None} if revision is None else {ID: id, REVISION: revision}


def _entries(insertion: _Insertion) -> Entries:
    entries: Entries = insertion.raw.get(OUTBOX, ())
    return entries


def _update_one(update: _Update) -> UpdateOne:
    change = update.change
    operators: dict[str, Any] = {
        "$set": update.set,
        "$inc": {REVISION: 1},
        "$push": {WRITES: {"$each": [change.mark], "$slice": -MARKS_KEPT}},
    }
    if change.unset:
        operators["$unset"] = change.unset
    return UpdateOne({ID: change.id, REVISION: change.revision}, operators)


def _with_outbox(change: Change, saying: Saying) -> list[Raw]:
    changed = {name: {"$literal": value} for name, value in change.set.items()}
    marks = {"$slice": [{"$concatArrays": [f"${WRITES}", [change.mark]]}, -MARKS_KEPT]}
    stages: list[Raw] = [
        {"$set": {**changed, REVISION: {"$add": [f"${REVISION}", 1]}, WRITES: marks, **_outbox(saying)}}
    ]
    if change.unset:
        stages.append({"$unset": list(change.unset)})
    return stages


def _outbox(saying: Saying) -> Raw:
    """Of events that wait for the bus the newest of each topic and key is enough: they tell of a state."""
    said = [{"t": entry["t"], "k": entry["k"]} for entry in saying.entries]
    outdated = {"$in": [{"t": "$$each.t", "k": "$$each.k"}, {"$literal": said}]}
    waiting = {"$filter": {"input": {"$ifNull": [f"${OUTBOX}", []]}, "as": "each", "cond": {"$not": [outdated]}}}
    return {
        OUTBOX: {"$concatArrays": [waiting, {"$literal": list(saying.entries)}]},
        OUTBOX_MARK: saying.mark,
        OUTBOX_SINCE: {"$ifNull": [f"${OUTBOX_SINCE}", saying.at]},
    }


def _refused(error: BulkWriteError) -> dict[int, Mapping[str, Any]]:
    """The refused ones by their index. Raises the error when nobody knows whether the others are kept."""
    details: Mapping[str, Any] = error.details
    if details.get("writeConcernErrors"):
        raise error
    return {each["index"]: each for each in details.get("writeErrors", ())}
