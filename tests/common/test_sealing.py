from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from libs.common.clock import SystemClock
from libs.common.keyring import KeyRing, SealingRefused
from libs.common.sealing import SealBroken, Sealer, collection_spec
from libs.common.sqlite import Database
from libs.common.store.port import Range
from libs.common.store.sqlite import SqliteStore

PLACE = {"owner": "user-1", "row_id": "row-1", "field": "token"}


def make_ring(*letters: str) -> KeyRing:
    return KeyRing.parse(",".join(f"{each}:{base64.b64encode(each.encode() * 32).decode()}" for each in letters))


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


class Cabinet:
    """Real collections of data keys in one database, as each service has its own."""

    def __init__(self, path: str) -> None:
        self._database = Database(path)
        self._store = SqliteStore(self._database, SystemClock())
        self._documents = {each: self._store.collection(collection_spec(each)) for each in ("credentials", "webhooks")}

    def sealer(self, ring: KeyRing | None = None, service: str = "credentials", *, capacity: int = 10) -> Sealer:
        """As a process of its own would make it: nothing in memory."""
        return Sealer(service, self._documents[service], ring or make_ring("a"), SystemClock(), capacity=capacity)

    async def size(self) -> int:
        return await self._documents["credentials"].count({"id": Range(at_least="")})

    async def open(self) -> None:
        await self._database.start()
        await self._store.start()

    async def close(self) -> None:
        await self._store.close()
        await self._database.close()


@pytest.fixture
async def cabinet(tmp_path: Path) -> AsyncIterator[Cabinet]:
    cabinet = Cabinet(str(tmp_path / "interactor.db"))
    await cabinet.open()
    yield cabinet
    await cabinet.close()


@pytest.mark.parametrize("plaintext", [b"", b"secret", bytes(range(256)) * 4096])
async def test_what_was_sealed_opens_again(cabinet: Cabinet, plaintext: bytes) -> None:
    text = await cabinet.sealer().seal("p1", plaintext, **PLACE)
    assert await cabinet.sealer().open("p1", text, **PLACE) == plaintext


async def test_the_same_secret_never_looks_the_same(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer()
    assert len({await sealer.seal("p1", b"secret", **PLACE) for _ in range(50)}) == 50


@pytest.mark.parametrize("moved", [{"owner": "user-2"}, {"row_id": "row-2"}, {"field": "refresh"}])
async def test_a_value_moved_to_another_place_does_not_open(cabinet: Cabinet, moved: dict[str, str]) -> None:
    sealer = cabinet.sealer()
    text = await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken) as broken:
        await sealer.open("p1", text, **{**PLACE, **moved})
    assert text not in str(broken.value)


