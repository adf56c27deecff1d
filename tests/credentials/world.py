"""The credentials service for real, over HTTP and the embedded engines, between scripted neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp.test_utils import RawTestServer, TestClient

from libs.common.bus.port import Message
from libs.common.contracts.calls import Call
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.credentials import (
    COUNT_TOKENS,
    FIND_CREDENTIAL,
    FIND_VARIABLES,
    CredentialChanged,
    CredentialGrant,
    CredentialQuestion,
    TokensQuestion,
    VariablesGrant,
    VariablesQuestion,
)
from libs.common.contracts.envelope import Event, encode
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.egress.allow import Allow
from libs.common.egress.client import EgressClient
from libs.common.engines import Engines, open_engines
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers
from libs.common.service import Infra, Service
from libs.common.settings import Settings
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Mount
from libs.common.web.endpoint import Endpoints
from libs.common.web.idempotency import IdempotentAnswers
from libs.common.web.idempotency import collection_spec as kept_answers
from libs.common.workers import Supervisor, Worker
from services.credentials.app import build
from tests.credentials.neighbours import FakeCatalog, FakeIdentity
from tests.shared_engines import ReopenableStore

_KEYS = KeyRing.parse("k1:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    raw: str
    headers: dict[str, str]


@dataclass
class World:
    """What a test sees. `heard` holds every event that credentials said, as its JSON."""

    client: TestClient[Any, Any]
    infra: Infra
    identity: FakeIdentity
    catalog: FakeCatalog
    clock: HandClock
    answers: dict[Any, Any]
    endings: Any
    heard: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "acme-key",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        content = None if body is None else orjson.dumps(body)
        sent = {"api_key": key, "Content-Type": "application/json", **(headers or {})}
        async with self.client.request(method, f"/v1{path}", data=content, headers=sent) as response:
            raw = await response.text()
            return Answer(response.status, orjson.loads(raw), raw, dict(response.headers))

    async def connect(self, user_id: str = "ann", *, as_platform: str = "acme", **body: Any) -> Any:
        """Stores a token, by default for the service `mailer` with its API key, and answers its row."""
        body = {"serviceId": "mailer", **({"key": {"token": "s3cret"}} if not _KINDS & set(body) else {}), **body}
        answer = await self.api("POST", f"/user/{user_id}/token", body, key=f"{as_platform}-key")
        assert answer.status == 200, answer.raw
        return answer.json

    async def credential(
        self,
        user_id: str = "ann",
        *,
        platform_id: str = "acme",
        service: str = "mailer",
        id: str | None = None,
        ended: bool = False,
    ) -> CredentialGrant | None:
        question = CredentialQuestion(
            platform_id=platform_id,
            user_row_id=f"row-{platform_id}-{user_id}",
            service_id=f"id-{service}",
            credential_id=id,
            ended=ended,
        )
        return await self.infra.peers.ask(FIND_CREDENTIAL, question)

    async def variables(
        self, platform_id: str = "acme", service: str = "mailer", *, ended: bool = False
    ) -> VariablesGrant:
        question = VariablesQuestion(platform_id=platform_id, service_id=f"id-{service}", ended=ended)
        answer = await self.infra.peers.ask(FIND_VARIABLES, question)
        assert answer is not None
        return answer

    async def say(self, event: Event) -> None:
        await self.infra.bus.publish([encode(event, time=self.clock.now())])

    async def catalog_changed(self, service: str, noun: str, id: str, *, deleted: bool = False) -> None:
        await self.say(
            CatalogChanged(
                platform_id="acme",
                service_id=f"id-{service}",
                service_names=(service,),
                noun=noun,
                id=id,
                revision=2,
                deleted=deleted,
            )
        )

    async def user_deleted(self, user_id: str, platform_id: str = "acme") -> None:
        self.identity.users.pop((platform_id, user_id), None)
        await self.say(
            UserChanged(
                platform_id=platform_id,
                user_row_id=f"row-{platform_id}-{user_id}",
                user_id=user_id,
                revision=2,
                deleted=True,
            )
        )

    async def subscriptions_ended(self, *, user_id: str | None = None, service: str | None = None) -> None:
        await self.say(
            SubscriptionsEnded(
                platform_id="acme",
                user_row_id=f"row-acme-{user_id}" if user_id is not None else None,
                service_id=f"id-{service}" if service is not None else None,
            )
        )

    async def count_tokens(self, service: str = "mailer") -> int:
        answer = await self.infra.peers.ask(COUNT_TOKENS, TokensQuestion(service_id=f"id-{service}"))
        assert answer is not None
        return answer.count

    def answer(self, call: Call[Any, Any], answer: Callable[[Any], Awaitable[Any]]) -> None:
        """From now on the neighbour answers so."""
        self.answers[call] = answer

    async def until_said(self, type: str, count: int) -> None:
        """Returns once that many events of the type were said; the test's own time limit ends a vain wait."""
        while len(self.said(type)) < count:
            self.news.clear()
            await self.news.wait()

    def hear(self, message: Message) -> None:
        self.heard.append(orjson.loads(message.value))
        self.news.set()

    def said(self, type: str) -> list[dict[str, Any]]:
        return [event["data"] for event in self.heard if event["type"] == type]


_KINDS = {"key", "basic", "oauth"}


@asynccontextmanager
async def running_world(store_url: str = "sqlite::memory:") -> AsyncIterator[World]:
    clock = HandClock()
    engines = open_engines(store_url, "local:", clock)
    identity, catalog = _neighbours()
    answers: dict[Any, Any] = {**identity.answers(), **catalog.answers()}
    infra = Infra(
        settings=Settings(),
        clock=clock,
        store=ReopenableStore(engines.store),
        bus=engines.bus,
        peers=DirectPeers(answers),
        egress=EgressClient(Allow(), user_agent="test"),
        metrics=Metrics(),
        tracing=Tracing(),
        keys=_KEYS,
    )
    service = build(infra)
    client = _client(infra, answers, service)
    (endings,) = service.workers
    world = World(client, infra, identity, catalog, clock, answers, endings)
    engines.bus.follow(CredentialChanged.topic, world.hear)
    async with _started(engines, client, service.workers):
        yield world


def _client(infra: Infra, answers: dict[Any, Any], service: Service) -> TestClient[Any, Any]:
    service.subscribe(infra.bus)
    answers.update(service.answers)
    kept = IdempotentAnswers(infra.store.collection(kept_answers("credentials")), service.sealer, infra.clock)
    access = Access(infra.peers, infra.bus)
    endpoints = Endpoints("credentials", access, kept, infra.telemetry, body_limit_bytes=1 << 20)
    return TestClient(RawTestServer(Dispatcher([Mount(service.routes, endpoints)])))


@asynccontextmanager
async def _started(engines: Engines, client: TestClient[Any, Any], workers: Sequence[Worker]) -> AsyncIterator[None]:
    await engines.start()
    supervisor = Supervisor()
    supervisor.start(workers)
    try:
        async with client:
            yield
    finally:
        await supervisor.stop()
        await engines.close()


def _neighbours() -> tuple[FakeIdentity, FakeCatalog]:
    identity, catalog = FakeIdentity(), FakeCatalog()
    for platform_id in ("acme", "rival"):
        for user_id in ("ann", "bob"):
            identity.add_user(platform_id, user_id)
    catalog.add_service("mailer")
    catalog.add_security("mailer", "apiKey", **{"in": "header", "name": "X-Api-Key"})
    return identity, catalog
