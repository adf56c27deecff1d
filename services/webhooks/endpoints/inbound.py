"""The inbound edge: a provider's request is verified, made durable, and only then answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import structlog
from aiohttp import web

from libs.common.bus.port import Bus
from libs.common.clock import Clock
from libs.common.contracts.envelope import encode
from libs.common.contracts.webhooks import NotificationReceived
from libs.common.errors import NotFound, Unauthenticated, UnsupportedMedia
from libs.common.ids import derived_id, new_id
from libs.common.telemetry import Metrics, current_traceparent, parse_traceparent
from libs.common.verification import SignedRequest
from libs.common.web.endpoint import read_limited
from libs.common.web.routes import ApiRequest
from libs.logic.errors import LogicError
from services.webhooks.endpoints.channels import Channel, Channels, Respond
from services.webhooks.endpoints.envelope import envelope_of, stamped, with_json
from services.webhooks.notifications.repository import NotificationRepository

log = structlog.get_logger()

_INLINE_BODY_BYTES = 256 << 10
_BODY_KEPT = timedelta(days=14)
_RESPONSE_MEMBERS = {"status", "headers", "body"}
_DROPPED_HEADERS = {"content-length", "transfer-encoding", "connection", "content-encoding"}


class Inbound:
    """Receives on every channel."""

    def __init__(
        self,
        channels: Channels,
        notifications: NotificationRepository,
        bus: Bus,
        clock: Clock,
        metrics: Metrics,
        *,
        limit_bytes: int,
    ) -> None:
        self._channels = channels
        self._notifications = notifications
        self._bus = bus
        self._clock = clock
        self._received = metrics.notifications_received
        self._refused = metrics.notifications_refused
        self._limit_bytes = limit_bytes

    async def receive(self, asked: ApiRequest) -> web.Response:
        """Answers what the `response` hook says, else 200. Raises NotFound, Unauthenticated, TooLarge, Unavailable."""
        request = asked.raw
        state = asked.parameters.get("state") or request.query.get("state", "")
        channel = await self._channels.get(asked.path("platformId"), state)
        if channel is None:
            raise NotFound("endpoint_not_found", "There is no such endpoint.")
        if "Content-Encoding" in request.headers:  # signatures are over the bytes as they were sent
            raise UnsupportedMedia("unsupported_encoding", "Send the body as it is, without Content-Encoding.")
        body = await read_limited(request, self._limit_bytes)
        headers = {name.lower(): value for name, value in request.headers.items()}
        signed = SignedRequest(headers, request.query, body)
        if not self._believed(channel, signed):
            self._refused.inc()
            raise Unauthenticated("signature_refused", "The request is not signed as this endpoint's event declares.")
        notification = await self._keep(channel, signed, asked)
        self._received.inc()
        if channel.event.respond is None:
            return web.Response()
        return await _respond(channel.event.respond, with_json(notification))

    def _believed(self, channel: Channel, signed: SignedRequest) -> bool:
        now_s = self._clock.now().timestamp()
        return channel.verifier is not None and channel.verifier.verifies(signed, channel.secrets, now_s)

    async def _keep(self, channel: Channel, signed: SignedRequest, asked: ApiRequest) -> dict[str, Any]:
        """Appends the notification to the log; durable when it returns."""
        endpoint, now, id = channel.endpoint, self._clock.now(), new_id()
        provider_id = channel.dedupe.value(signed) if channel.dedupe is not None else None
        order_key = channel.order.value(signed) if channel.order is not None else None
        envelope = envelope_of(asked.raw, asked.parameters, signed.headers, signed.body)
        notification = stamped(envelope, id=id, at=now, service=channel.event.service_name, event=channel.event.name)
        kept, body_ref = notification, None
        if len(signed.body) > _INLINE_BODY_BYTES:
            body_ref = await self._notifications.keep_body(signed.body, now + _BODY_KEPT)
            kept = {**notification, "body": ""}
        event = NotificationReceived(
            platform_id=endpoint.platform_id,
            endpoint_id=endpoint.id,
            service_id=endpoint.service_id,
            event_id=endpoint.event_id,
            scope=endpoint.scope,
            dedupe_id=derived_id(endpoint.id, provider_id) if provider_id is not None else id,
            order_key=derived_id(endpoint.id, order_key) if order_key is not None else None,
            notification=kept,
            body_ref=body_ref,
        )
        await self._bus.publish([encode(event, time=now, id=id, traceparent=_trace(signed))])
        return notification


def _trace(signed: SignedRequest) -> str | None:
    """The span around the request, else the trace that the provider sent along."""
    given = signed.headers.get("traceparent")
    return current_traceparent() or (given if given is not None and parse_traceparent(given) else None)


async def _respond(respond: Respond, notification: dict[str, Any]) -> web.Response:
    """What the hook says; when it fails the notification is durable all the same, and the provider hears 200."""
    try:
        return response_of(await respond(notification))
    except (LogicError, ValueError) as error:
        log.warning("response_hook.failed", notification=notification["id"], error=str(error))
        return web.Response()


def response_of(value: Any) -> web.Response:
    """`{status?, headers?, body?}` as an answer; any other value is the body, null an empty one.

    A body of text is sent as it is, any other as JSON. Raises ValueError for a status or header that can't be sent.
    """
    if not (isinstance(value, dict) and value and set(value) <= _RESPONSE_MEMBERS):
        value = {"body": value}
    status, body = value.get("status", 200), value.get("body")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("status must be a number from 200 to 599")
    headers = _response_headers({} if value.get("headers") is None else value["headers"])
    if body is None:
        return web.Response(status=status, headers=headers)
    if isinstance(body, str):
        headers.setdefault("content-type", "text/plain; charset=utf-8")
        return web.Response(status=status, headers=headers, body=body.encode())
    headers.setdefault("content-type", "application/json; charset=utf-8")
    return web.Response(status=status, headers=headers, body=orjson.dumps(body))


def _response_headers(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise ValueError("headers must be an object")
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    if any("\r" in text or "\n" in text for pair in headers.items() for text in pair):
        raise ValueError("headers may not hold line breaks")
    return {name: value for name, value in headers.items() if name not in _DROPPED_HEADERS}
