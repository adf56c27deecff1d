"""What changes a collection in MongoDB. Every write leaves a mark, by which a lost answer is no lost outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pymongo import ReturnDocument, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

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
)
from libs.common.store.port import Collection, DuplicateKey, RevisionConflict

_DUPLICATE = 11000
Outcome: TypeAlias = DuplicateKey | RevisionConflict | None


@dataclass(frozen=True, slots=True)
class Change:
    """An update: which revision it is of, and what it sets and unsets."""

    id: str
    revision: int
    mark: int
    set: Raw
    unset: Raw


@dataclass(frozen=True, slots=True)
class Saying:
    """Events that leave with a write, as the outbox keeps them; `at` is the store's time in microseconds."""

    entries: Sequence[Raw]
    mark: int
    at: int


class Writes:
    """The writes of one collection; `collection` is Motor's."""

    def __init__(self, collection: Any, spec: Collection) -> None:
        self._collection = collection
        self._name = spec.name
        self._fields_of = {index.name: _fields(index.keys) for index in indexes_of(spec)}
        self.insert: Batches[Raw, None] = Batches(self._insert)
        self.update: Batches[Change, None] = Batches(self._update)

    async def drain(self) -> None:
        await self.insert.drain()
        await self.update.drain()

    async def update_and_say(self, change: Change, saying: Saying) -> list[Raw]:
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

    async def delete(self, id: str, revision: int | None) -> bool:
        """Raises RevisionConflict."""
        deleted = await self._collection.delete_one(_standing(id, revision))
        return bool(deleted.deleted_count) or await self._not_there(id, revision)

    async def delete_and_say(self, id: str, revision: int | None, saying: Saying) -> list[Raw]:
        """Leaves a tombstone with the events; answers its outbox, empty when there is nothing to delete."""
        tombstone = {ID: id, GONE: True, WRITES: [saying.mark], **_outbox(saying)}
        stored = await self._collection.find_one_and_update(
            _standing(id, revision),
            [{"$replaceWith": tombstone}],
            projection={OUTBOX: True},
            return_document=ReturnDocument.AFTER,
        )
        if stored is None:
            stored = await self._collection.find_one({ID: id, GONE: True, WRITES: saying.mark}, {OUTBOX: True})
        if stored is not None:
            return list(stored[OUTBOX])
        await self._not_there(id, revision)
        return []

    async def _not_there(self, id: str, revision: int | None) -> bool:
        there = await self._collection.find_one({ID: id, GONE: None}, {ID: True}) if revision is not None else None
        if there is not None:
            raise self._conflict(id)
        return False

    async def _insert(self, batch: list[Raw]) -> Sequence[DuplicateKey | None]:
        try:
            await self._collection.insert_many(batch, ordered=False)
        except DuplicateKeyError:  # a server may refuse the command as a whole
            return [await self._insert_one(raw) for raw in batch]
        except BulkWriteError as error:
            duplicates = _duplicates(error)
            marks = await self._marks(batch[index][ID] for index in duplicates)
            return [
                await self._refusal(raw, duplicates[index], marks) if index in duplicates else None
                for index, raw in enumerate(batch)
            ]
        return [None] * len(batch)

    async def _insert_one(self, raw: Raw) -> DuplicateKey | None:
        try:
            await self._collection.insert_one(raw)
        except DuplicateKeyError as error:
            return await self._refusal(raw, error.details or {}, await self._marks([raw[ID]]))
        return None

    async def _refusal(self, raw: Raw, error: Mapping[str, Any], marks: Mapping[str, Raw]) -> DuplicateKey | None:
        holder = marks.get(raw[ID])
        if holder is None:
            return self._duplicate(error)
        if raw[WRITES][0] in holder.get(WRITES, ()):
            return None
        if holder.get(GONE):
            return await self._revive(raw)
        return DuplicateKey(self._name, ("id",))

    async def _revive(self, raw: Raw) -> DuplicateKey | None:
        """A tombstone holds the id only until its events are out; they stay with the new document."""
        kept = {OUTBOX: f"${OUTBOX}", OUTBOX_MARK: f"${OUTBOX_MARK}", OUTBOX_SINCE: f"${OUTBOX_SINCE}"}
        anew = [{"$replaceWith": {"$mergeObjects": [kept, {"$literal": raw}]}}]
        try:
            revived = await self._collection.update_one({ID: raw[ID], GONE: True}, anew)
        except DuplicateKeyError as error:
            return self._duplicate(error.details or {})
        return None if revived.matched_count else (await self._insert([raw]))[0]

    async def _update(self, batch: list[Change]) -> Sequence[Outcome]:
        duplicates: Mapping[int, Mapping[str, Any]] = {}
        try:
            matched = (
                await self._collection.bulk_write([_update_one(each) for each in batch], ordered=False)
            ).matched_count
        except BulkWriteError as error:
            duplicates, matched = _duplicates(error), error.details["nMatched"]
        answers: list[Outcome] = [None] * len(batch)
        for index, refusal in duplicates.items():
            answers[index] = self._duplicate(refusal)
        if matched + len(duplicates) < len(batch):
            marks = await self._marks(each.id for each in batch)
            for index, each in enumerate(batch):
                if answers[index] is None and each.mark not in marks.get(each.id, {}).get(WRITES, ()):
                    answers[index] = self._conflict(each.id)
        return answers

    async def _marks(self, ids: Iterable[str]) -> dict[str, Raw]:
        found = self._collection.find({ID: {"$in": list(ids)}}, {WRITES: True, GONE: True})
        return {raw[ID]: raw async for raw in found}

    def _conflict(self, id: str) -> RevisionConflict:
        return RevisionConflict(f"{self._name}: {id} was changed, claimed or deleted since it was read")

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


def _update_one(change: Change) -> UpdateOne:
    operators: dict[str, Raw] = {
        "$set": change.set,
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


def _duplicates(error: BulkWriteError) -> dict[int, Mapping[str, Any]]:
    """The refused ones by their index. Raises the error when there is more to it than duplicate keys."""
    details: Mapping[str, Any] = error.details
    refused = {each["index"]: each for each in details.get("writeErrors", ())}
    if details.get("writeConcernErrors") or any(each.get("code") != _DUPLICATE for each in refused.values()):
        raise error
    return refused
