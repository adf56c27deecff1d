"""Which settings name which engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from libs.common.clock import SystemClock
from libs.common.engines import open_engines
from libs.common.errors import EngineRefused
from tests.common.conformance.engine import Inbox


@pytest.mark.parametrize(
    ("store_url", "bus_url", "sentence"),
    [
        ("postgres://me:secret@host/db", "local:", "STORE_URL must be 'sqlite:<path of a file>', .* 'postgres:…'"),
        ("mongodb://me:secret@host", "local:", "BUS_URL must be 'kafka:.*'local:…'"),
        ("sqlite::memory:", "kafka://me:secret@host", "BUS_URL must be 'local:' .* 'kafka:…'"),
        ("mongodb://", "kafka://host:9092", "STORE_URL must be 'mongodb:"),
        ("mongodb://me:secret@host/a.b", "kafka://host:9092", "prefix"),
        ("sqlite:", "local:", "STORE_URL must be"),
        ("", "local:", "no URL"),
        ("sqlite::memory:", "amqp://me:secret@host", "BUS_URL must be 'local:' .* 'amqp:…'"),
    ],
)
def test_a_setting_that_names_no_engine_is_refused(store_url: str, bus_url: str, sentence: str) -> None:
    with pytest.raises(EngineRefused, match=sentence) as refused:
        open_engines(store_url, bus_url, SystemClock())
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("memory", [False, True])
async def test_engines_start_and_stop(tmp_path: Path, memory: bool) -> None:
    url = "sqlite::memory:" if memory else f"sqlite:{tmp_path / 'data' / 'engine.db'}"
    for _ in range(2):
        engines = open_engines(url, "local:", SystemClock())
        await engines.start()
        await engines.store.ping()
        await engines.bus.ping()
        await engines.close()


async def test_a_start_that_is_refused_leaves_nothing_locked(tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    path.write_bytes(b"not a database" * 100)
    refused = open_engines(f"sqlite:{path}", "local:", SystemClock())
    refused.bus.subscribe("suite.events", "group", Inbox())
    with pytest.raises(EngineRefused):
        await refused.start()
    await refused.close()
    path.unlink()
    engines = open_engines(f"sqlite:{path}", "local:", SystemClock())
    await engines.start()
    await engines.close()
