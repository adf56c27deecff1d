"""Builds webhooks."""

from __future__ import annotations

from datetime import timedelta

from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.identity import UserChanged
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.service import Infra, Service
from libs.common.web.access import Access
from libs.common.workers import LeasedRows
from libs.runtime.host import Runtime
from services.webhooks.clients import EventClient, HookClient, TriggerClient
from services.webhooks.consumers import CascadeConsumer, NotificationConsumer
from services.webhooks.deliveries.deliveries import Deliveries
from services.webhooks.deliveries.repository import DeliveryRepository
from services.webhooks.endpoints.channels import Channels
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.inbound import Inbound
from services.webhooks.endpoints.repository import EndpointRepository
from services.webhooks.endpoints.setting import WebhookSettings
from services.webhooks.notifications.notifications import Notifications
from services.webhooks.notifications.repository import NotificationRepository
from services.webhooks.routes import WebhooksRoutes
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.repository import SubscriptionRepository
from services.webhooks.subscriptions.secrets import SigningSecrets
from services.webhooks.subscriptions.subscriptions import Subscriptions
from services.webhooks.workers import DeliveryQueue

_NAME = "webhooks"
_ROUTING_SLOTS = 128
_DELIVERY_SLOTS = 256
_ENDING_SLOTS = 8


def build(infra: Infra, runtime: Runtime, access: Access, *, public_url: str) -> Service:
    settings, sealer = infra.settings, infra.sealer(_NAME)
    endpoints = Endpoints(EndpointRepository(infra.store), sealer, infra.clock, public_url=public_url)
    events = EventClient(runtime, infra.peers)
    channels = Channels(endpoints, events, infra.bus)

    subscription_rows = SubscriptionRepository(infra.store)
    hearing = Hearing(subscription_rows, infra.bus)
    subscriptions = Subscriptions(
        subscription_rows,
        TriggerClient(runtime, access, events, endpoints),
        SigningSecrets(sealer),
        hearing,
        infra.egress,
        infra.clock,
    )
    deliveries = Deliveries(
        DeliveryRepository(infra.store),
        subscriptions,
        infra.egress,
        infra.clock,
        infra.metrics,
        timeout_s=settings.delivery_timeout_s,
        kept=timedelta(days=settings.delivery_retention_days),
    )
    delivering = LeasedRows("webhooks.deliveries", deliveries.claim, deliveries.attempt, slots=_DELIVERY_SLOTS)
    notification_rows = NotificationRepository(infra.store)
    notifications = Notifications(
        notification_rows,
        HookClient(runtime, access),
        hearing,
        DeliveryQueue(deliveries, delivering),
        infra.clock,
        infra.metrics,
        kept=timedelta(days=settings.notification_retention_days),
    )
    routing = LeasedRows("webhooks.notifications", notifications.claim, notifications.route, slots=_ROUTING_SLOTS)
    ending = LeasedRows(
        "webhooks.subscriptions", subscriptions.claim_unfinished, subscriptions.finish, slots=_ENDING_SLOTS
    )
    cascade = CascadeConsumer(subscriptions, endpoints)
    infra.bus.subscribe(NotificationReceived.topic, _NAME, NotificationConsumer(notifications, routing))
    infra.bus.subscribe(UserChanged.topic, _NAME, cascade.users)
    infra.bus.subscribe(CatalogChanged.topic, _NAME, cascade.services)
    for cache in (channels.cache, hearing.matches, hearing.current_ones):
        infra.metrics.watch_cache(cache)

    inbound = Inbound(
        channels, notification_rows, infra.bus, infra.clock, infra.metrics, limit_bytes=settings.inbound_limit_bytes
    )
    routes = WebhooksRoutes(
        inbound, WebhookSettings(endpoints, events), events, subscriptions, deliveries, notifications
    )
    return Service(name=_NAME, sealer=sealer, routes=routes.table(), answers={}, workers=(routing, delivering, ending))
