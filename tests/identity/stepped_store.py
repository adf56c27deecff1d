"""A store in memory whose every step waits for its turn, so that a test orders what many do at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from libs.common.store.port import Collection, Document, DuplicateKey, RevisionConflict


class Turns:
    """Lets those who wait go on one at a time, in an order that follows from the seed."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed)
        self._waiting: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    async def run(self, *work: Coroutine[Any, Any, object]) -> list[object]:
        """What each came to, errors too."""
        together = asyncio.gather(*work, return_exceptions=True)
        while not together.done():
            if self._waiting:
                self._waiting.pop(self._chance.randrange(len(self._waiting))).set_result(None)
            await asyncio.sleep(0)
        return list(together.result())


class SteppedStore:
    """Hands out collections; `look` is called after every write."""

    def __init__(self, turn: Callable[[], Awaitable[None]], look: Callable[[], None]) -> None:
        self.collections: dict[str, SteppedDocuments] = {}
        self._turn = turn
        self._look = look

    def collection(self, spec: Collection) -> Any:
        return self.collections.setdefault(spec.name, SteppedDocuments(spec, self._turn, self._look))


class SteppedDocuments:
    """As much of a collection as identity's memberships use."""

    def __init__(self, spec: Collection, turn: Callable[[], Awaitable[None]], look: Callable[[], None]) -> None:
        self._spec = spec
        self.kept: dict[str, Document] = {}
        self._turn = turn
        self._look = look

    async def get(self, id: str) -> Document | None:
        await self._turn()
        return self.kept.get(id)

    async def find(self, where: dict[str, Any], **_: Any) -> list[Document]:
        await self._turn()
        if "id" in where:
            return [self.kept[id] for id in where["id"].values if id in self.kept]
        return [each for each in self.kept.values() if all(each.fields[k] == v for k, v in where.items())]

    async def insert(self, document: Document, _events: Sequence[object] = ()) -> Document:
        await self._turn()
        if any(self._same(document, kept) for kept in self.kept.values()):
            raise DuplicateKey("stepped", ("id",))
        return self._write(document)

    async def update(self, document: Document, _events: Sequence[object] = ()) -> Document:
        await self._turn()
        self._check(document.id, document.revision)
        return self._write(document)

    async def delete(self, id: str, *, revision: int | None = None, events: Sequence[object] = ()) -> bool:
        await self._turn()
        if id not in self.kept:
            return False
        if revision is not None:
            self._check(id, revision)
        del self.kept[id]
        self._look()
        return True

    def _same(self, one: Document, other: Document) -> bool:
        """Whether both can't be kept; the fields of unique indexes are all required ones here."""
        unique = [index.fields for index in self._spec.indexes if index.unique and "email" not in index.fields]
        return one.id == other.id or any(
            all(one.fields[name] == other.fields[name] for name in fields) for fields in unique
        )

    def _check(self, id: str, revision: int) -> None:
        if id not in self.kept or self.kept[id].revision != revision:
            raise RevisionConflict("stepped")

    def _write(self, document: Document) -> Document:
        self.kept[document.id] = written = replace(document, revision=document.revision + 1)
        self._look()
        return written
