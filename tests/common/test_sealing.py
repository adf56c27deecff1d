from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from libs.common.bus.port import Message
from libs.common.clock import SystemClock
from libs.common.keyring import KeyRing, SealingRefused
from libs.common.sealing import SealBroken, Sealer
from libs.common.store.port import Document, DuplicateKey, RevisionConflict

PLACE = {"owner": "user-1", "row_id": "row-1", "field": "token"}


def make_ring(*letters: str) -> KeyRing:
    return KeyRing.parse(",".join(f"{each}:{base64.b64encode(each.encode() * 32).decode()}" for each in letters))


class Shelf:
    """The part of `Documents` that sealing uses; each call lets others run in between, as a database does."""

    def __init__(self) -> None:
        self.rows: dict[str, Document] = {}
        self.reads = 0

    async def get(self, id: str, *, payload: bool = False) -> Document | None:
        self.reads += 1
        await asyncio.sleep(0)
        return self.rows.get(id)

    async def insert(self, document: Document, events: Sequence[Message] = ()) -> Document:
        await asyncio.sleep(0)
        if document.id in self.rows:
            raise DuplicateKey("shelf", ("id",))
        return self._put(document)

    async def update(self, document: Document, events: Sequence[Message] = ()) -> Document:
        await asyncio.sleep(0)
        if self.rows[document.id].revision != document.revision:
            raise RevisionConflict
        return self._put(document)

    def _put(self, document: Document) -> Document:
        self.rows[document.id] = replace(document, revision=document.revision + 1)
        return self.rows[document.id]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def make_sealer(shelf: Any, ring: KeyRing | None = None, service: str = "credentials", **options: Any) -> Sealer:
    return Sealer(service, shelf, ring or make_ring("a"), SystemClock(), **options)


@pytest.mark.parametrize("plaintext", [b"", b"secret", bytes(range(256)) * 4096])
async def test_what_was_sealed_opens_again(shelf: Shelf, plaintext: bytes) -> None:
    text = await make_sealer(shelf).seal("p1", plaintext, **PLACE)
    assert await make_sealer(shelf).open("p1", text, **PLACE) == plaintext


async def test_the_same_secret_never_looks_the_same(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    assert len({await sealer.seal("p1", b"secret", **PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize("moved", [{"owner": "user-2"}, {"row_id": "row-2"}, {"field": "refresh"}])
async def test_a_value_moved_to_another_place_does_not_open(shelf: Shelf, moved: dict[str, str]) -> None:
    sealer = make_sealer(shelf)
    text = await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken) as broken:
        await sealer.open("p1", text, **{**PLACE, **moved})
    assert text not in str(broken.value)


async def test_neighbouring_parts_of_a_place_can_not_be_shifted(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    text = await sealer.seal("p1", b"secret", owner="ab", row_id="c", field="token")
    with pytest.raises(SealBroken):
        await sealer.open("p1", text, owner="a", row_id="bc", field="token")


async def test_another_platform_or_service_can_not_open_a_value(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    text = await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p2", text, **PLACE)
    await sealer.seal("p2", b"other", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p2", text, **PLACE)
    with pytest.raises(SealingRefused):
        await make_sealer(shelf, service="webhooks").open("p1", text, **PLACE)


async def test_opening_for_a_platform_without_keys_makes_none(shelf: Shelf) -> None:
    with pytest.raises(SealBroken):
        await make_sealer(shelf).open("p1", "v1.1.AAAA", **PLACE)
    assert shelf.rows == {}


async def test_every_changed_byte_breaks_the_seal(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    head, _, encoded = (await sealer.seal("p1", b"secret", **PLACE)).rpartition(".")
    sealed = base64.urlsafe_b64decode(encoded)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            await sealer.open("p1", f"{head}.{base64.urlsafe_b64encode(changed).decode()}", **PLACE)


@pytest.mark.parametrize("text", ["", "secret", "v1.1", "v1.1.", "v1.1.A", "v1.1.\u00e9", "v1.2.AAAA", "v2.1.AAAA"])
async def test_what_is_no_sealed_value_is_broken(shelf: Shelf, text: str) -> None:
    sealer = make_sealer(shelf)
    await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p1", text, **PLACE)


async def test_the_first_to_make_a_data_key_wins_and_the_others_use_it(shelf: Shelf) -> None:
    sealers = [make_sealer(shelf) for _ in range(8)]
    texts = await asyncio.gather(*(sealer.seal("p1", b"secret", **PLACE) for sealer in sealers))
    assert len(shelf.rows) == 1
    for text in texts:
        assert await make_sealer(shelf).open("p1", text, **PLACE) == b"secret"


async def test_a_loaded_platform_seals_without_the_store(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    assert sealer.loaded("p1") is None
    await sealer.seal("p1", b"first", **PLACE)
    reads = shelf.reads
    seal = sealer.loaded("p1")
    assert seal is not None
    assert await sealer.open("p1", seal.seal(b"secret", **PLACE), **PLACE) == b"secret"
    assert shelf.reads == reads


async def test_only_the_recently_used_platforms_stay_in_memory(shelf: Shelf) -> None:
    sealer = make_sealer(shelf, capacity=2)
    for platform_id in ("p1", "p2", "p1", "p3"):
        await sealer.seal(platform_id, b"secret", **PLACE)
    assert [sealer.loaded(each) is not None for each in ("p1", "p2", "p3")] == [True, False, True]


async def test_nothing_in_the_store_is_plain(shelf: Shelf) -> None:
    sealer = make_sealer(shelf)
    await sealer.seal("p1", b"canary", **PLACE)
    await sealer.verify_keys()
    assert b"canary" not in repr(shelf.rows).encode()
    assert make_ring("a").newest_id == "a"
    assert "a" * 32 not in repr(shelf.rows) + repr(vars(sealer))


async def test_a_key_added_in_front_keeps_what_was_sealed_readable(shelf: Shelf) -> None:
    text = await make_sealer(shelf, make_ring("a")).seal("p1", b"secret", **PLACE)
    later = make_sealer(shelf, make_ring("b", "a"))
    await later.verify_keys()
    assert await later.open("p1", text, **PLACE) == b"secret"


async def test_a_start_with_the_right_keys_passes_again_and_again(shelf: Shelf) -> None:
    for ring in (make_ring("a"), make_ring("a"), make_ring("b", "a"), make_ring("a", "b")):
        await make_sealer(shelf, ring).verify_keys()


async def test_many_first_starts_at_once_all_pass(shelf: Shelf) -> None:
    await asyncio.gather(*(make_sealer(shelf, make_ring(*ring)).verify_keys() for ring in ("ab", "ba", "ab", "ba")))
    with pytest.raises(SealingRefused):
        await make_sealer(shelf, make_ring("a")).verify_keys()


async def test_a_start_without_a_former_key_is_refused(shelf: Shelf) -> None:
    await make_sealer(shelf, make_ring("a")).verify_keys()
    with pytest.raises(SealingRefused, match="lacks the key 'a'"):
        await make_sealer(shelf, make_ring("b")).verify_keys()


async def test_a_start_with_another_key_of_the_same_id_is_refused(shelf: Shelf) -> None:
    await make_sealer(shelf, make_ring("a")).verify_keys()
    other = KeyRing.parse(f"a:{base64.b64encode(b'z' * 32).decode()}")
    with pytest.raises(SealingRefused, match="the key 'a' is not the one"):
        await make_sealer(shelf, other).verify_keys()
