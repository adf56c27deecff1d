"""The table of topics: who says what, keyed how, kept how long, heard by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from libs.common.bus.dead_letters import dead_letter_topic
from libs.common.bus.port import TopicSpec
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.credentials import CredentialChanged, VariableValueChanged
from libs.common.contracts.envelope import Event
from libs.common.contracts.identity import KeyChanged, MembershipChanged, UserChanged
from libs.common.contracts.webhooks import (
    EndpointClosed,
    NotificationReceived,
    SubscriptionChanged,
    SubscriptionsEnded,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """`compacted` keeps the newest message per key for good; otherwise messages are kept for `retention`."""

    name: str
    speaker: str
    events: tuple[type[Event], ...]
    key: str
    partitions: int
    retention: timedelta
    compacted: bool = False
    groups: tuple[str, ...] = ()
    followers: tuple[str, ...] = ()

    @property
    def dead_letter(self) -> str:
        return f"{self.name}.dlq"


_EVERY_EDGE = ("catalog", "credentials", "executor", "identity", "webhooks")

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            "identity.keys",
            "identity",
            (KeyChanged,),
            "key hash",
            partitions=1,
            retention=timedelta(days=7),
            followers=_EVERY_EDGE,
        ),
        Topic(
            "identity.users",
            "identity",
            (UserChanged, MembershipChanged),
            "user row id",
            partitions=6,
            retention=timedelta(days=7),
            groups=("credentials", "webhooks"),
            followers=_EVERY_EDGE,
        ),
        Topic(
            "catalog.components",
            "catalog",
            (CatalogChanged,),
            "service id",
            partitions=6,
            retention=timedelta(days=7),
            groups=("credentials", "webhooks"),
            followers=("catalog", "executor", "webhooks"),
        ),
        Topic(
            "credentials.tokens",
            "credentials",
            (CredentialChanged, VariableValueChanged),
            "platform id and service id",
            partitions=6,
            retention=timedelta(days=7),
            followers=("executor", "webhooks"),
        ),
        Topic(
            "webhooks.notifications",
            "webhooks",
            (NotificationReceived,),
            "ordering key, else dedupe key",
            partitions=24,
            retention=timedelta(days=3),
            groups=("webhooks",),
        ),
        Topic(
            "webhooks.subscriptions",
            "webhooks",
            (SubscriptionChanged, SubscriptionsEnded),
            "subscription id, or the id of what had them",
            partitions=6,
            retention=timedelta(days=7),
            groups=("catalog", "credentials"),
            followers=("webhooks",),
        ),
        Topic(
            "webhooks.endpoints",
            "webhooks",
            (EndpointClosed,),
            "endpoint id",
            partitions=6,
            retention=timedelta(days=7),
            followers=("webhooks",),
        ),
    )
}


def topic_specs() -> list[TopicSpec]:
    """Every topic that an engine must have, the dead letters' included."""
    specs = []
    for topic in TOPICS.values():
        specs.append(TopicSpec(topic.name, topic.partitions, topic.retention, topic.compacted))
        if topic.groups:
            specs.append(dead_letter_topic(topic.name))
    return specs
