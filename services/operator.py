"""What an operator asks of a running service by its internal port, known there by a key of its own."""

from __future__ import annotations

from typing import TypeVar

import aiohttp
from pydantic import BaseModel

from libs.common.clock import SystemClock
from libs.common.contracts.calls import OPERATOR, Call
from libs.common.peers import HttpPeers
from libs.common.role_tokens import RoleKeys, TokenSigner
from libs.common.settings import Settings, SettingsRefused
from services.internal_tls import client_context

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)


async def ask_as_operator(settings: Settings, url: str, call: Call[Q, A], question: Q) -> A | None:
    """Raises SettingsRefused, and what the owner raises."""
    if settings.internal_private_key is None:
        raise SettingsRefused(
            "INTERNAL_PRIVATE_KEY is needed: the operator's own, whose public half the processes of "
            f"{call.owner} have in INTERNAL_PUBLIC_KEYS as `{OPERATOR}=…`. `make secrets` makes both."
        )
    key = RoleKeys.parse(settings.internal_private_key.get_secret_value(), "").private
    trust = client_context(settings) if url.startswith("https:") else True
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as session:
        signer = TokenSigner((OPERATOR,), key, SystemClock())
        return await HttpPeers(signer, {call.owner: url}, lambda: session).ask(call, question)
