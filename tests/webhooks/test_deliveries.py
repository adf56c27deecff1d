"""Deliveries: tried, retried by the stored schedule, given up, replayed; a sick subscriber slows nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from libs.common.egress import Allow, EgressClient
from libs.common.engines import open_engines
from libs.common.errors import Conflict
from libs.common.ids import new_id
from libs.common.telemetry import Metrics, Telemetry, Tracing
from libs.common.web.paging import Page
from services.webhooks.deliveries.deliveries import Deliveries
from services.webhooks.deliveries.models import Delivery, DeliveryStatus
from services.webhooks.deliveries.repository import DeliveryRepository
from services.webhooks.deliveries.schedule import RETRIES
from services.webhooks.deliveries.signing import new_secret
from services.webhooks.subscriptions.models import Status, Subscription
from tests.clock import FakeClock
from tests.webhooks.story import Subscriber, subscriber

PLATFORM = "acme"


@dataclass
class Subscribers:
    """One subscription, as the deliveries know it."""

    subscription: Subscription | None
    secret: str = field(default_factory=new_secret)
    told: list[str] = field(default_factory=list)
    allowed: bool = True

    async def allows(self, subscription: Subscription) -> bool:
        return self.allowed

    async def current(self, platform_id: str, id: str) -> Subscription | None:
        return self.subscription

    async def signing_secrets(self, subscription: Subscription) -> Sequence[str]:
        return [self.secret]

    async def succeeded(self, subscription: Subscription) -> None:
        self.told.append("succeeded")

    async def failed(self, subscription: Subscription, *, gone: bool) -> None:
        self.told.append("gone" if gone else "failed")


@dataclass
class Bench:
    deliveries: Deliveries
    subscribers: Subscribers
    clock: FakeClock
    taking: Subscriber

    async def made(self, **changes: Any) -> Delivery:
        delivery = Delivery(
            id=new_id(),
            platform_id=PLATFORM,
            subscription_id="s1",
            notification_id="n1",
            type="hub.opened",
            created_at=self.clock.now(),
            due_at=self.clock.now(),
            payload=b'{"a":1}',
        )
        delivery = replace(delivery, **changes)
        (leased,) = await self.deliveries.add([delivery], free=1)
        return leased

    async def listed(self) -> list[Delivery]:
        found, _ = await self.deliveries.page(PLATFORM, "s1", Page())
        return found


def make_subscription(clock: FakeClock, url: str, **changes: object) -> Subscription:
    return Subscription(
        id="s1",
        platform_id=PLATFORM,
        service_id="v1",
        service_name="hub",
        service_version=None,
        trigger_id="t1",
        trigger_name="opened",
        user_row_id="u1",
        user_id="ada",
        user_credential_id=None,
        url=url,
        variables={},
        status=Status.ACTIVE,
        terms=(),
        secrets=(),
        inserted_at=clock.now(),
        updated_at=clock.now(),
    ).model_copy(update=changes)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = FakeClock()
    engines = open_engines("sqlite::memory:", "local:", clock)
    egress = EgressClient(Allow.parse("127.0.0.1"), user_agent="test")
    async with subscriber() as taking:
        subscribers = Subscribers(make_subscription(clock, taking.url, headers={"x-mine": "1"}))
        deliveries = Deliveries(
            DeliveryRepository(engines.store),
            subscribers,
            egress,
            clock,
            Telemetry(Metrics(), Tracing()),
            timeout_s=0.2,
            kept=timedelta(days=14),
        )
        deliveries.chance = lambda: 0.0
        await engines.start()
        await egress.start()
        try:
            yield Bench(deliveries, subscribers, clock, taking)
        finally:
            await egress.close()
            await engines.close()


async def test_a_delivery_that_is_taken_is_settled(bench: Bench) -> None:
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert (delivery.status, delivery.due_at) == (DeliveryStatus.DELIVERED, None)
    assert [attempt.status for attempt in delivery.attempts] == [200]
    headers, body = bench.taking.received[0]
    assert body == b'{"a":1}'
    assert headers["x-mine"] == "1"
    assert bench.subscribers.told == ["succeeded"]


async def test_a_delivery_that_always_fails_is_tried_by_the_schedule_and_then_is_a_dead_letter(bench: Bench) -> None:
    bench.taking.answer = lambda _count: _answer(500)
    delivery = await bench.made()
    for wait in RETRIES:
        await bench.deliveries.attempt(delivery)
        bench.clock.move(seconds=wait.total_seconds() - 1)
        assert await bench.deliveries.claim(10) == []
        bench.clock.move(seconds=1)
        (delivery,) = await bench.deliveries.claim(10)
    await bench.deliveries.attempt(delivery)
    (dead,) = await bench.listed()
    assert (dead.status, dead.due_at, len(dead.attempts)) == (DeliveryStatus.DEAD, None, len(RETRIES) + 1)
    assert len(bench.taking.received) == len(RETRIES) + 1
    assert len({headers["webhook-id"] for headers, _ in bench.taking.received}) == 1


async def test_a_subscriber_that_asks_for_time_gets_it(bench: Bench) -> None:
    bench.taking.answer = lambda _count: _answer(429, {"Retry-After": "3600"})
    await bench.deliveries.attempt(await bench.made())
    (waiting,) = await bench.listed()
    assert waiting.due_at == bench.clock.now() + timedelta(hours=1)


async def test_a_subscriber_that_is_gone_ends_it(bench: Bench) -> None:
    bench.taking.answer = lambda _count: _answer(410)
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert delivery.status is DeliveryStatus.DEAD
    assert bench.subscribers.told == ["gone"]


async def test_a_redirect_is_no_success_and_is_not_followed(bench: Bench) -> None:
    bench.taking.answer = lambda _count: _answer(302, {"Location": bench.taking.url})
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert (delivery.status, len(bench.taking.received)) == (DeliveryStatus.PENDING, 1)


async def test_a_subscriber_that_hangs_is_given_up_in_time(bench: Bench) -> None:
    hanging = asyncio.Event()

    async def hang(_count: int) -> web.Response:
        await hanging.wait()
        return web.Response()

    bench.taking.answer = hang
    await bench.deliveries.attempt(await bench.made())
    hanging.set()
    (delivery,) = await bench.listed()
    assert delivery.status is DeliveryStatus.PENDING
    assert delivery.attempts[0].error is not None


async def test_an_unreachable_subscriber_is_tried_again(bench: Bench) -> None:
    assert bench.subscribers.subscription is not None
    bench.subscribers.subscription = bench.subscribers.subscription.model_copy(update={"url": "http://127.0.0.1:9/"})
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert delivery.due_at == bench.clock.now() + RETRIES[0]
    assert delivery.attempts[0].error is not None


async def test_what_the_egress_rules_refuse_is_never_sent(bench: Bench) -> None:
    assert bench.subscribers.subscription is not None
    bench.subscribers.subscription = bench.subscribers.subscription.model_copy(
        update={"url": "http://169.254.169.254/latest/"}
    )
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert delivery.attempts[0].status is None
    assert "169.254.169.254" in (delivery.attempts[0].error or "")


async def test_a_deliverer_that_lost_its_lease_writes_nothing(bench: Bench) -> None:
    delivery = await bench.made()
    bench.clock.move(minutes=5)
    (taken_over,) = await bench.deliveries.claim(10)
    await bench.deliveries.attempt(taken_over)
    await bench.deliveries.attempt(delivery)
    (settled,) = await bench.listed()
    assert len(settled.attempts) == 1


async def test_a_paused_subscription_waits_without_using_up_tries(bench: Bench) -> None:
    assert bench.subscribers.subscription is not None
    bench.subscribers.subscription = bench.subscribers.subscription.model_copy(update={"status": Status.PAUSED})
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, ())
    assert bench.taking.received == []


async def test_a_subscription_that_ended_cancels_its_deliveries(bench: Bench) -> None:
    bench.subscribers.subscription = None
    await bench.deliveries.attempt(await bench.made())
    (delivery,) = await bench.listed()
    assert delivery.status is DeliveryStatus.CANCELLED


async def test_a_dead_letter_can_be_replayed_by_id_and_by_span(bench: Bench) -> None:
    bench.taking.answer = lambda _count: _answer(410)
    first, second = await bench.made(), await bench.made()
    await bench.deliveries.attempt(first)
    await bench.deliveries.attempt(second)
    bench.taking.answer = None
    await bench.deliveries.retry(PLATFORM, "s1", first.id)
    now = bench.clock.now()
    assert await bench.deliveries.recover(PLATFORM, "s1", now - timedelta(hours=1), now + timedelta(hours=1)) == 1
    for delivery in await bench.deliveries.claim(10):
        await bench.deliveries.attempt(delivery)
    assert {delivery.status for delivery in await bench.listed()} == {DeliveryStatus.DELIVERED}


async def test_what_its_user_may_no_longer_hear_is_never_sent_and_can_be_replayed_once_it_may(bench: Bench) -> None:
    waiting = await bench.made()
    bench.subscribers.allowed = False
    await bench.deliveries.attempt(waiting)
    (dead,) = await bench.listed()
    assert (dead.status, bench.taking.received, bench.subscribers.told) == (DeliveryStatus.DEAD, [], [])
    assert "not for this subscription's user" in str(dead.attempts[0].error)
    bench.subscribers.allowed = True
    await bench.deliveries.retry(PLATFORM, "s1", dead.id)
    (again,) = await bench.deliveries.claim(10)
    await bench.deliveries.attempt(again)
    assert [delivery.status for delivery in await bench.listed()] == [DeliveryStatus.DELIVERED]


async def test_a_delivery_under_way_is_not_replayed_beside_itself(bench: Bench) -> None:
    delivery = await bench.made()
    with pytest.raises(Conflict):
        await bench.deliveries.retry(PLATFORM, "s1", delivery.id)


async def test_a_failing_subscriber_is_given_few_places(bench: Bench) -> None:
    assert bench.subscribers.subscription is not None
    bench.subscribers.subscription = bench.subscribers.subscription.model_copy(
        update={"failing_since": bench.clock.now()}
    )
    holding, seen = asyncio.Event(), asyncio.Event()

    async def hold(count: int) -> web.Response:
        if count == 2:
            seen.set()
        await holding.wait()
        return web.Response()

    bench.taking.answer = hold
    made = [await bench.made() for _ in range(5)]
    running = asyncio.gather(*(bench.deliveries.attempt(delivery) for delivery in made))
    await seen.wait()
    holding.set()
    await running
    assert len(bench.taking.received) == 2
    assert sum(delivery.due_at is not None and not delivery.attempts for delivery in await bench.listed()) == 3


async def test_the_same_delivery_is_added_once(bench: Bench) -> None:
    delivery = await bench.made()
    assert await bench.deliveries.add([delivery], free=1) == []
    assert len(await bench.listed()) == 1


async def test_what_finds_no_free_slot_is_due(bench: Bench) -> None:
    template = await bench.made()
    more = [replace(template, id=new_id(), revision=0) for _ in range(3)]
    assert len(await bench.deliveries.add(more, free=1)) == 1
    assert len(await bench.deliveries.claim(10)) == 2


async def _answer(status: int, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, headers=headers)
