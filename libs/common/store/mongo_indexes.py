"""The indexes that a collection's declaration asks for, made at start and compared with what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pymongo
from pymongo import ASCENDING
from pymongo.errors import OperationFailure

from libs.common.errors import EngineRefused
from libs.common.store.mongo_layout import OUTBOX_SINCE, member
from libs.common.store.port import Collection, Index

_OPTIONS_DIFFER, _KEYS_DIFFER, _DUPLICATES = 85, 86, 11000
_BUILT_WITHIN_S = 4 * 3600
_COMPARED = ("unique", "sparse", "partialFilterExpression")


@dataclass(frozen=True, slots=True)
class MongoIndex:
    """One index as MongoDB has it."""

    name: str
    keys: tuple[tuple[str, int], ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def is_like(self, stored: Mapping[str, Any]) -> bool:
        same_keys = [(name, int(way)) for name, way in stored["key"]] == list(self.keys)
        return same_keys and all(stored.get(name) == self.options.get(name) for name in _COMPARED)


def indexes_of(spec: Collection) -> Iterator[MongoIndex]:
    """A unique index leaves out documents in which a field is absent, tombstones among them.

    So it can't serve a query for some of its fields, which a plain one beside it does.
    """
    for index in spec.indexes:
        if index.unique:
            yield _unique(index)
        if not index.unique or len(index.fields) > 1:
            yield _plain(index.fields)
    if spec.expires and not any(index.fields[0] == spec.expires for index in spec.indexes):
        yield _plain((spec.expires,))
    yield MongoIndex("outbox", ((OUTBOX_SINCE, ASCENDING),), {"sparse": True})


def _unique(index: Index) -> MongoIndex:
    present = {member(name): {"$exists": True} for name in index.fields}
    options = {"unique": True, "partialFilterExpression": present}
    return MongoIndex(f"unique:{','.join(index.fields)}", _keys(index.fields), options)


def _plain(fields: Sequence[str]) -> MongoIndex:
    """The id at the end serves cursors."""
    return MongoIndex(",".join(fields), _keys(fields if "id" in fields else (*fields, "id")))


def _keys(fields: Sequence[str]) -> tuple[tuple[str, int], ...]:
    return tuple((member(name), ASCENDING) for name in fields)


async def create(collection: Any, spec: Collection) -> None:
    """Makes those that are missing; whoever else does so at the same time makes the same. Raises EngineRefused."""
    for index in indexes_of(spec):
        try:
            await build(collection, index)
        except OperationFailure as error:
            if error.code in (_OPTIONS_DIFFER, _KEYS_DIFFER):
                raise _differs(spec, index) from error
            if error.code == _DUPLICATES:
                raise EngineRefused(
                    f"{spec.name}: documents share the same {index.name.partition(':')[2]}, which this version "
                    "declares unique; remove the duplicates first"
                ) from error
            raise


async def build(collection: Any, index: MongoIndex) -> None:
    """For as long as it takes: an operation's usual time would end the building of a large one halfway, each time."""
    with pymongo.timeout(_BUILT_WITHIN_S):
        await collection.create_index(list(index.keys), name=index.name, **index.options)


async def differences(collection: Any, spec: Collection) -> tuple[list[str], list[str]]:
    """A sentence for each index that keeps this version from starting, and for each that is missing or undeclared.

    A collection that isn't there yet is made with all of them.
    """
    stored = await collection.index_information()
    differing: list[str] = []
    harmless: list[str] = []
    if not stored:
        return differing, harmless
    declared = list(indexes_of(spec))
    for index in declared:
        if index.name not in stored:
            harmless.append(f"{spec.name}: the index {index.name!r} is missing; it is made at the next start")
        elif not index.is_like(stored[index.name]):
            differing.append(str(_differs(spec, index)))
    undeclared = sorted(stored.keys() - {index.name for index in declared} - {"_id_"})
    harmless += [
        f"{spec.name}: the index {name!r} is not declared by this version; drop it once no older one runs"
        for name in undeclared
    ]
    return differing, harmless


def _differs(spec: Collection, index: MongoIndex) -> EngineRefused:
    return EngineRefused(
        f"{spec.name}: the stored index {index.name!r} differs from what this version declares "
        f"({', '.join(name for name, _ in index.keys)}{', unique' if 'unique' in index.options else ''}); "
        f"to have it made anew, drop it: db.getCollection({collection_name(spec)!r}).dropIndex({index.name!r})"
    )


def collection_name(spec: Collection) -> str:
    """The noun: a service's name is its database's."""
    return spec.name.partition(".")[2]


def service_name(spec: Collection) -> str:
    return spec.name.partition(".")[0]
