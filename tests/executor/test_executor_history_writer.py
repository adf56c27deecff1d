"""The writer by itself: batches, a store that is down, rows that no store takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from libs.common.contracts.catalog import ComponentGrant, Kind, ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Unavailable
from libs.runtime.bindings import Actor
from libs.runtime.components import CompiledComponent, compile_content
from libs.runtime.host import Runtime
from services.executor.history import HistoryWriter, Limits
from services.executor.models import Asker
from services.executor.records import Finished, Records, Row
from services.executor.subjects import ComponentHook
from tests.runtime.world import NOW

USER = UserGrant(row_id="row-ann", platform_id="acme", user_id="ann", email=None, name=None)
SERVICE = ServiceGrant(
    id="s", name="crm", owner_platform_id="acme", sharing="none", enabled=True, default_version_id=None
)
GRANT = ComponentGrant(
    row_id="r",
    content_revision=1,
    identity="i",
    service_id="s",
    kind=Kind.ACTION,
    name="ping",
    version="1.0.0",
    published=True,
    content={},
)
QUICK = Limits(linger_s=0.0, retry_s=0.0, room_wait_s=0.05, drain_s=0.05)


class Repository:
    """Keeps the batches that it was given; may be down, and refuses the ids in `poison`."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.down = False
        self.poison: set[str] = set()
        self.tries: asyncio.Queue[list[str]] = asyncio.Queue()

    async def add(self, rows: Sequence[Row]) -> None:
        ids = [execution.id for execution, _ in rows]
        self.tries.put_nowait(ids)
        if self.down:
            raise Unavailable("store_down", "The store is down.")
        if self.poison & set(ids):
            raise ValueError("a row that can't be stored")
        self.batches.append(ids)


@pytest.fixture
def repository() -> Repository:
    return Repository()


def make_writer(repository: Any, limits: Limits = QUICK) -> HistoryWriter:
    return HistoryWriter(repository, Records(timedelta(days=1), with_payloads=True), limits)


def finished(id: str, runtime: Any = None) -> Finished:
    parts: Any = Runtime(runtime, runtime, runtime, runtime)
    return Finished(
        id=id,
        asker=Asker("acme", USER),
        subject=ComponentHook(SERVICE, CompiledComponent(GRANT, compile_content("ping", {})), "execute"),
        host=parts.host(Actor("acme", USER), SERVICE),
        started_at=NOW,
        duration_s=0.001,
        input_json=b"{}",
        output_json=b"1",
        value=1,
        failure=None,
    )


async def test_rows_are_written_in_batches_soon_after(repository: Repository) -> None:
    writer = make_writer(repository, replace(QUICK, batch_rows=2))
    for n in range(5):
        writer.add(finished(str(n)))
    running = asyncio.create_task(writer.run())
    assert [await repository.tries.get() for _ in range(3)] == [["0", "1"], ["2", "3"], ["4"]]
    running.cancel()


async def test_what_is_pending_at_the_end_is_written(repository: Repository) -> None:
    writer = make_writer(repository, replace(QUICK, linger_s=60))
    running = asyncio.create_task(writer.run())
    await asyncio.sleep(0)
    writer.add(finished("a"))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert repository.batches == [["a"]]


async def test_rows_wait_while_the_store_is_down(repository: Repository) -> None:
    writer = make_writer(repository)
    repository.down = True
    running = asyncio.create_task(writer.run())
    writer.add(finished("a"))
    await repository.tries.get()
    await repository.tries.get()
    repository.down = False
    await repository.tries.get()
    running.cancel()
    assert repository.batches == [["a"]]
    assert writer.lost == 0


async def test_a_row_that_no_store_takes_is_counted_and_spoils_no_other(repository: Repository) -> None:
    writer = make_writer(repository)
    repository.poison = {"b"}
    for id in ("a", "b", "c"):
        writer.add(finished(id))
    with capture_logs() as logs:
        await writer.flush()
    assert repository.batches == [["a"], ["c"]]
    assert writer.lost == 1
    assert [(line["event"], line["execution"]) for line in logs] == [("history.lost", "b")]


async def test_what_can_not_be_written_at_the_end_is_counted(repository: Repository) -> None:
    writer = make_writer(repository)
    repository.down = True
    running = asyncio.create_task(writer.run())
    writer.add(finished("a"))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert writer.lost == 1


async def test_too_much_pending_holds_up_and_then_refuses(repository: Repository) -> None:
    writer = make_writer(repository, replace(QUICK, pending_rows=2))
    await writer.room()
    writer.add(finished("a"))
    writer.add(finished("b"))
    with pytest.raises(Unavailable) as refused:
        await writer.room()
    assert refused.value.retry_after_s is not None
    waiting = asyncio.create_task(writer.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await writer.flush()
    await waiting


async def test_large_rows_count_by_their_size(repository: Repository) -> None:
    writer = make_writer(repository, replace(QUICK, pending_bytes=10))
    writer.add(finished("a"))
    await writer.room()
    writer.add(replace(finished("b"), output_json=b"x" * 20))
    with pytest.raises(Unavailable):
        await writer.room()
    await writer.flush()
    await writer.room()
