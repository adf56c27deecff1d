"""The listeners that the table of topics declares are those that the services really register."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.common.bus.port import BatchHandler, FollowHandler
from libs.common.clock import SystemClock
from libs.common.contracts.topics import TOPICS
from libs.common.egress import Allow, EgressClient
from libs.common.engines import open_engines
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers
from libs.common.service import Infra, Service
from libs.common.settings import Settings
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.logic.sandbox.pool import SandboxPool
from libs.runtime.app import build_runtime
from services.catalog import app as catalog
from services.credentials import app as credentials
from services.executor import app as executor
from services.identity import app as identity
from services.webhooks import app as webhooks

Listeners = dict[str, set[str]]


class Registrations:
    """A bus that only remembers who registers: `name` is the service that is being built."""

    def __init__(self) -> None:
        self.name = ""
        self.groups: Listeners = defaultdict(set)
        self.followers: Listeners = defaultdict(set)

    def subscribe(self, topic: str, group: str, handler: BatchHandler, *, max_batch: int = 500) -> None:
        assert group == self.name
        self.groups[topic].add(group)

    def follow(self, topic: str, handler: FollowHandler) -> None:
        self.followers[topic].add(self.name)


def build_each(bus: Any) -> None:
    """Every service as if it were alone in its process, each with the edge that authenticates for it."""
    sandbox = SandboxPool(size=1)
    builders: dict[str, Callable[[Infra, Access], Service]] = {
        "catalog": lambda infra, access: catalog.build(infra, sandbox),
        "credentials": lambda infra, access: credentials.build(infra),
        "executor": lambda infra, access: executor.build(infra, build_runtime(infra, sandbox)),
        "identity": lambda infra, access: identity.build(infra),
        "webhooks": lambda infra, access: webhooks.build(
            infra, build_runtime(infra, sandbox), access, public_url="http://localhost"
        ),
    }
    for name, build in builders.items():
        bus.name = name
        infra = _infra(bus)
        build(infra, Access(infra.peers, bus)).subscribe(bus)


def _infra(bus: Any) -> Infra:
    clock = SystemClock()
    return Infra(
        settings=Settings(data_dir=Path("unused")),
        clock=clock,
        store=open_engines("sqlite::memory:", "local:", clock).store,
        bus=bus,
        peers=DirectPeers({}),
        egress=EgressClient(Allow.parse(""), user_agent="test"),
        metrics=Metrics(),
        tracing=Tracing(),
        keys=KeyRing.parse(f"k1:{'A' * 43}="),
    )


@pytest.fixture(scope="module")
def registered() -> Registrations:
    bus = Registrations()
    build_each(bus)
    return bus


def test_groups_are_as_declared(registered: Registrations) -> None:
    assert registered.groups == {name: set(topic.groups) for name, topic in TOPICS.items() if topic.groups}


def test_followers_are_as_declared(registered: Registrations) -> None:
    assert registered.followers == {name: set(topic.followers) for name, topic in TOPICS.items() if topic.followers}
