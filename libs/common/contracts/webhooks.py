"""What webhooks says and answers: notifications that came in, subscriptions, and endpoints that were closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from libs.common.contracts.calls import Call
from libs.common.contracts.envelope import Event, Record


class NotificationReceived(Event):
    """A provider's verified request, durable before it is answered.

    `notification` is the envelope that hooks see. A body over 256 KiB is stored first and `body_ref` names it.
    `scope` is the term that its endpoint narrows it to, if it does. `dedupe_id` is the id of the history row;
    two requests of one provider event share it. `order_key` is set where the event declares one.
    """

    topic: ClassVar[str] = "webhooks.notifications"
    type: ClassVar[str] = "webhooks.notification.received"

    endpoint_id: str
    service_id: str
    event_id: str
    scope: str
    dedupe_id: str
    order_key: str | None
    notification: dict[str, Any]
    body_ref: str | None

    @property
    def key(self) -> str:
        return self.order_key or self.dedupe_id


class SubscriptionChanged(Event):
    """A subscription was made, changed or ended."""

    topic: ClassVar[str] = "webhooks.subscriptions"
    type: ClassVar[str] = "webhooks.subscription.changed"

    subscription_id: str
    service_id: str
    trigger_id: str
    user_row_id: str
    status: str
    revision: int
    deleted: bool

    @property
    def key(self) -> str:
        return self.subscription_id


KEPT_FOR_HOOKS = timedelta(hours=24)
"""How long owners keep what `delete` hooks need of something deleted, unless SubscriptionsEnded comes before."""


class SubscriptionsEnded(Event):
    """No subscription is left of a deleted user, service or trigger: nothing needs it any more.

    One of the members says of which; a trigger's identity stands beside its service. `key` is that id.
    """

    topic: ClassVar[str] = "webhooks.subscriptions"
    type: ClassVar[str] = "webhooks.subscriptions.ended"

    user_row_id: str | None = None
    service_id: str | None = None
    trigger_id: str | None = None

    @property
    def key(self) -> str:
        return self.user_row_id or self.trigger_id or self.service_id or ""


class EndpointClosed(Event):
    """An inbound endpoint takes nothing any more: what it was made for was deleted."""

    topic: ClassVar[str] = "webhooks.endpoints"
    type: ClassVar[str] = "webhooks.endpoint.closed"

    endpoint_id: str
    revision: int

    @property
    def key(self) -> str:
        return self.endpoint_id


class SubscriptionsQuestion(Record):
    """How many subscriptions are there of a service, on all platforms?"""

    service_id: str


class SubscriptionsCount(Record):
    """The answer to SubscriptionsQuestion; those that are just being ended don't count."""

    count: int


COUNT_SUBSCRIPTIONS = Call(
    "count-subscriptions",
    owner="webhooks",
    callers=("catalog",),
    request=SubscriptionsQuestion,
    answer=SubscriptionsCount,
)
