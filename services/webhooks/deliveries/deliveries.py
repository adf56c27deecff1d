"""Deliveries: made once per notification and subscription, attempted, settled, replayed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from libs.common.clock import Clock
from libs.common.egress.client import EgressClient
from libs.common.egress.errors import EgressError
from libs.common.egress.messages import EgressResponse
from libs.common.errors import Conflict, NotFound
from libs.common.store.port import RevisionConflict
from libs.common.telemetry import Telemetry
from libs.common.web.paging import Page
from services.webhooks.deliveries.models import Attempt, Delivery, DeliveryStatus
from services.webhooks.deliveries.repository import DeliveryRepository
from services.webhooks.deliveries.schedule import next_delay, parse_retry_after
from services.webhooks.deliveries.signing import signature_headers
from services.webhooks.subscriptions.models import HEARING, Status, Subscription

LEASE = timedelta(seconds=60)
_PAUSED_RECHECK = timedelta(minutes=1)
_BUSY_RECHECK = timedelta(seconds=2)
_GONE = 410
_SLOW_DOWN = (429, 503)
_RESPONSE_KEPT_BYTES = 1024
_NOT_SHARED = "Not sent: the service is not for this subscription's user any more; replay it once it is."
_RECOVERED_AT_ONCE = 500
_CONCURRENCY = 64
_CONCURRENCY_WHILE_FAILING = 2


class Subscribers(Protocol):
    """What a delivery needs of its subscription."""

    async def current(self, platform_id: str, id: str) -> Subscription | None: ...

    async def allows(self, subscription: Subscription) -> bool: ...

    async def signing_secrets(self, subscription: Subscription) -> Sequence[str]: ...

    async def succeeded(self, subscription: Subscription) -> None: ...

    async def failed(self, subscription: Subscription, *, gone: bool) -> None: ...


class Deliveries:
    """The verbs on deliveries. `timeout_s`: how long a subscriber may take; `kept`: how long settled rows stay."""

    def __init__(
        self,
        repository: DeliveryRepository,
        subscribers: Subscribers,
        egress: EgressClient,
        clock: Clock,
        telemetry: Telemetry,
        *,
        timeout_s: float,
        kept: timedelta,
    ) -> None:
        self._repository = repository
        self._subscribers = subscribers
        self._egress = egress
        self._clock = clock
        self._tracing = telemetry.tracing
        self._succeeded = telemetry.metrics.deliveries.labels("succeeded")
        self._failed = telemetry.metrics.deliveries.labels("failed")
        self._seconds = telemetry.metrics.delivery_seconds
        self._timeout_s = timeout_s
        self._kept = kept
        self._under_way: dict[str, int] = {}
        self.chance: Callable[[], float] = random.random
        self.on_due: Callable[[], None] = _nobody_waits

    async def add(self, deliveries: Sequence[Delivery], *, free: int) -> list[Delivery]:
        """Adds those that are new; answers at most `free` of them, leased for the caller to attempt at once."""
        if len(deliveries) <= free:
            return await self._repository.add(deliveries, lease=LEASE)
        kept, _ = await asyncio.gather(
            self._repository.add(deliveries[:free], lease=LEASE), self._repository.add(deliveries[free:], lease=None)
        )
        return kept

    async def claim(self, limit: int) -> list[Delivery]:
        return await self._repository.claim(LEASE, limit)

    async def attempt(self, delivery: Delivery) -> None:
        """Tries a leased delivery once and writes down how it went and when it is tried next."""
        subscription = await self._subscribers.current(delivery.platform_id, delivery.subscription_id)
        if subscription is None or subscription.url is None or subscription.status is Status.DELETING:
            return await self._settle(delivery, DeliveryStatus.CANCELLED)
        if subscription.status not in HEARING:
            return await self._postpone(delivery, _PAUSED_RECHECK)
        if not await self._subscribers.allows(subscription):
            refused = Attempt(at=self._clock.now(), duration_ms=0, error=_NOT_SHARED)
            return await self._settle(replace(delivery, attempts=(*delivery.attempts, refused)), DeliveryStatus.DEAD)
        if not self._enter(subscription):
            return await self._postpone(delivery, _BUSY_RECHECK)
        try:
            attempt, retry_after = await self._try(delivery, subscription)
        finally:
            self._leave(subscription)
        delivery = replace(delivery, attempts=(*delivery.attempts, attempt))
        if attempt.succeeded:
            await self._settle(delivery, DeliveryStatus.DELIVERED)
            return await self._subscribers.succeeded(subscription)
        await self._reschedule(delivery, retry_after, gone=attempt.status == _GONE)
        return await self._subscribers.failed(subscription, gone=attempt.status == _GONE)

    async def page(self, platform_id: str, subscription_id: str, page: Page) -> tuple[list[Delivery], str | None]:
        return await self._repository.page(platform_id, subscription_id, page)

    async def retry(self, platform_id: str, subscription_id: str, id: str) -> Delivery:
        """Makes a settled or long waiting delivery due now. Raises NotFound, Conflict while it is under way."""
        delivery = await self._repository.get(platform_id, subscription_id, id)
        if delivery is None:
            raise NotFound("delivery_not_found", "This subscription has no such delivery.")
        if delivery.due_at is not None and delivery.due_at <= self._clock.now() + LEASE:
            raise _under_way()
        return await self._replay(delivery)

    async def recover(self, platform_id: str, subscription_id: str, since: datetime, until: datetime) -> int:
        """Makes the dead letters of a span due again; answers how many."""
        count = 0
        while True:
            dead = await self._repository.dead(platform_id, subscription_id, since, until, _RECOVERED_AT_ONCE)
            for delivery in dead:
                await self._replay(delivery)
            count += len(dead)
            if len(dead) < _RECOVERED_AT_ONCE:
                return count

    async def _replay(self, delivery: Delivery) -> Delivery:
        again = replace(delivery, status=DeliveryStatus.PENDING, due_at=self._clock.now(), expires_at=None)
        try:
            saved = await self._repository.save(again)
        except RevisionConflict:
            raise _under_way() from None
        self.on_due()
        return saved

    async def _try(self, delivery: Delivery, subscription: Subscription) -> tuple[Attempt, timedelta | None]:
        at, started = self._clock.now(), time.perf_counter()
        status = error = text = retry_after = None
        try:
            with self._tracing.span("delivery.attempt", delivery.traceparent, kind="client") as trace:
                answer = await self._send(delivery, subscription, at, trace)
            status = answer.status
            text = answer.body[:_RESPONSE_KEPT_BYTES].decode("utf-8", "replace")
            if status in _SLOW_DOWN:
                retry_after = parse_retry_after(answer.headers.get("retry-after"), self._clock)
        except EgressError as failure:
            error = str(failure)
        duration_ms = round((time.perf_counter() - started) * 1000)
        attempt = Attempt(at=at, duration_ms=duration_ms, status=status, error=error, response=text)
        self._count(delivery, attempt)
        return attempt, retry_after

    async def _send(
        self, delivery: Delivery, subscription: Subscription, at: datetime, trace: str | None
    ) -> EgressResponse:
        body = delivery.payload or b""
        signing_secrets = await self._subscribers.signing_secrets(subscription)
        headers = {
            **subscription.headers,
            "content-type": "application/json",
            **signature_headers(delivery.id, int(at.timestamp()), body, signing_secrets),
        }
        if trace:
            headers["traceparent"] = trace
        return await self._egress.request(
            "POST", subscription.url or "", headers=headers, body=body, timeout_s=self._timeout_s, max_bytes=64 << 10
        )

    def _count(self, delivery: Delivery, attempt: Attempt) -> None:
        (self._succeeded if attempt.succeeded else self._failed).inc()
        if attempt.succeeded:
            self._seconds.observe((self._clock.now() - delivery.created_at).total_seconds())

    async def _settle(self, delivery: Delivery, status: DeliveryStatus) -> None:
        await self._save(replace(delivery, status=status, due_at=None, expires_at=self._clock.now() + self._kept))

    async def _reschedule(self, delivery: Delivery, retry_after: timedelta | None, *, gone: bool) -> None:
        delay = None if gone else next_delay(delivery.failures, self.chance(), retry_after)
        if delay is None:
            return await self._settle(delivery, DeliveryStatus.DEAD)
        return await self._postpone(delivery, delay)

    async def _postpone(self, delivery: Delivery, delay: timedelta) -> None:
        await self._save(replace(delivery, due_at=self._clock.now() + delay))

    async def _save(self, delivery: Delivery) -> None:
        try:
            await self._repository.save(delivery)
        except RevisionConflict:
            return  # the lease lapsed and another worker has it: what it writes down counts

    def _enter(self, subscription: Subscription) -> bool:
        """Takes one of the subscription's places, of which a failing one has few, so that it slows nobody else."""
        limit = _CONCURRENCY if subscription.failing_since is None else _CONCURRENCY_WHILE_FAILING
        under_way = self._under_way.get(subscription.id, 0)
        if under_way >= limit:
            return False
        self._under_way[subscription.id] = under_way + 1
        return True

    def _leave(self, subscription: Subscription) -> None:
        left = self._under_way[subscription.id] - 1
        if left:
            self._under_way[subscription.id] = left
        else:
            del self._under_way[subscription.id]


def _nobody_waits() -> None:
    return None


def _under_way() -> Conflict:
    return Conflict("delivery_under_way", "The delivery is being tried, or will be within a minute.")
