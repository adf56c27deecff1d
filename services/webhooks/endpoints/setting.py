"""What a user pastes into the provider's form: the version's setting resolved, the URL and the secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import with_config
from typing_extensions import TypedDict

from libs.common.contracts.catalog import ComponentGrant, ServiceGrant
from libs.common.contracts.identity import UserGrant
from libs.common.errors import NotFound, invalid
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.models import Endpoint
from services.webhooks.endpoints.scoping import Asker, channel_type, scope_of
from services.webhooks.subscriptions.models import Subscription


@with_config(extra="allow")
class WebhookSetting(TypedDict):
    """What to paste into the provider's form: the members that the version's setting names, the URL and the secret."""

    url: str
    secret: str


@dataclass(frozen=True, slots=True)
class EventOffer:
    """An event of a service, and the setting of the version that it is offered in."""

    service: ServiceGrant
    event: ComponentGrant
    setting: dict[str, Any]

    @property
    def kind(self) -> str:
        return channel_type(self.event.content.get("type"), self.setting)

    def scope(self, asker: Asker) -> str:
        """Raises Invalid naming what must be given."""
        return scope_of(self.kind, self.event.content.get("config") or {}, asker)


class Offers(Protocol):
    """What a setting needs of catalog and credentials."""

    async def service(self, platform_id: str, ref: str, user: UserGrant | None = None) -> ServiceGrant:
        """Raises NotFound, also for what is not for the user who acts."""

    async def offers(self, platform_id: str, service: ServiceGrant) -> list[EventOffer]:
        """All events of a service; drafts only on the platform that owns it."""

    async def service_url(self, platform_id: str, user: UserGrant, service_id: str) -> str | None:
        """The `serviceUrl` of the user's token."""

    async def resolve(
        self, platform_id: str, service: ServiceGrant, form: dict[str, Any], *, url: str, secret: str
    ) -> Any:
        """The form's nodes evaluated, with `webhookService` and `webhookSecret` known."""


class WebhookSettings:
    """Answers a service's inbound endpoint, made if there is none."""

    def __init__(self, endpoints: Endpoints, offers: Offers) -> None:
        self._endpoints = endpoints
        self._offers = offers

    async def get(
        self,
        platform_id: str,
        user: UserGrant,
        service_ref: str,
        event_ref: str | None,
        subscription: Subscription | None,
    ) -> dict[str, Any]:
        """The form's members, then `url` and `secret`. Raises NotFound, Invalid."""
        service = await self._offers.service(platform_id, service_ref, user)
        if subscription is not None and subscription.service_id != service.id:
            raise NotFound("subscription_not_found", "subscriptionId: this service has no such subscription.")
        offer = _chosen(await self._offers.offers(platform_id, service), event_ref)
        service_url = (
            await self._offers.service_url(platform_id, user, service.id) if offer.kind == "serviceUrl" else None
        )
        asker = Asker(user.row_id, subscription, service_url)
        endpoint = await endpoint_of(self._endpoints, platform_id, offer, asker)
        url, secret = self._endpoints.url(endpoint), await self._endpoints.secret(endpoint)
        form = offer.setting.get("webhook", {}).get("input") or {}
        resolved = await self._offers.resolve(platform_id, service, form, url=url, secret=secret)
        return {**resolved, "url": url, "secret": secret}


async def endpoint_of(endpoints: Endpoints, platform_id: str, offer: EventOffer, asker: Asker) -> Endpoint:
    """The endpoint of an event for whom it is wanted."""
    return await endpoints.of(platform_id, offer.service.id, offer.event.identity, offer.scope(asker))


def _chosen(offers: list[EventOffer], ref: str | None) -> EventOffer:
    if not offers:
        raise NotFound("event_not_found", "The service has no event; make one first with POST …/event.")
    if ref is None and len(offers) == 1:
        return offers[0]
    if ref is None:
        names = ", ".join(sorted(offer.event.name for offer in offers))
        raise invalid("event", f"required in the query, as the service has several: {names}")
    for offer in offers:
        if ref in (offer.event.row_id, offer.event.identity, offer.event.name):
            return offer
    raise NotFound("event_not_found", "The service has no such event.")
