"""The services that other processes run: where they are, and how both sides know each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

import aiohttp

from libs.common.clock import Clock
from libs.common.contracts.calls import OPERATOR, Peers
from libs.common.contracts.questions import askers_of, owners_asked_by
from libs.common.peers import HttpPeers
from libs.common.role_tokens import RoleKeys, TokenSigner, parse_public
from libs.common.settings import Settings, SettingsRefused, is_loopback
from services.internal_tls import client_context
from services.roles import SERVICES

_MADE_BY = "`make secrets` makes the keys of all services."


class Neighbours:
    """What a process that runs `services` must know of the others.

    `keys` say whose calls the internal port believes. Raises SettingsRefused, naming what is missing.
    """

    def __init__(self, settings: Settings, services: Collection[str]) -> None:
        asked, askers = owners_asked_by(services), askers_of(services)
        self._urls = _peer_urls(settings)
        for owner, asking in asked.items():
            if owner not in self._urls:
                raise SettingsRefused(
                    f"PEER_URLS names no {owner}, which {_and(asking)} must ask and this process does not run: "
                    f"add {owner}=<URL of the internal port of a process that runs it>."
                )
        self.keys = _role_keys(settings, services, askers) if asked or askers else _believing_an_operator(settings)
        encrypted = any(url.startswith("https:") for url in self._urls.values())
        self._trust = client_context(settings) if encrypted else True
        self._session: aiohttp.ClientSession | None = None

    @property
    def urls(self) -> Mapping[str, str]:
        """Of the internal ports, by the service that answers there."""
        return self._urls

    def peers(self, services: Collection[str], clock: Clock) -> Peers:
        """The others, as these services ask them."""
        return HttpPeers(TokenSigner(tuple(services), self.keys.private, clock), self._urls, self.connections)

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(ssl=self._trust)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def connections(self) -> aiohttp.ClientSession:
        """To any of them, with the trust that was configured."""
        if self._session is None:
            raise TypeError("a neighbour is asked before the start")
        return self._session


def _peer_urls(settings: Settings) -> dict[str, str]:
    entries = [entry.strip() for entry in settings.peer_urls.split(",") if entry.strip()]
    urls = dict(_peer(entry) for entry in entries)
    for owner, url in urls.items():
        parts = urlsplit(url)
        if settings.production and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise SettingsRefused(
                f"PEER_URLS: {owner} is asked over http://, and what it answers would travel in the clear. "
                "Use https://, with INTERNAL_TLS_CERT_FILE and INTERNAL_TLS_KEY_FILE set there and "
                "INTERNAL_TLS_CA_FILE here; `make secrets` makes them."
            )
    return urls


def _peer(entry: str) -> tuple[str, str]:
    owner, _, url = entry.partition("=")
    if owner not in SERVICES:
        raise SettingsRefused(f"PEER_URLS: {owner!r} is no service; give `service=url`, of {', '.join(SERVICES)}.")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.username
    except ValueError:
        usable = False
    if not usable:
        raise SettingsRefused(f"PEER_URLS: {owner} has no usable URL; give one such as {owner}=https://{owner}:8081.")
    return owner, url


def _believing_an_operator(settings: Settings) -> RoleKeys:
    """Where all services are in one process, no other is believed, but an operator is whose key the settings name."""
    nobody = RoleKeys.generate(["nobody"])["nobody"]
    known = parse_public(settings.internal_public_keys)
    return RoleKeys(nobody.private, {role: key for role, key in known.items() if role == OPERATOR})


def _role_keys(settings: Settings, services: Collection[str], askers: Mapping[str, list[str]]) -> RoleKeys:
    if settings.internal_private_key is None or not settings.internal_public_keys:
        raise SettingsRefused(
            "INTERNAL_PRIVATE_KEY and INTERNAL_PUBLIC_KEYS are needed where services run in several processes: "
            f"by them they know each other. {_MADE_BY}"
        )
    keys = RoleKeys.parse(settings.internal_private_key.get_secret_value(), settings.internal_public_keys)
    for asker, owners in askers.items():
        if asker not in keys.public:
            raise SettingsRefused(f"INTERNAL_PUBLIC_KEYS lacks {asker}, which asks {_and(owners)} here. {_MADE_BY}")
    own = keys.private.public_key()
    for service in services:
        if service in keys.public and keys.public[service] != own:
            raise SettingsRefused(
                f"INTERNAL_PUBLIC_KEYS: the key of {service} is not the one that belongs to INTERNAL_PRIVATE_KEY here, "
                "so nobody would believe this process."
            )
    return keys


def _and(names: list[str]) -> str:
    return " and ".join(names)
