"""Channels: an endpoint with its event, verifier and hooks, ready for the edge and kept in a followed cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.envelope import decode
from libs.common.contracts.webhooks import EndpointClosed
from libs.common.verification import Preset, Verifier, preset_of
from services.webhooks.endpoints.endpoints import Endpoints
from services.webhooks.endpoints.locating import Location, parse_location
from services.webhooks.endpoints.models import Endpoint

Respond: TypeAlias = Callable[[dict[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """The row of an event that is live now: published, of an enabled service."""

    service_name: str
    name: str
    config: dict[str, Any]
    respond: Respond | None
    """Evaluates the `response` hook on a notification. Raises LogicError."""


class Events(Protocol):
    """What the edge needs of catalog."""

    async def live(self, platform_id: str, service_id: str, event_id: str) -> LiveEvent | None:
        """None for a draft, a disabled service, or nothing."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What receiving takes. `verifier` is None where the event declares none: then nobody is believed."""

    endpoint: Endpoint
    event: LiveEvent
    verifier: Verifier | None
    secrets: tuple[str, ...] = field(repr=False)
    dedupe: Location | None
    order: Location | None


class Channels:
    """Channels by platform and handle."""

    def __init__(self, endpoints: Endpoints, events: Events, bus: Bus) -> None:
        self._endpoints = endpoints
        self._events = events
        self.cache: FollowedCache[tuple[str, str], Channel | None] = FollowedCache("channels", self._load)
        bus.follow(CatalogChanged.topic, self._catalog_changed)
        bus.follow(EndpointClosed.topic, self._endpoint_closed)

    async def get(self, platform_id: str, state: str) -> Channel | None:
        key = (platform_id, state)
        return self.cache.peek(key) or await self.cache.get(key)

    async def _load(self, key: tuple[str, str]) -> Loaded[Channel | None]:
        endpoint = await self._endpoints.by_state(*key)
        if endpoint is None:
            return Loaded(None, frozenset())
        tags = frozenset({endpoint.service_id, endpoint.id})
        event = await self._events.live(endpoint.platform_id, endpoint.service_id, endpoint.event_id)
        if event is None:
            return Loaded(None, tags)
        preset = _preset(event.config)
        channel = Channel(
            endpoint=endpoint,
            event=event,
            verifier=preset.verifier if preset is not None else None,
            secrets=(await self._endpoints.secret(endpoint),),
            dedupe=_location(event.config.get("id") or (preset.event_id if preset is not None else None)),
            order=_location(event.config.get("key")),
        )
        return Loaded(channel, tags)

    def _catalog_changed(self, message: Message) -> None:
        heard = decode(message, CatalogChanged)
        if heard is not None:
            self.cache.drop([heard.event.service_id])

    def _endpoint_closed(self, message: Message) -> None:
        heard = decode(message, EndpointClosed)
        if heard is not None:
            self.cache.drop([heard.event.endpoint_id])


def _preset(config: dict[str, Any]) -> Preset | None:
    """What the event declares; nothing, or what can't be read, believes nobody."""
    try:
        return preset_of(config["verify"]) if "verify" in config else None
    except ValueError:
        return None


def _location(text: object) -> Location | None:
    try:
        return parse_location(text) if text is not None else None
    except ValueError:
        return None
