"""What an event's `type` narrows its endpoints to, as the term that matching subscriptions hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from libs.common.errors import invalid
from services.webhooks.subscriptions.models import Subscription
from services.webhooks.subscriptions.terms import term

EVERYBODY = ""
_DEFAULT = "standard"


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom an endpoint is wanted; what the event's type does not use may be missing."""

    user_row_id: str | None
    subscription: Subscription | None
    service_url: str | None


def channel_type(event_type: str | None, version_setting: dict[str, Any]) -> str:
    """The event's own type; `webhook`, or none, takes it from the service version's `setting.webhook.type`."""
    if event_type and event_type != "webhook":
        return event_type
    webhook = version_setting.get("webhook")
    declared = webhook.get("type") if isinstance(webhook, dict) else None
    return declared if isinstance(declared, str) else _DEFAULT


def scope_of(kind: str, config: dict[str, Any], asker: Asker) -> str:
    """The scope of an endpoint of this type. Raises Invalid naming what must be given."""
    if kind == "user":
        return user_scope(_needed(asker.user_row_id, "userId", "this event has one URL per user"))
    if kind == "serviceUrl":
        url = _needed(asker.service_url, "userId", "this event has one URL per service URL; the user has no such token")
        return term("@serviceUrl", url)
    if kind == "automation":
        return subscription_scope(_subscription(asker).id)
    if kind == "target":
        return _target_scope(str(config.get("target", "")), _subscription(asker).variables)
    return EVERYBODY


def user_scope(user_row_id: str) -> str:
    return term("@user", user_row_id)


def subscription_scope(subscription_id: str) -> str:
    return term("@subscription", subscription_id)


def _target_scope(path: str, variables: Any) -> str:
    value = _at(variables, path)
    if value is None or isinstance(value, dict | list):
        raise invalid(
            f"variables.{path}", "required, as text, a number or true or false: this event has a URL for each"
        )
    return term(f"variables.{path}", value)


def _subscription(asker: Asker) -> Subscription:
    if asker.subscription is None:
        raise invalid("subscriptionId", "required: this event has one URL per subscription")
    return asker.subscription


def _needed(value: str | None, path: str, why: str) -> str:
    if value is None:
        raise invalid(path, f"required: {why}")
    return value


def _at(content: Any, path: str) -> Any:
    for name in path.split("."):
        content = content.get(name) if isinstance(content, dict) else None
    return content
