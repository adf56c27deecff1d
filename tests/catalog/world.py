"""The catalog service for real, over HTTP and the embedded engines, between scripted neighbours."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp.test_utils import RawTestServer, TestClient

from libs.common.contracts.calls import Call
from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_SERVICE,
    CatalogChanged,
    ComponentGrant,
    ComponentQuestion,
    Kind,
    ServiceGrant,
    ServiceQuestion,
)
from libs.common.contracts.credentials import (
    COUNT_TOKENS,
    KEEP_VALUE,
    TokensCount,
    TokensQuestion,
    ValueHandle,
    ValueToKeep,
)
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import (
    AUTHENTICATE_KEY,
    FIND_GROUPS,
    FIND_USER,
    GroupsGrant,
    GroupsQuestion,
    KeyGrant,
    KeyQuestion,
    UserGrant,
    UserQuestion,
)
from libs.common.contracts.webhooks import (
    COUNT_SUBSCRIPTIONS,
    SubscriptionsCount,
    SubscriptionsEnded,
    SubscriptionsQuestion,
)
from libs.common.egress.allow import Allow
from libs.common.egress.client import EgressClient
from libs.common.engines import open_engines
from libs.common.errors import Unavailable
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers, unavailable
from libs.common.service import Infra, Service
from libs.common.settings import Settings
from libs.common.store.port import Collection, Documents, Store
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Mount
from libs.common.web.endpoint import Endpoints
from libs.common.web.idempotency import IdempotentAnswers
from libs.common.web.idempotency import collection_spec as kept_answers
from libs.logic.compiler import ExpressionSource, ScriptSource
from libs.logic.core import LIBRARY
from libs.logic.core.registry import Library
from libs.logic.errors import Problem
from services.catalog.app import build
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.repository import CONTENTS, ContentRepository, HeadRepository
from services.catalog.logic_check import SyntaxCheck
from services.catalog.securities.repository import SecurityRepository
from services.catalog.services.removal import Removal
from services.catalog.services.repository import ServiceRepository
from services.catalog.sweep import Sweep
from services.catalog.versions.repository import PinRepository, VersionRepository

_RING = KeyRing.parse("k1:" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
_PLATFORMS = {hashlib.sha256(f"{name}-key".encode()).hexdigest(): name for name in ("acme", "rival")}
_USERS = {("acme", "ann"), ("acme", "bob"), ("acme", "max"), ("rival", "rita")}
_GROUPS = {"acme": frozenset({"sales", "support"}), "rival": frozenset({"theirs"})}
_MEMBERS = {"bob": frozenset({"sales"}), "max": frozenset({"sales", "support"})}
_ADMINS = {"max": frozenset({"sales"})}


class TickingClock:
    """Moves on by a microsecond whenever it is read, and further when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(microseconds=1)
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


class AnyScript:
    """Takes every script and expression for well-formed."""

    async def check_syntax(self, scripts: Sequence[ScriptSource], tenant: str) -> list[Problem]:
        return []

    async def check_expressions(self, expressions: Sequence[ExpressionSource], tenant: str) -> list[Problem]:
        return []


class Gate:
    """Stops somebody until it is opened."""

    def __init__(self) -> None:
        self._reached, self._opened = asyncio.Event(), asyncio.Event()

    async def pass_through(self) -> None:
        self._reached.set()
        await self._opened.wait()

    async def reached(self) -> None:
        await self._reached.wait()

    def open(self) -> None:
        self._opened.set()


class Pausable:
    """A collection whose next insert stops at a gate, if there is one."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.gate: Gate | None = None

    async def insert(self, *arguments: Any, **options: Any) -> Any:
        gate, self.gate = self.gate, None
        if gate is not None:
            await gate.pass_through()
        return await self._documents.insert(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)


class SharedStore:
    """Lets a test use the collections that catalog declared, beside catalog."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._declared: dict[str, Any] = {}

    def collection(self, spec: Collection) -> Any:
        if spec.name not in self._declared:
            self._declared[spec.name] = Pausable(self._store.collection(spec))
        return self._declared[spec.name]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@dataclass
