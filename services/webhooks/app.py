"""Builds webhooks."""

from __future__ import annotations

from datetime import timedelta

from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import COUNT_SUBSCRIPTIONS, NotificationReceived
from libs.common.service import Consumer, Infra, Service
from libs.common.web.access import Access
from libs.common.web.routes import Route
from libs.common.workers import LeasedRows
from libs.runtime.app import build_ended_runtime
from libs.runtime.host import Runtime
from services.webhooks.cascades.cascades import Cascades
from services.webhooks.cascades.repository import CascadeRepository
from services.webhooks.clients import EventClient, HookClient
from services.webhooks.consumers import CascadeConsumer, NotificationConsumer
from services.webhooks.deliveries.deliveries import Deliveries
from services.webhooks.deliveries.repository import DeliveryRepository
from services.webhooks.endpoints.channels import Channels
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.inbound import Inbound
from services.webhooks.endpoints.repository import EndpointRepository
from services.webhooks.endpoints.setting import WebhookSettings
from services.webhooks.notifications.notifications import Notifications
from services.webhooks.notifications.planning import Planner
from services.webhooks.notifications.repository import NotificationRepository
from services.webhooks.routes import WebhooksRoutes
from services.webhooks.subscriptions.changes import Changes
from services.webhooks.subscriptions.clients import TriggerClient
from services.webhooks.subscriptions.ending import Ending
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.repository import SubscriptionRepository
from services.webhooks.subscriptions.secrets import SigningSecrets
from services.webhooks.subscriptions.subscriptions import Subscriptions
from services.webhooks.workers import DeliveryQueue

_NAME = "webhooks"
_ROUTING_SLOTS = 128
_DELIVERY_SLOTS = 256
_ENDING_SLOTS = 8
_CASCADE_SLOTS = 4


def build(infra: Infra, runtime: Runtime, access: Access, *, public_url: str) -> Service:
    parts = _Parts(infra, runtime, access, public_url)
    routing = LeasedRows(
        "webhooks.notifications", parts.notifications.claim, parts.notifications.route, slots=_ROUTING_SLOTS
    )
    ending = LeasedRows(
        "webhooks.subscriptions", parts.ending.claim_unfinished, parts.ending.finish, slots=_ENDING_SLOTS
    )
    cascades = Cascades(
        CascadeRepository(infra.store), parts.ending, parts.endpoints, infra.clock, on_ending=ending.wake
    )
    cascading = LeasedRows("webhooks.cascades", cascades.claim, cascades.advance, slots=_CASCADE_SLOTS)
    deletions = CascadeConsumer(cascades, infra.clock, wake=cascading.wake)
    for cache in (parts.channels.cache, parts.hearing.matches, parts.hearing.current_ones):
        infra.metrics.watch_cache(cache)
    return Service(
        name=_NAME,
        sealer=parts.sealer,
        routes=parts.routes(),
        answers={COUNT_SUBSCRIPTIONS: parts.subscriptions.count},
        consumers=(
            Consumer(NotificationReceived.topic, NotificationConsumer(parts.notifications, routing)),
            Consumer(UserChanged.topic, deletions.users),
            Consumer(CatalogChanged.topic, deletions.components),
        ),
        workers=(routing, parts.delivering, ending, cascading),
    )


class _Parts:
    """What the service is made of, each part after those that it needs."""

    def __init__(self, infra: Infra, runtime: Runtime, access: Access, public_url: str) -> None:
        self._infra = infra
        self._runtime = runtime
        self._access = access
        self.sealer = infra.sealer(_NAME)
        self.endpoints = Endpoints(EndpointRepository(infra.store), self.sealer, infra.clock, public_url=public_url)
        self.events = EventClient(runtime, infra.peers)
        self.channels = Channels(self.endpoints, self.events, infra.bus)
        self.notification_rows = NotificationRepository(infra.store)
        self.subscription_rows = SubscriptionRepository(infra.store, self.sealer)
        self.changes = Changes(self.subscription_rows, infra.clock)
        self.triggers = TriggerClient(runtime, access, self.events, self.endpoints, peers=infra.peers)
        self.ending = Ending(self.subscription_rows, self.changes, self._removing(), infra.clock)
        self.hearing = Hearing(self.subscription_rows, infra.bus)
        self.subscriptions = self._subscriptions()
        self.deliveries = self._deliveries()
        self.delivering = LeasedRows(
            "webhooks.deliveries", self.deliveries.claim, self.deliveries.attempt, slots=_DELIVERY_SLOTS
        )
        self.deliveries.on_due = self.delivering.wake
        self.notifications = self._notifications()

    def _removing(self) -> TriggerClient:
        """Triggers for `delete` hooks alone."""
        infra, runtime = self._infra, build_ended_runtime(self._infra, self._runtime)
        events = EventClient(runtime, infra.peers, ended=True)
        return TriggerClient(runtime, self._access, events, self.endpoints, peers=infra.peers)

    def routes(self) -> tuple[Route, ...]:
        infra = self._infra
        inbound = Inbound(
            self.channels,
            self.notification_rows,
            infra.bus,
            infra.clock,
            infra.metrics,
            limit_bytes=infra.settings.inbound_limit_bytes,
        )
        settings = WebhookSettings(self.endpoints, self.events)
        return WebhooksRoutes(
            inbound,
            settings,
            self.events,
            self.subscriptions,
            self.deliveries,
            self.notifications,
            ending=self.ending,
        ).table()

    def _subscriptions(self) -> Subscriptions:
        return Subscriptions(
            self.subscription_rows,
            self.changes,
            self.triggers,
            SigningSecrets(self.sealer),
            self.hearing,
            self._infra.egress,
            clock=self._infra.clock,
        )

    def _deliveries(self) -> Deliveries:
        infra = self._infra
        return Deliveries(
            DeliveryRepository(infra.store),
            self.subscriptions,
            infra.egress,
            infra.clock,
            infra.telemetry,
            timeout_s=infra.settings.delivery_timeout_s,
            kept=timedelta(days=infra.settings.delivery_retention_days),
        )

    def _notifications(self) -> Notifications:
        hooks = HookClient(self._runtime, self._access)
        return Notifications(
            self.notification_rows,
            Planner(hooks, self.hearing),
            hooks,
            DeliveryQueue(self.deliveries, self.delivering),
            self._infra.clock,
            self._infra.telemetry,
            kept=timedelta(days=self._infra.settings.notification_retention_days),
        )
