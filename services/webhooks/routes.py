"""The webhooks service's routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from libs.common.contracts.catalog import ServiceGrant
from libs.common.errors import Forbidden, invalid
from libs.common.web.answers import EmptyText
from libs.common.web.paging import Listing
from libs.common.web.routes import ApiRequest, QueryParameter, Route, User
from services.webhooks.deliveries.deliveries import Deliveries
from services.webhooks.deliveries.schemas import DeliveryRow, Recovered, delivery_row
from services.webhooks.endpoints.inbound import Inbound
from services.webhooks.endpoints.setting import Offers, WebhookSetting, WebhookSettings
from services.webhooks.notifications.notifications import Notifications
from services.webhooks.notifications.schemas import (
    ListedNotification,
    NotificationRow,
    notification_row,
    notification_summary,
)
from services.webhooks.subscriptions.ending import Ending
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.schemas import (
    SubscriptionCreate,
    SubscriptionMade,
    SubscriptionRow,
    SubscriptionUpdate,
    TriggerSubscription,
    subscription_row,
)
from services.webhooks.subscriptions.subscriptions import Subscriptions

_S = "/v1/service/{serviceId}"
_ONE = "/v1/subscription/{subscriptionId}"
_SETTING = (
    QueryParameter("event", "the event whose endpoint is wanted, where the service has several"),
    QueryParameter("subscriptionId", "the subscription whose endpoint is wanted, in scope `automation`"),
)
_CREDENTIAL = QueryParameter("userCredentialId", "the token to use, where the user has several for the service")
_TIME = {"type": "string", "format": "date-time"}
_SPAN = tuple(
    QueryParameter(name, f"{said}, a time such as 2024-01-01T00:00:00Z", required=True, schema=_TIME)
    for name, said in (("since", "the beginning of the span"), ("until", "its end"))
)


class WebhooksRoutes:
    """Parse, call one verb, shape."""

    def __init__(
        self,
        inbound: Inbound,
        settings: WebhookSettings,
        offers: Offers,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        notifications: Notifications,
        *,
        ending: Ending,
    ) -> None:
        self._inbound = inbound
        self._settings = settings
        self._offers = offers
        self._subscriptions = subscriptions
        self._deliveries = deliveries
        self._notifications = notifications
        self._ending = ending

    def table(self) -> tuple[Route, ...]:
        return (*self._inbound_table(), *self._subscription_table(), *self._history_table())

    def _inbound_table(self) -> tuple[Route, ...]:
        receive, says = self._inbound.receive, "Receive a provider's webhook"
        return (
            Route("*", "/platform/{platformId}/webhook", receive, says, open=True),
            Route("*", "/platform/{platformId}/webhook/{state}", receive, says, open=True),
            Route(
                "GET",
                f"{_S}/webhookSetting",
                self.webhook_setting,
                "What to paste into the provider's webhook form",
                user=User.REQUIRED,
                query=_SETTING,
                answer=WebhookSetting,
            ),
        )

    def _subscription_table(self) -> tuple[Route, ...]:
        required = User.REQUIRED
        return (
            Route(
                "POST",
                f"{_S}/trigger/{{triggerId}}/subscription",
                self.subscribe,
                "Subscribe a user to a trigger",
                TriggerSubscription,
                user=required,
                status=201,
                query=(_CREDENTIAL,),
            ),
            Route("GET", "/v1/subscription", self.list_subscriptions, "List a user's subscriptions", user=required),
            Route("POST", "/v1/subscription", self.create, "Make a subscription", SubscriptionCreate, user=required),
            Route("GET", _ONE, self.get, "Get a subscription"),
            Route("PUT", _ONE, self.update, "Pause, resume or redirect a subscription", SubscriptionUpdate),
            Route("DELETE", _ONE, self.end, "End a subscription", user=required),
            Route("POST", f"{_ONE}/secret/rotate", self.rotate, "Rotate the signing secret"),
        )

    def _history_table(self) -> tuple[Route, ...]:
        return (
            Route("GET", f"{_ONE}/delivery", self.list_deliveries, "List deliveries with every attempt"),
            Route("POST", f"{_ONE}/delivery/{{deliveryId}}/retry", self.retry, "Deliver once more"),
            Route("POST", f"{_ONE}/recover", self.recover, "Replay the dead letters of a span", query=_SPAN),
            Route("GET", f"{_S}/notification", self.list_notifications, "List what came in", fails=(403,)),
            Route(
                "GET", f"{_S}/notification/{{notificationId}}", self.get_notification, "Get what came in", fails=(403,)
            ),
        )

    async def webhook_setting(self, asked: ApiRequest) -> dict[str, Any]:
        user, subscription_id = asked.acting_user, asked.query("subscriptionId")
        subscription = (
            await self._subscriptions.get(asked.platform_id, subscription_id, user) if subscription_id else None
        )
        return await self._settings.get(
            asked.platform_id, user, asked.path("serviceId"), asked.query("event"), subscription
        )

    async def subscribe(self, asked: ApiRequest) -> SubscriptionMade:
        body: TriggerSubscription = asked.body
        wanted = body.wanted(asked.path("serviceId"), asked.path("triggerId"), asked.query("userCredentialId"))
        made, secret = await self._subscriptions.create(asked.platform_id, asked.acting_user, wanted)
        return {"id": made.id, "secret": secret}

    async def create(self, asked: ApiRequest) -> SubscriptionMade:
        body: SubscriptionCreate = asked.body
        made, secret = await self._subscriptions.create(asked.platform_id, asked.acting_user, body.as_wanted())
        return {"id": made.id, "secret": secret}

    async def list_subscriptions(self, asked: ApiRequest) -> Listing[SubscriptionRow]:
        found, following = await self._subscriptions.page(asked.platform_id, asked.user, asked.page)
        return Listing([subscription_row(each) for each in found], following)

    async def get(self, asked: ApiRequest) -> SubscriptionRow:
        return subscription_row(await self._subscription(asked))

    async def update(self, asked: ApiRequest) -> SubscriptionRow:
        changed = await self._subscriptions.update(await self._subscription(asked), asked.body.given())
        return subscription_row(changed)

    async def end(self, asked: ApiRequest) -> EmptyText:
        ending = await self._subscriptions.owned(asked.platform_id, asked.path("subscriptionId"), asked.acting_user)
        await self._ending.end(ending)
        return ""

    async def rotate(self, asked: ApiRequest) -> SubscriptionMade:
        subscription = await self._subscription(asked)
        return {"id": subscription.id, "secret": await self._subscriptions.rotate(subscription)}

    async def list_deliveries(self, asked: ApiRequest) -> Listing[DeliveryRow]:
        subscription = await self._subscription(asked)
        found, following = await self._deliveries.page(asked.platform_id, subscription.id, asked.page)
        return Listing([delivery_row(each) for each in found], following)

    async def retry(self, asked: ApiRequest) -> DeliveryRow:
        subscription = await self._subscription(asked)
        delivery = await self._deliveries.retry(asked.platform_id, subscription.id, asked.path("deliveryId"))
        return delivery_row(delivery)

    async def recover(self, asked: ApiRequest) -> Recovered:
        subscription = await self._subscription(asked)
        since, until = _moment(asked, "since"), _moment(asked, "until")
        if until < since:
            raise invalid("until", "must not come before since")
        return {"recovered": await self._deliveries.recover(asked.platform_id, subscription.id, since, until)}

    async def list_notifications(self, asked: ApiRequest) -> Listing[ListedNotification]:
        service = await self._service(asked)
        found, following = await self._notifications.page(asked.platform_id, service.id, asked.page)
        return Listing([notification_summary(each) for each in found], following)

    async def get_notification(self, asked: ApiRequest) -> NotificationRow:
        service = await self._service(asked)
        found = await self._notifications.get(asked.platform_id, service.id, asked.path("notificationId"))
        return notification_row(found)

    async def _service(self, asked: ApiRequest) -> ServiceGrant:
        """The service whose notifications are read: they are everybody's, so no single user reads them."""
        if asked.user is not None:
            raise Forbidden(
                "platform_only", "userId: what came in is read with the platform's key alone; leave it out."
            )
        return await self._offers.service(asked.platform_id, asked.path("serviceId"))

    async def _subscription(self, asked: ApiRequest) -> Subscription:
        return await self._subscriptions.get(asked.platform_id, asked.path("subscriptionId"), asked.user)


def _moment(asked: ApiRequest, name: str) -> datetime:
    """A point in time from the query, UTC where it names no zone. Raises Invalid."""
    try:
        moment = datetime.fromisoformat(asked.query(name) or "")
    except ValueError:
        raise invalid(name, "give a time such as 2024-01-01T00:00:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