class Credentials:
    """What was handed over to be sealed, by variable; `down` makes it unreachable."""

    kept: dict[str, Any] = field(default_factory=dict)
    down: bool = False

    async def keep(self, given: ValueToKeep) -> ValueHandle:
        if self.down:
            raise Unavailable("credentials_unavailable", "credentials can't be reached; try again shortly.")
        self.kept[given.variable_id] = given.value
        return ValueHandle(handle=f"handle-of-{given.variable_id}")


@dataclass
class Uses:
    """How many refer to a service, as their owners count them; those in `down` can't be asked."""

    tokens: dict[str, int] = field(default_factory=dict)
    subscriptions: dict[str, int] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    async def count_tokens(self, question: TokensQuestion) -> TokensCount:
        self._refuse("credentials")
        return TokensCount(count=self.tokens.get(question.service_id, 0))

    async def count_subscriptions(self, question: SubscriptionsQuestion) -> SubscriptionsCount:
        self._refuse("webhooks")
        return SubscriptionsCount(count=self.subscriptions.get(question.service_id, 0))

    def _refuse(self, owner: str) -> None:
        if owner in self.down:
            raise unavailable(owner)


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    raw: str
    headers: dict[str, str]


@dataclass
class World:
    """A running catalog. Requests come from platform `acme` and its user `ann` unless told otherwise.

    Of acme's users, `bob` is in the group `sales`, `max` its admin and a member of `support`.
    """

    client: TestClient[Any, Any]
    infra: Infra
    answers: dict[Call[Any, Any], Any]
    clock: TickingClock
    credentials: Credentials
    uses: Uses
    service: Service
    services: ServiceRepository
    contents: ContentRepository
    sweep: Sweep
    removal: Removal
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def api(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str = "acme-key",
        user: str | None = "ann",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """`user` goes into the query, None for none."""
        query = "" if user is None else f"{'&' if '?' in path else '?'}userId={user}"
        content = None if body is None else orjson.dumps(body)
        sent = {"api_key": key, "Content-Type": "application/json", **(headers or {})}
        async with self.client.request(method, f"/v1{path}{query}", data=content, headers=sent) as response:
            raw = await response.text()
            return Answer(response.status, orjson.loads(raw), raw, dict(response.headers))

    async def ok(self, method: str, path: str, body: object = None, **options: Any) -> Any:
        answer = await self.api(method, path, body, **options)
        assert answer.status == 200, answer.raw
        return answer.json

    async def refused(self, status: int, method: str, path: str, body: object = None, **options: Any) -> Any:
        """The problem that must be answered with that status."""
        answer = await self.api(method, path, body, **options)
        assert answer.status == status, answer.raw
        assert answer.json["error"]
        return answer.json

    async def made(self, **options: Any) -> list[str]:
        """The names of the services that are listed beside the built-in one."""
        names = [str(each["name"]) for each in await self.ok("GET", "/service", **options)]
        names.remove("core")
        return names

    async def make_service(self, name: str = "github", **changes: Any) -> str:
        return str((await self.ok("POST", "/service", {"name": name, **changes}))["id"])

    async def make(self, kind: str, name: str, service: str = "github", **changes: Any) -> Any:
        return await self.ok("POST", f"/service/{service}/{kind}", {"name": name, **changes})

    async def ask(self, call: Call[Any, Any], question: Any) -> Any:
        return await self.answers[call](question)

    async def subscriptions_ended(self, service_id: str, trigger_id: str | None = None, *, ago_s: float = 0) -> None:
        """Catalog hears of it, and purges what falls due by that."""
        event = SubscriptionsEnded(platform_id="acme", service_id=service_id, trigger_id=trigger_id)
        said = encode(event, time=self.clock.now() - timedelta(seconds=ago_s))
        for consumer in self.service.consumers:
            await consumer.handler([said])
        await self.purge()

    async def purge(self) -> int:
        """What the worker does with the tombstones that are due."""
        due = await self.services.claim_removed(10)
        for tombstone in due:
            await self.removal.finish(tombstone)
        return len(due)

    def stop_at_the_next_content(self) -> Gate:
        """Whoever writes the next content waits at the gate."""
        gate = Gate()
        self.infra.store.collection(CONTENTS).gate = gate
        return gate

    async def component(
        self, ref: str, kind: Kind = Kind.ACTION, service_name: str = "github", **changes: Any
    ) -> ComponentGrant | None:
        """As another service finds it."""
        service: ServiceGrant = await self.ask(FIND_SERVICE, ServiceQuestion(platform_id="acme", ref=service_name))
        question = ComponentQuestion(service_id=service.id, kind=kind, ref=ref, **changes)
        grant: ComponentGrant | None = await self.ask(FIND_COMPONENT, question)
        return grant


async def _key(question: KeyQuestion) -> KeyGrant | None:
    platform_id = _PLATFORMS.get(question.key_hash)
    return None if platform_id is None else KeyGrant(key_id=f"key-of-{platform_id}", platform_id=platform_id)


async def _user(question: UserQuestion) -> UserGrant | None:
    if (question.platform_id, question.user_id) not in _USERS:
        return None
    return UserGrant(
        row_id=f"row-of-{question.user_id}",
        platform_id=question.platform_id,
        user_id=question.user_id,
        email=None,
        name=None,
        groups=_MEMBERS.get(question.user_id, frozenset()),
        admin_of=_ADMINS.get(question.user_id, frozenset()),
    )


async def _groups(question: GroupsQuestion) -> GroupsGrant:
    return GroupsGrant(ids=_GROUPS[question.platform_id].intersection(question.ids))


@asynccontextmanager
async def running_world(sandbox: SyntaxCheck | None = None, library: Library = LIBRARY) -> AsyncIterator[World]:
    clock, credentials, uses = TickingClock(), Credentials(), Uses()
    engines = open_engines("sqlite::memory:", "local:", clock)
    answers: dict[Any, Any] = {
        AUTHENTICATE_KEY: _key,
        FIND_USER: _user,
        FIND_GROUPS: _groups,
        KEEP_VALUE: credentials.keep,
        COUNT_TOKENS: uses.count_tokens,
        COUNT_SUBSCRIPTIONS: uses.count_subscriptions,
    }
    infra = Infra(
        settings=Settings(),
        clock=clock,
        store=SharedStore(engines.store),
        bus=engines.bus,
        peers=DirectPeers(answers),
        egress=EgressClient(Allow(), user_agent="test"),
        metrics=Metrics(),
        tracing=Tracing(),
        keys=_RING,
    )
    service = build(infra, sandbox or AnyScript(), library)
    client = _client(infra, answers, service)
    heads, contents = HeadRepository(infra.store), ContentRepository(infra.store)
    removed = RemovedRepository(infra.store)
    pins, versions = PinRepository(infra.store), VersionRepository(infra.store)
    sweep = Sweep(heads, removed, contents, pins, versions, clock)
    services = ServiceRepository(infra.store)
    inside = (heads, removed, contents, pins, versions, SecurityRepository(infra.store))
    removal = Removal(services, inside, clock)
    world = World(client, infra, answers, clock, credentials, uses, service, services, contents, sweep, removal)
    infra.bus.follow(CatalogChanged.topic, lambda message: world.heard.append(orjson.loads(message.value)["data"]))
    await engines.start()
    try:
        async with client:
            yield world
    finally:
        await engines.close()


def _client(infra: Infra, answers: dict[Any, Any], service: Service) -> TestClient[Any, Any]:
    answers.update(service.answers)
    kept = IdempotentAnswers(infra.store.collection(kept_answers("catalog")), service.sealer, infra.clock)
    endpoints = Endpoints("catalog", Access(infra.peers, infra.bus), kept, infra.telemetry, body_limit_bytes=1 << 20)
    return TestClient(RawTestServer(Dispatcher([Mount(service.routes, endpoints)])))
