"""Webhooks' subscriptions and cascades on the embedded engines, with a clock and hooks that tests drive."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from libs.common.bus.port import Message
from libs.common.contracts.envelope import decode
from libs.common.contracts.identity import UserGrant
from libs.common.contracts.webhooks import SubscriptionsEnded
from libs.common.egress import Allow, EgressClient
from libs.common.engines import open_engines
from libs.common.keyring import KeyRing
from libs.common.sealing import Sealer, collection_spec
from libs.logic.errors import LogicError
from services.webhooks.cascades.cascades import Cascades
from services.webhooks.cascades.repository import CascadeRepository
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.repository import EndpointRepository
from services.webhooks.subscriptions.changes import Changes
from services.webhooks.subscriptions.ending import Ending
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository
from services.webhooks.subscriptions.secrets import SigningSecrets
from services.webhooks.subscriptions.subscriptions import Subscriptions, Target, Wanted
from tests.clock import FakeClock

PLATFORM = "acme"
USER = UserGrant(row_id="u1", platform_id=PLATFORM, user_id="ada", email=None, name=None)
WANTED = Wanted("hub", "opened", None, None, None, {"project": "p"})
DOWN = LogicError("http_error", "The provider is down.", details={"status": 503})


@dataclass
class Hooks:
    """A trigger whose hooks note what they were run for, and fail as they are told."""

    made: list[str] = field(default_factory=list)
    removed: list[tuple[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    create_error: BaseException | None = None
    delete_error: Exception | None = None
    gone: Exception | None = None
    making: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def target(self, platform_id: str, user: UserGrant, wanted: Wanted) -> Target:
        return Target("s1", wanted.service, f"t-{wanted.trigger}", wanted.trigger, None)

    async def confirm(self, subscription: Subscription) -> None:
        if self.gone is not None:
            raise self.gone

    async def create(self, subscription: Subscription) -> Any:
        self.made.append(subscription.id)
        self.making.set()
        await self.may_go_on.wait()
        if self.create_error is not None:
            raise self.create_error
        return {"id": len(self.made)}

    async def delete(self, subscription: Subscription) -> None:
        if self.delete_error is not None:
            raise self.delete_error
        self.removed.append((subscription.id, subscription.state))

    async def close(self, subscription: Subscription) -> None:
        self.closed.append(subscription.id)


@dataclass
class House:
    """Subscriptions of service `s1`, whose triggers' identities are `t-` and their names, on engines in memory."""

    clock: FakeClock
    hooks: Hooks
    rows: SubscriptionRepository
    subscriptions: Subscriptions
    ending: Ending
    endpoints: Endpoints
    cascade_rows: CascadeRepository
    cascades: Cascades
    said: list[SubscriptionsEnded] = field(default_factory=list)

    async def make(self, user: UserGrant = USER, trigger: str = "opened") -> Subscription:
        made, _ = await self.subscriptions.create(PLATFORM, user, replace(WANTED, trigger=trigger))
        return made

    async def read(self, subscription: Subscription) -> Subscription:
        found = await self.rows.get(PLATFORM, subscription.id)
        assert found is not None
        return found

    async def recover(self) -> int:
        """What the worker does with the rows that are due now."""
        due = await self.ending.claim_unfinished(10)
        for each in due:
            await self.ending.finish(each)
        return len(due)

    async def advance(self) -> int:
        """What the worker does with the cascades that are due now."""
        due = await self.cascades.claim(10)
        for each in due:
            await self.cascades.advance(each)
        return len(due)

    def hear(self, message: Message) -> None:
        ended = decode(message, SubscriptionsEnded)
        if ended is not None:
            self.said.append(ended.event)


@asynccontextmanager
async def running_house() -> AsyncIterator[House]:
    clock, hooks = FakeClock(), Hooks()
    hooks.may_go_on.set()
    engines = open_engines("sqlite::memory:", "local:", clock)
    ring = KeyRing.parse(f"a:{base64.b64encode(bytes(32)).decode()}")
    sealer = Sealer("webhooks", engines.store.collection(collection_spec("webhooks")), ring, clock)
    egress = EgressClient(Allow.parse(""), user_agent="test")
    rows = SubscriptionRepository(engines.store, sealer)
    changes = Changes(rows, clock)
    hearing = Hearing(rows, engines.bus)
    subscriptions = Subscriptions(rows, changes, hooks, SigningSecrets(sealer), hearing, egress, clock=clock)
    endpoints = Endpoints(EndpointRepository(engines.store), sealer, clock, public_url="http://localhost")
    ending = Ending(rows, changes, hooks, clock)
    cascade_rows = CascadeRepository(engines.store)
    cascades = Cascades(cascade_rows, ending, endpoints, clock, on_ending=lambda: None)
    house = House(clock, hooks, rows, subscriptions, ending, endpoints, cascade_rows, cascades)
    engines.bus.follow(SubscriptionsEnded.topic, house.hear)
    await engines.start()
    try:
        yield house
    finally:
        await egress.close()
        await engines.close()