async def test_neighbouring_parts_of_a_place_can_not_be_shifted(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer()
    text = await sealer.seal("p1", b"secret", owner="ab", row_id="c", field="token")
    with pytest.raises(SealBroken):
        await sealer.open("p1", text, owner="a", row_id="bc", field="token")


async def test_another_platform_or_service_can_not_open_a_value(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer()
    text = await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p2", text, **PLACE)
    await sealer.seal("p2", b"other", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p2", text, **PLACE)
    webhooks = cabinet.sealer(service="webhooks")
    await webhooks.seal("p1", b"other", **PLACE)
    with pytest.raises(SealBroken):
        await webhooks.open("p1", text, **PLACE)


async def test_opening_for_a_platform_without_keys_makes_none(cabinet: Cabinet) -> None:
    with pytest.raises(SealBroken):
        await cabinet.sealer().open("p1", "v1.1.AAAA", **PLACE)
    assert await cabinet.size() == 0


async def test_every_changed_byte_breaks_the_seal(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer()
    head, _, encoded = (await sealer.seal("p1", b"secret", **PLACE)).rpartition(".")
    sealed = base64.urlsafe_b64decode(encoded)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(SealBroken):
            await sealer.open("p1", f"{head}.{base64.urlsafe_b64encode(changed).decode()}", **PLACE)


@pytest.mark.parametrize("text", ["", "secret", "v1.1", "v1.1.", "v1.1.A", "v1.1.\u00e9", "v1.2.AAAA", "v2.1.AAAA"])
async def test_what_is_no_sealed_value_is_broken(cabinet: Cabinet, text: str) -> None:
    sealer = cabinet.sealer()
    await sealer.seal("p1", b"secret", **PLACE)
    with pytest.raises(SealBroken):
        await sealer.open("p1", text, **PLACE)


async def test_the_first_to_make_a_data_key_wins_and_the_others_use_it(cabinet: Cabinet) -> None:
    sealers = [cabinet.sealer() for _ in range(8)]
    texts = await asyncio.gather(*(sealer.seal("p1", b"secret", **PLACE) for sealer in sealers))
    assert await cabinet.size() == 1
    for text in texts:
        assert await cabinet.sealer().open("p1", text, **PLACE) == b"secret"


async def test_a_loaded_platform_seals_and_opens_without_the_store(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer()
    assert sealer.loaded("p1") is None
    await sealer.seal("p1", b"first", **PLACE)
    await cabinet.close()
    seal = sealer.loaded("p1")
    assert seal is not None
    assert await sealer.open("p1", seal.seal(b"secret", **PLACE), **PLACE) == b"secret"


async def test_only_the_recently_used_platforms_stay_in_memory(cabinet: Cabinet) -> None:
    sealer = cabinet.sealer(capacity=2)
    for platform_id in ("p1", "p2", "p1", "p3"):
        await sealer.seal(platform_id, b"secret", **PLACE)
    assert [sealer.loaded(each) is not None for each in ("p1", "p2", "p3")] == [True, False, True]


async def test_nothing_in_the_database_is_plain(cabinet: Cabinet, tmp_path: Path) -> None:
    sealer = cabinet.sealer()
    await sealer.verify_keys()
    await sealer.seal("p1", b"canary", **PLACE)
    await cabinet.close()
    kept = content_of(tmp_path)
    assert b"key-check" in kept
    for plain in (b"interactor key check", b"a" * 32, base64.b64encode(b"a" * 32)):
        assert plain not in kept


async def test_a_key_added_in_front_keeps_what_was_sealed_readable(cabinet: Cabinet) -> None:
    text = await cabinet.sealer(make_ring("a")).seal("p1", b"secret", **PLACE)
    later = cabinet.sealer(make_ring("b", "a"))
    await later.verify_keys()
    assert await later.open("p1", text, **PLACE) == b"secret"


async def test_a_start_with_the_right_keys_passes_again_and_again(cabinet: Cabinet) -> None:
    for ring in (make_ring("a"), make_ring("a"), make_ring("b", "a"), make_ring("a", "b")):
        await cabinet.sealer(ring).verify_keys()


async def test_many_first_starts_at_once_all_pass(cabinet: Cabinet) -> None:
    await asyncio.gather(*(cabinet.sealer(make_ring(*ring)).verify_keys() for ring in ("ab", "ba", "ab", "ba")))
    with pytest.raises(SealingRefused):
        await cabinet.sealer(make_ring("a")).verify_keys()


async def test_a_start_without_a_former_key_is_refused(cabinet: Cabinet) -> None:
    await cabinet.sealer(make_ring("a")).verify_keys()
    with pytest.raises(SealingRefused, match="lacks the key 'a'"):
        await cabinet.sealer(make_ring("b")).verify_keys()


async def test_a_start_with_another_key_of_the_same_id_is_refused(cabinet: Cabinet) -> None:
    await cabinet.sealer(make_ring("a")).verify_keys()
    other = KeyRing.parse(f"a:{base64.b64encode(b'z' * 32).decode()}")
    with pytest.raises(SealingRefused, match="the key 'a' is not the one"):
        await cabinet.sealer(other).verify_keys()
