"""The edge of one small service over real HTTP: a thing that can be made, read, listed and broken."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from typing_extensions import TypedDict

from libs.common.contracts.calls import Call
from libs.common.contracts.identity import AUTHENTICATE_KEY, KeyGrant, UserGrant
from libs.common.engines import open_engines
from libs.common.errors import Conflict, NotFound, Unavailable
from libs.common.ids import new_id
from libs.common.keyring import KeyRing
from libs.common.sealing import Sealer
from libs.common.sealing import collection_spec as data_keys
from libs.common.store.port import Collection, Document, Documents, Index, Sort
from libs.common.telemetry import Metrics, Telemetry, Tracing
from libs.common.web.access import Access
from libs.common.web.app import Dispatcher, Mount, server_of
from libs.common.web.body import Body
from libs.common.web.docs import docs_routes
from libs.common.web.endpoint import Endpoints
from libs.common.web.idempotency import IdempotentAnswers, collection_spec
from libs.common.web.openapi import About, openapi
from libs.common.web.paging import Listing, page_of
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User

BODY_LIMIT_BYTES = 4096
KEY = "a key of acme"
_THINGS = Collection("test.things", {"platform_id": "text", "rank": "integer"}, (Index(("platform_id", "rank")),))
_BY_RANK = (Sort("rank"),)
_FLAG = QueryParameter("flag", "which way", schema={"type": "boolean"})


class ThingRow(TypedDict):
    """A thing as it is answered."""

    id: str
    user: str | None
    flag: bool


class Part(Body):
    """A body within a body."""

    size_bytes: int


class ThingBody(Body):
    """A thing as it is sent."""

    server_owned = frozenset({"thing_id"})

    display_name: str
    parts: list[Part] = []


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def pass_by(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


class Identity:
    """Knows the keys that it is told, and the users ada and `b/o b`."""

    def __init__(self) -> None:
        self.platforms = {KEY: "acme", "another key of acme": "acme", "a key of other": "other"}
        self.down = False

    async def ask(self, call: Call[Any, Any], question: Any) -> Any:
        if self.down:
            raise Unavailable("identity_down", "identity: is down; try again.", retry_after_s=1)
        if call is AUTHENTICATE_KEY:
            return self._key(question.key_hash)
        if question.user_id not in ("ada", "b/o b"):
            return None
        user_id, platform_id = question.user_id, question.platform_id
        return UserGrant(row_id=f"row of {user_id}", platform_id=platform_id, user_id=user_id, email=None, name=None)

    def _key(self, key_hash: str) -> KeyGrant | None:
        for key, platform_id in self.platforms.items():
            if hashlib.sha256(key.encode()).hexdigest() == key_hash:
                return KeyGrant(key_id=f"id of {key}", platform_id=platform_id)
        return None


class Things:
    """Handlers; `runs` counts how often one that makes something ran, `made` has the ids it drew,
    `begun` is released by each."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self.runs = 0
        self.begun = asyncio.Semaphore(0)
        self.made: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: BaseException | None = None

    def table(self) -> tuple[Route, ...]:
        return (
            Route("GET", "/v1/thing", self.list_all, "List things"),
            Route("POST", "/v1/thing", self.create, "Make a thing", ThingBody, status=201),
            Route("GET", "/v1/thing/{thingId}", self.show, "Show a thing", query=(_FLAG,)),
            Route("PUT", "/v1/thing/{thingId}", self.echo, "Change a thing", ThingBody),
            Route("DELETE", "/v1/thing/{thingId}", self.show, "Delete a thing"),
            Route("POST", "/v1/run", self.run, "Run", json_body=Any, user=User.REQUIRED, effect=True, fails=(422,)),
            Route("POST", "/v1/any", self.echo, "Answer the body", json_body=Any),
            Route("*", "/open/{state}", self.open, "Take anything", open=True),
        )

    async def list_all(self, asked: ApiRequest) -> Listing[int]:
        found = await self._documents.find(
            {"platform_id": asked.platform_id}, order=_BY_RANK, after=asked.page.after, limit=asked.page.limit + 1
        )
        documents, following = page_of(found, asked.page, _BY_RANK)
        return Listing([document.fields["rank"] for document in documents], following)

    async def fill(self, platform_id: str, count: int) -> None:
        await self._documents.insert_many(
            [Document(new_id(), {"platform_id": platform_id, "rank": rank}) for rank in range(count)]
        )

    async def create(self, asked: ApiRequest) -> dict[str, Any]:
        self.runs += 1
        self.begun.release()
        self.made.append(new_id())
        asked.answer_header("x-thing", "made")
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {"id": self.made[-1], "given": asked.body.given()}

    async def run(self, asked: ApiRequest) -> dict[str, Any]:
        self.runs += 1
        self.begun.release()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return {"user": asked.acting_user.row_id}

    async def show(self, asked: ApiRequest) -> ThingRow:
        match asked.path("thingId"):
            case "missing":
                raise NotFound("thing_not_found", "There is no such thing.")
            case "busy":
                raise Conflict("busy", "It is busy.", retry_after_s=7)
            case "broken":
                raise RuntimeError("the password is hunter2")
            case "unserialisable":
                return {"n": 1 << 70}
        return {"id": asked.path("thingId"), "user": asked.user and asked.user.user_id, "flag": asked.flag("flag")}

    async def echo(self, asked: ApiRequest) -> Any:
        return asked.body.given() if isinstance(asked.body, Body) else asked.body

    async def open(self, asked: ApiRequest) -> web.Response:
        return web.Response(text=f"open {asked.path('state')}")


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass
class Edge:
    """A served application and its parts."""

    url: str
    session: aiohttp.ClientSession
    identity: Identity
    things: Things
    clock: Clock
    kept: Documents

    async def ask(self, method: str, path: str, *, key: str | None = KEY, **options: Any) -> Answer:
        headers = {**({"api_key": key} if key else {}), **options.pop("headers", {})}
        async with self.session.request(method, f"{self.url}{path}", headers=headers, **options) as response:
            raw = await response.read()
            as_json = raw and "json" in response.headers.get("Content-Type", "")
            return Answer(response.status, orjson.loads(raw) if as_json else raw, response.headers)

    async def raw(self, request: bytes) -> bytes:
        """What is answered to these very bytes, until the connection closes."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


@asynccontextmanager
async def serving() -> AsyncIterator[Edge]:
    clock, identity = Clock(), Identity()
    engines = open_engines("sqlite::memory:", "local:", clock)
    store = engines.store
    sealer = Sealer("test", store.collection(data_keys("test")), KeyRing.parse(f"k1:{'A' * 43}="), clock)
    things, kept = Things(store.collection(_THINGS)), store.collection(collection_spec("test"))
    endpoints = Endpoints(
        "test",
        Access(identity, engines.bus),
        IdempotentAnswers(kept, sealer, clock),
        Telemetry(Metrics(), Tracing()),
        body_limit_bytes=BODY_LIMIT_BYTES,
    )
    app = await asyncio.to_thread(_app, things.table(), endpoints)  # it reads the page from its file
    await engines.start()
    server = server_of(app, largest_body_bytes=2 * BODY_LIMIT_BYTES)
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession() as session:
            yield Edge(f"http://{host}:{port}", session, identity, things, clock, kept)
    finally:
        await runner.cleanup()
        await engines.close()


def _app(routes: Sequence[Route], endpoints: Endpoints) -> Dispatcher:
    return Dispatcher([Mount(routes, endpoints)], docs_routes(lambda: openapi([("test", routes)], About("1.2.3"))))
