"""What a user and a platform hold for a service: credentials and variable values, cached and followed."""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from libs.common.bus.port import Bus, Message
from libs.common.cache import FollowedCache, Loaded
from libs.common.contracts.calls import Peers
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.credentials import (
    FIND_CREDENTIAL,
    FIND_VARIABLES,
    CredentialChanged,
    CredentialGrant,
    CredentialQuestion,
    VariablesQuestion,
    VariableValueChanged,
)
from libs.common.contracts.envelope import decode
from libs.logic.scope import Credential

# Platform, user row, service, and the credential that was named, if one was.
CredentialKey: TypeAlias = tuple[str, str, str, str | None]
_STALE_S = 300.0


@dataclass(frozen=True, slots=True)
class Variables:
    """A platform's values of a service's variables by name; `missing` are required ones without a value."""

    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    missing: frozenset[str] = frozenset()


class Holdings:
    """Looks up credentials and variable values; a change or revocation is felt as soon as its event is heard.

    With `ended` also those of deleted users and services that are kept for `delete` hooks.
    """

    def __init__(
        self, peers: Peers, bus: Bus, *, ended: bool = False, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._peers = peers
        self._ended = ended
        self._credentials: FollowedCache[CredentialKey, Credential | None] = FollowedCache(
            "credentials", self._load_credential, stale_s=_STALE_S, monotonic=monotonic
        )
        self._variables: FollowedCache[tuple[str, str], Variables] = FollowedCache("variables", self._load_variables)
        self.caches = (self._credentials, self._variables)
        bus.follow(CredentialChanged.topic, self._held_changed)
        bus.follow(CatalogChanged.topic, self._service_changed)

    async def credential(
        self, platform_id: str, user_row_id: str, service_id: str, credential_id: str | None
    ) -> Credential | None:
        """The user's credential of that id, or the one most recently connected; never another service's."""
        key = (platform_id, user_row_id, service_id, credential_id)
        return self._credentials.peek(key) or await self._credentials.get(key)

    async def variables(self, platform_id: str, service_id: str) -> Variables:
        key = (platform_id, service_id)
        return self._variables.peek(key) or await self._variables.get(key)

    async def _load_credential(self, key: CredentialKey) -> Loaded[Credential | None]:
        platform_id, user_row_id, service_id, credential_id = key
        question = CredentialQuestion(
            platform_id=platform_id,
            user_row_id=user_row_id,
            service_id=service_id,
            credential_id=credential_id,
            ended=self._ended,
        )
        grant = await self._peers.ask(FIND_CREDENTIAL, question)
        tags = frozenset({service_id, f"{platform_id}/{service_id}/{user_row_id}"})
        return Loaded(None if grant is None else _credential(grant), tags)

    async def _load_variables(self, key: tuple[str, str]) -> Loaded[Variables]:
        platform_id, service_id = key
        question = VariablesQuestion(platform_id=platform_id, service_id=service_id, ended=self._ended)
        grant = await self._peers.ask(FIND_VARIABLES, question)
        held = Variables() if grant is None else Variables(grant.values, frozenset(grant.missing))
        return Loaded(held, frozenset({service_id, f"{platform_id}/{service_id}"}))

    def _held_changed(self, message: Message) -> None:
        credential = decode(message, CredentialChanged)
        if credential is not None:
            event = credential.event
            self._credentials.drop([f"{event.platform_id}/{event.service_id}/{event.user_row_id}"])
            return
        value = decode(message, VariableValueChanged)
        if value is not None:
            self._variables.drop([f"{value.event.platform_id}/{value.event.service_id}"])

    def _service_changed(self, message: Message) -> None:
        heard = decode(message, CatalogChanged)
        if heard is not None:
            for cache in self.caches:
                cache.drop([heard.event.service_id])


def _credential(grant: CredentialGrant) -> Credential:
    return Credential(
        id=grant.id,
        name=grant.name,
        token=grant.token,
        url=grant.service_url,
        virtual=grant.virtual_id,
        headers=grant.headers,
        query=grant.query,
        hosts=grant.hosts,
        secrets=_in_basic(grant.headers.get("Authorization", "")),
    )


def _in_basic(header: str) -> dict[str, str]:
    """What anybody reads out of RFC 7617's header; a name without a password is the secret itself."""
    scheme, _, encoded = header.partition(" ")
    try:
        pair = b64decode(encoded).decode() if scheme == "Basic" else ""
    except ValueError:
        return {}
    name, _, password = pair.partition(":")
    return {"pair": pair, "password": password or name}
