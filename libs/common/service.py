"""What a service is made from (`Infra`) and what it is (`Service`), whichever process it runs in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from libs.common.bus.port import BatchHandler, Bus
from libs.common.clock import Clock
from libs.common.contracts.calls import Answers, Peers
from libs.common.egress.client import EgressClient
from libs.common.keyring import KeyRing
from libs.common.sealing import Sealer
from libs.common.sealing import collection_spec as data_keys
from libs.common.settings import Settings
from libs.common.store.port import Store
from libs.common.telemetry import Metrics, Telemetry, Tracing
from libs.common.web.routes import Route
from libs.common.workers import Worker


@dataclass(frozen=True, slots=True)
class Infra:
    """The engines and shared parts that services are built on."""

    settings: Settings
    clock: Clock
    store: Store
    bus: Bus
    peers: Peers
    egress: EgressClient
    metrics: Metrics
    tracing: Tracing
    keys: KeyRing

    @property
    def telemetry(self) -> Telemetry:
        return Telemetry(self.metrics, self.tracing)

    def sealer(self, service: str) -> Sealer:
        """Seals under data keys of that service's own, kept in its database."""
        return Sealer(service, self.store.collection(data_keys(service)), self.keys, self.clock)


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A subscription to a topic: what the service hears, each message in one of its processes."""

    topic: str
    handler: BatchHandler


@dataclass(frozen=True, slots=True)
class Service:
    """What one service serves (`routes`), answers to others, hears (`consumers`), and does by itself.

    `companions` work on what the routes leave in memory, so they run wherever the routes are served; `workers`
    live on the store alone and may run in other processes, beside the consumers, which hand them what is new.
    `prepare` runs once the store is open, before anything is served.
    """

    name: str
    sealer: Sealer
    routes: tuple[Route, ...]
    answers: Answers
    consumers: tuple[Consumer, ...] = ()
    companions: tuple[Worker, ...] = ()
    workers: tuple[Worker, ...] = ()
    prepare: Callable[[], Awaitable[None]] = field(default=_nothing)

    def subscribe(self, bus: Bus) -> None:
        """Declares the consumers, as the group that is named after the service."""
        for consumer in self.consumers:
            bus.subscribe(consumer.topic, self.name, consumer.handler)
