"""Subscriptions on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.errors import Detail
from libs.common.web.answers import Timestamp
from libs.common.web.body import Body
from services.webhooks.subscriptions.models import Status, Subscription
from services.webhooks.subscriptions.subscriptions import Wanted

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}\Z")
_RESERVED = {"host", "content-type", "content-length", "transfer-encoding", "connection", "user-agent", "traceparent"}
_MAX_HEADERS = 20


def _headers(value: dict[str, str]) -> dict[str, str]:
    if len(value) > _MAX_HEADERS:
        raise ValueError(f"at most {_MAX_HEADERS} headers")
    if len({name.lower() for name in value}) < len(value):
        raise ValueError("names differ in more than their case, as headers don't tell it apart")
    wrong = [each for name, text in value.items() if (each := _header_failure(name, text))]
    if wrong:
        raise ValueError("; ".join(wrong))
    return value


def _header_failure(name: str, text: str) -> str | None:
    if not _HEADER.match(name) or name.lower() in _RESERVED or name.lower().startswith("webhook-"):
        return f"{name!r} can't be set"
    if not text.isprintable() or len(text) > 1024:
        return f"the value of {name!r} must be printable and at most 1024 characters"
    return None


def _url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must be an http or https URL")
    return value


Url = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_url)]
Headers = Annotated[dict[str, str], AfterValidator(_headers)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class TriggerSubscription(Body):
    """`POST …/trigger/{triggerId}/subscription`; `variable` is an older name of `variables`."""

    url: Url | None = None
    variables: dict[str, Any] | None = None
    variable: dict[str, Any] | None = None

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        if members.get("variables") is not None and members.get("variable") is not None:
            return [Detail("variable", "means the same as variables; send one of them")]
        return []

    def wanted(self, service: str, trigger: str, credential_id: str | None) -> Wanted:
        return Wanted(service, trigger, None, credential_id, self.url, self.variables or self.variable or {})


class SubscriptionCreate(TriggerSubscription):
    """`POST /v1/subscription`: service and trigger by name or id."""

    service: Reference
    trigger: Reference
    service_version: Reference | None = None
    user_credential_id: Reference | None = None

    def as_wanted(self) -> Wanted:
        return Wanted(
            self.service,
            self.trigger,
            self.service_version,
            self.user_credential_id,
            self.url,
            self.variables or self.variable or {},
        )


class SubscriptionUpdate(Body):
    """What can be changed; other variables or another trigger are another subscription."""

    server_owned = frozenset(
        {"id", "service", "service_version", "trigger", "user_credential_id", "variables", "user_id"}
    )

    status: Literal["active", "paused"] | None = None
    url: Url | None = None
    headers: Headers | None = Field(None)

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterable[Detail]:
        return [
            Detail(name, "may not be null") for name in ("status", "headers") if members.get(name, "absent") is None
        ]


class SubscriptionMade(TypedDict):
    """A subscription's id, and the secret that its deliveries are signed with."""

    id: str
    secret: str


class SubscriptionRow(TypedDict):
    """A subscription."""

    id: str
    platform: str
    service: str
    serviceVersion: str | None
    userCredentialId: str | None
    trigger: str
    variables: Any
    userId: str
    url: str | None
    headers: dict[str, str]
    status: Status
    insertedAt: Timestamp
    updatedAt: Timestamp


def subscription_row(subscription: Subscription) -> SubscriptionRow:
    """A subscription as it is answered; neither its secret nor its state."""
    return {
        "id": subscription.id,
        "platform": subscription.platform_id,
        "service": subscription.service_name,
        "serviceVersion": subscription.service_version,
        "userCredentialId": subscription.user_credential_id,
        "trigger": subscription.trigger_name,
        "variables": subscription.variables,
        "userId": subscription.user_id,
        "url": subscription.url,
        "headers": subscription.headers,
        "status": subscription.status,
        "insertedAt": wire_time(subscription.inserted_at),
        "updatedAt": wire_time(subscription.updated_at),
    }
