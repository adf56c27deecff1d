"""What every store driver must do; a driver's tests subclass these and give the `engine` fixture."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common.bus.port import MAX_MESSAGE_BYTES, Message, MessageTooLarge
from libs.common.store.json_body import MAX_BODY_BYTES, BodyTooLarge
from libs.common.store.port import (
    Collection,
    Document,
    Documents,
    DuplicateKey,
    Index,
    RevisionConflict,
    UndeclaredQuery,
    with_fields,
)
from tests.common.conformance.engine import Engine, started, until

NOON = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
TOPIC = "suite.jobs"
JOBS = Collection(
    "suite.jobs",
    {
        "owner": "text",
        "name": "text",
        "rank": "integer",
        "open": "boolean",
        "at": "time",
        "due": "time",
        "tags": "texts",
        "state": "text",
    },
    (
        Index(("owner", "name"), unique=True),
        Index(("owner", "rank")),
        Index(("owner", "open")),
        Index(("owner", "at")),
        Index(("owner", "tags")),
        Index(("rank", "at")),
        Index(("state", "due")),
    ),
    due="due",
)


def job(id: str, **fields: Any) -> Document:
    body, payload = fields.pop("body", None), fields.pop("payload", None)
    return Document(id, {"owner": "ada", **fields}, body, payload)


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


def event(value: bytes, key: str = "k") -> Message:
    return Message(TOPIC, key, value)


@pytest.fixture
async def jobs(engine: Engine) -> Documents:
    return await started(engine, JOBS)


class WritingSuite:
    async def test_a_document_comes_back_as_it_was_inserted(self, jobs: Documents) -> None:
        fields = {"name": "a\0é", "rank": -(2**63), "open": False, "at": NOON, "due": NOON, "tags": ("x", "y", "x")}
        document = job("1\0ü", state="new", body={"a": [1]}, payload=b"p", **fields)
        assert (await jobs.insert(document)).revision == 1
        stored = await jobs.get("1\0ü", payload=True)
        assert stored is not None
        assert (stored.fields, stored.body, stored.payload, stored.revision) == (
            dict(document.fields),
            {"a": [1]},
            b"p",
            1,
        )

    async def test_absent_fields_come_back_as_none(self, jobs: Documents) -> None:
        await jobs.insert(job("1"))
        stored = await jobs.get("1")
        assert stored is not None
        assert stored.fields == {**dict.fromkeys(JOBS.fields), "owner": "ada"}

    async def test_what_is_not_there_is_none(self, jobs: Documents) -> None:
        assert await jobs.get("1") is None

    async def test_a_field_that_is_not_declared_is_refused(self, jobs: Documents) -> None:
        with pytest.raises(ValueError, match="colour"):
            await jobs.insert(job("1", colour="red"))

    async def test_a_required_field_that_is_absent_is_refused(self, engine: Engine) -> None:
        spec = Collection("suite.owned", {"owner": "text"}, (Index(("owner",)),), required=frozenset({"owner"}))
        owned = await started(engine, spec)
        with pytest.raises(ValueError, match="requires owner"):
            await owned.insert(Document("1", {}))
        stored = await owned.insert(Document("1", {"owner": "ada"}))
        with pytest.raises(ValueError, match="requires owner"):
            await owned.update(with_fields(stored, owner=None))

    async def test_a_taken_id_is_refused(self, jobs: Documents) -> None:
        await jobs.insert(job("1"))
        with pytest.raises(DuplicateKey) as refused:
            await jobs.insert(job("1", owner="bob"))
        assert refused.value.fields == ("id",)

    async def test_a_taken_unique_key_is_refused_and_named(self, jobs: Documents) -> None:
        await jobs.insert(job("1", name="a"))
        with pytest.raises(DuplicateKey) as refused:
            await jobs.insert(job("2", name="a"))
        assert refused.value.fields == ("owner", "name")
        await jobs.insert(job("3", name="a", owner="bob"))

    async def test_a_unique_index_skips_documents_in_which_a_field_is_absent(self, jobs: Documents) -> None:
        await jobs.insert(job("1"))
        await jobs.insert(job("2", name=None))
        await jobs.insert(job("3", owner=None, name="a"))
        await jobs.insert(job("4", owner=None, name="a"))

    async def test_of_many_inserts_of_one_key_exactly_one_succeeds(self, jobs: Documents) -> None:
        inserts = [jobs.insert(job(str(n), name="same")) for n in range(20)]
        others = [jobs.insert(job(f"other{n}", name=str(n))) for n in range(20)]
        results = await asyncio.gather(*inserts, *others, return_exceptions=True)
        assert sum(isinstance(result, Document) for result in results[:20]) == 1
        assert sum(isinstance(result, DuplicateKey) for result in results[:20]) == 19
        assert all(isinstance(result, Document) for result in results[20:])

    async def test_of_many_inserts_of_one_id_exactly_one_is_kept(self, jobs: Documents) -> None:
        inserts = [jobs.insert(job("1", name=str(n))) for n in range(20)]
        results = await asyncio.gather(*inserts, return_exceptions=True)
        (winner,) = [result for result in results if isinstance(result, Document)]
        stored = await jobs.get("1")
        assert stored is not None
        assert stored.fields["name"] == winner.fields["name"]

    async def test_insert_many_skips_what_is_taken_and_answers_the_rest_in_order(self, jobs: Documents) -> None:
        await jobs.insert(job("b", name="taken"))
        wanted = [job("z"), job("b"), job("a", name="taken"), job("y", name="n"), job("z"), job("x", name="n")]
        inserted = await jobs.insert_many(wanted)
        assert ids(inserted) == ["z", "y"]
        assert {document.revision for document in inserted} == {1}
        assert await jobs.get("a") is None
        assert await jobs.insert_many([]) == []

    async def test_insert_many_takes_thousands(self, jobs: Documents) -> None:
        documents = [job(f"{n:05}", rank=n, tags=(str(n),), payload=b"%d" % n) for n in range(2500)]
        assert ids(await jobs.insert_many(documents)) == ids(documents)
        assert await jobs.count({"owner": "ada"}) == 2500
        last = await jobs.get("02499", payload=True)
        assert last is not None
        assert (last.fields["rank"], last.fields["tags"], last.payload) == (2499, ("2499",), b"2499")


class UpdatingSuite:
    async def test_an_update_replaces_fields_and_body(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1", rank=1, body={"v": 1}))
        changed = await jobs.update(Document("1", {"owner": "bob"}, {"v": 2}, revision=stored.revision))
        assert changed.revision == 2
        found = await jobs.get("1")
        assert found is not None
        assert (found.fields["owner"], found.fields["rank"], found.body, found.revision) == ("bob", None, {"v": 2}, 2)

    async def test_an_update_of_a_stale_revision_is_refused(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1", rank=1))
        await jobs.update(with_fields(stored, rank=2))
        with pytest.raises(RevisionConflict):
            await jobs.update(with_fields(stored, rank=3))
        found = await jobs.get("1")
        assert found is not None
        assert found.fields["rank"] == 2

    async def test_an_update_of_what_was_deleted_is_refused(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1"))
        await jobs.delete("1")
        with pytest.raises(RevisionConflict):
            await jobs.update(stored)

    async def test_an_update_onto_a_taken_unique_key_is_refused(self, jobs: Documents) -> None:
        await jobs.insert(job("1", name="a"))
        second = await jobs.insert(job("2", name="b", tags=("t",)))
        before = await jobs.get("2")
        with pytest.raises(DuplicateKey) as refused:
            await jobs.update(with_fields(second, name="a", tags=()))
        assert refused.value.fields == ("owner", "name")
        assert await jobs.get("2") == before

    async def test_of_many_updates_of_one_revision_exactly_one_succeeds(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1"))
        updates = [jobs.update(with_fields(stored, rank=n)) for n in range(20)]
        results = await asyncio.gather(*updates, return_exceptions=True)
        assert sum(isinstance(result, Document) for result in results) == 1
        assert sum(isinstance(result, RevisionConflict) for result in results) == 19

    async def test_refused_updates_do_not_hurt_those_beside_them(self, jobs: Documents) -> None:
        stored = await jobs.insert_many([job(str(n), name=str(n)) for n in range(50)])
        stale = [Document(d.id, d.fields, revision=9) for d in stored[:10]]
        taken = [with_fields(d, name="49") for d in stored[10:20]]
        good = [with_fields(d, rank=7, tags=("new",)) for d in stored[20:]]
        updates = [jobs.update(document) for document in (*stale, *taken, *good)]
        results = await asyncio.gather(*updates, return_exceptions=True)
        assert [type(result) for result in results] == [RevisionConflict] * 10 + [DuplicateKey] * 10 + [Document] * 30
        assert await jobs.count({"owner": "ada", "rank": 7}) == 30

    async def test_a_payload_of_none_leaves_the_stored_one(self, jobs: Documents) -> None:
        await jobs.insert(job("1", payload=b"kept"))
        stored = await jobs.get("1")
        assert stored is not None
        assert stored.payload is None
        await jobs.update(with_fields(stored, rank=1))
        found = await jobs.get("1", payload=True)
        assert found is not None
        assert found.payload == b"kept"

    async def test_a_payload_is_replaced_by_a_shorter_one(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1", payload=bytes(range(256)) * 4096))
        await jobs.update(Document("1", stored.fields, payload=b"", revision=1))
        found = await jobs.get("1", payload=True)
        assert found is not None
        assert found.payload == b""

    async def test_a_deleted_document_is_gone_with_its_keys(self, jobs: Documents) -> None:
        await jobs.insert(job("1", name="a", tags=("t",), payload=b"p"))
        assert await jobs.delete("1")
        assert not await jobs.delete("1")
        again = await jobs.insert(job("1", name="a"))
        assert again.revision == 1
        found = await jobs.get("1", payload=True)
        assert found is not None
        assert found.payload is None

    async def test_a_delete_of_a_stale_revision_is_refused(self, jobs: Documents) -> None:
        stored = await jobs.insert(job("1"))
        await jobs.update(stored)
        with pytest.raises(RevisionConflict):
            await jobs.delete("1", revision=1)
        assert not await jobs.delete("2", revision=1)
        assert await jobs.delete("1", revision=2)


_NESTED: Any = []
for _ in range(300):
    _NESTED = [_NESTED]

BODIES: list[Any] = [
    None,
    True,
    0,
    -0.0,
    1.5e300,
    "",
    "nul \0 and \U0001f600 and \u2028",
    [],
    {},
    {"": 1, "$where": 2, "a.b": 3, "\0": 4, "_id": 5, "__proto__": 6, "é": 7},
    {"big": 2**64, "bigger": -(10**400), "near": 2**63 - 1, "float": 0.1},
    [2**64 - 1, 2**64, -(2**63) - 1],
    {"lone": "\ud800"},
    _NESTED,
    "x" * 1_000_000,
]


class ContentSuite:
    @pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
    async def test_any_json_comes_back_as_it_went_in(self, jobs: Documents, body: Any) -> None:
        stored = await jobs.insert(job("1", body=body))
        await jobs.update(stored)
        found = await jobs.get("1")
        assert found is not None
        assert found.body == body
        assert type(found.body) is type(body)

    @pytest.mark.parametrize("size", [0, 1, 4096, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 6 * 1024 * 1024])
    @pytest.mark.parametrize("pattern", [b"compressible ", bytes(range(256)) + b"\x1f\x8b"])
    async def test_a_payload_of_any_size_comes_back(self, jobs: Documents, size: int, pattern: bytes) -> None:
        payload = (pattern * (size // len(pattern) + 1))[:size]
        await jobs.insert(job("1", payload=payload))
        for found in [await jobs.get("1", payload=True), *await jobs.find({"owner": "ada"}, payload=True)]:
            assert found is not None
            assert found.payload == payload

    async def test_a_list_reads_no_payload_unless_it_is_asked_for(self, jobs: Documents) -> None:
        await jobs.insert_many([job("1", payload=b"one"), job("2"), job("3", payload=b"three")])
        assert [d.payload for d in await jobs.find({"owner": "ada"})] == [None, None, None]
        assert [d.payload for d in await jobs.find({"owner": "ada"}, payload=True)] == [b"one", None, b"three"]

    async def test_a_body_that_is_too_large_is_refused(self, jobs: Documents) -> None:
        with pytest.raises(BodyTooLarge, match=str(MAX_BODY_BYTES)):
            await jobs.insert(job("1", body="x" * MAX_BODY_BYTES))
        assert await jobs.get("1") is None
        await jobs.insert(job("1", body="x" * (MAX_BODY_BYTES - 2)))


class EventSuite:
    async def test_events_leave_with_the_change(self, engine: Engine) -> None:
        heard: list[bytes] = []
        jobs = await started(engine, JOBS, (TOPIC, lambda message: heard.append(message.value)))
        stored = await jobs.insert(job("1"), [event(b"1"), event(b"2")])
        await jobs.update(stored, [event(b"3")])
        await jobs.delete("1", events=[event(b"4")])
        await until(lambda: len(heard) == 4)
        assert heard == [b"1", b"2", b"3", b"4"]

    async def test_a_refused_change_says_nothing(self, engine: Engine) -> None:
        heard: list[bytes] = []
        jobs = await started(engine, JOBS, (TOPIC, lambda message: heard.append(message.value)))
        stored = await jobs.insert(job("1", name="a"))
        with pytest.raises(DuplicateKey):
            await jobs.insert(job("1"), [event(b"no")])
        with pytest.raises(RevisionConflict):
            await jobs.update(Document("1", {}, revision=7), [event(b"no")])
        with pytest.raises(RevisionConflict):
            await jobs.delete("1", revision=7, events=[event(b"no")])
        assert not await jobs.delete("2", events=[event(b"no")])
        await jobs.update(stored, [event(b"yes")])
        await until(lambda: heard)
        assert heard == [b"yes"]

    async def test_a_change_with_an_event_that_is_too_large_is_refused(self, jobs: Documents) -> None:
        large = event(b"x" * (MAX_MESSAGE_BYTES + 1))
        with pytest.raises(MessageTooLarge):
            await jobs.insert(job("1"), [large])
        stored = await jobs.insert(job("1"), [event(b"x" * MAX_MESSAGE_BYTES)])
        with pytest.raises(MessageTooLarge):
            await jobs.update(stored, [large])
        with pytest.raises(MessageTooLarge):
            await jobs.delete("1", events=[large])
        assert await jobs.get("1") is not None

    async def test_what_was_written_is_there_after_a_restart(self, engine: Engine) -> None:
        jobs = await started(engine, JOBS)
        await jobs.insert(job("1", payload=b"p"))
        await engine.close()
        jobs = await started(engine, JOBS)
        found = await jobs.get("1", payload=True)
        assert found is not None
        assert found.payload == b"p"

    async def test_a_driver_answers_a_ping(self, engine: Engine) -> None:
        opened = await engine.open()
        await opened.start()
        await opened.store.ping()
        await opened.bus.ping()

    async def test_leases_need_a_due_field(self, engine: Engine) -> None:
        plain = await started(engine, Collection("suite.plain", {"owner": "text"}, (Index(("owner",)),)))
        with pytest.raises(UndeclaredQuery):
            await plain.insert_many([Document("1", {})], lease=timedelta(minutes=1))
        with pytest.raises(UndeclaredQuery):
            await plain.claim({"owner": "ada"}, lease=timedelta(minutes=1), limit=1)
