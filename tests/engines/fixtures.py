"""Engines for tests that are marked `engines`.

Which ones is never read from STORE_URL and BUS_URL: in a developer's shell those may name what must not be touched.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.engines.developer import Developer
from tests.engines.engines import Engines, prepare, running_engines
from tests.engines.errors import EnginesMissing
from tests.engines.native_kafka import NativeKafka, kafka_broker
from tests.engines.native_mongo import NativeMongo, mongo_program
from tests.engines.run_folder import RunFolder

_FETCHED_FOR: dict[str, Callable[[], object]] = {
    "engine_urls": prepare,
    "own_engines": prepare,
    "own_mongo": mongo_program,
    "own_kafka": kafka_broker,
}
_REQUIRED = os.environ.get("REQUIRE_ENGINES") == "1"
_MISSING = pytest.StashKey[dict[str, str]]()


@dataclass(frozen=True)
class EngineUrls:
    """Without a prefix: a test appends one of its own, such as `/t123`, since others use the same engines."""

    store: str
    bus: str


@pytest.fixture(scope="session")
def engine_urls(request: pytest.FixtureRequest) -> Iterator[EngineUrls]:
    """Those that `make engines` started, else some for this session. A test that kills engines takes `own_engines`."""
    _skip_when_missing(request)
    if (running := Developer().running()) is not None:
        yield EngineUrls(running.store_url, running.bus_url)
        return
    with running_engines() as engines:
        yield EngineUrls(engines.store_url, engines.bus_url)


@pytest.fixture
def own_engines(request: pytest.FixtureRequest) -> Iterator[Callable[[], Engines]]:
    """Makes both for one test, which may do to them what it likes; they end with it."""
    _skip_when_missing(request)
    with ExitStack() as until_the_end:
        yield lambda: until_the_end.enter_context(running_engines())


@pytest.fixture
def own_mongo(request: pytest.FixtureRequest) -> Iterator[Callable[..., NativeMongo]]:
    """Makes a process, even where containers could be had, with further options of secantusd-rs, such as `--auth`."""
    _skip_when_missing(request)
    with ExitStack() as until_the_end:

        def make(*options: str) -> NativeMongo:
            server = NativeMongo(_run_folder(until_the_end), mongo_program(), *options)
            server.start()
            return server

        yield make


@pytest.fixture
def own_kafka(request: pytest.FixtureRequest) -> Iterator[Callable[..., NativeKafka]]:
    """Makes a process, even where containers could be had, with further properties of the broker."""
    _skip_when_missing(request)
    with ExitStack() as until_the_end:

        def make(properties: dict[str, str] | None = None) -> NativeKafka:
            broker = NativeKafka(_run_folder(until_the_end), kafka_broker(), properties)
            broker.start()
            return broker

        yield make


def _run_folder(until_the_end: ExitStack) -> RunFolder:
    run = RunFolder()
    until_the_end.callback(run.close)
    return run


def _skip_when_missing(request: pytest.FixtureRequest) -> None:
    if (why := request.config.stash.get(_MISSING, {}).get(str(request.fixturename))) is not None:
        pytest.skip(why)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetches engines before any test's time runs, and only when a test that needs them will run."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())} & _FETCHED_FOR.keys()
    missing = session.config.stash.setdefault(_MISSING, {})
    with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        for name in sorted(wanted):
            try:
                _FETCHED_FOR[name]()
            except EnginesMissing as error:
                missing[name] = str(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With REQUIRE_ENGINES=1 no test of them goes missing without a failure."""
    report = yield
    if _REQUIRED and report.skipped and item.get_closest_marker("engines") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"REQUIRE_ENGINES=1, and this was skipped: {report.longrepr[-1]}"
    return report
