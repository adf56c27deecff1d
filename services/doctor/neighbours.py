"""The services in other processes: whether they are there, and believe this one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import aiohttp
from pydantic import BaseModel

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Call
from libs.common.contracts.catalog import FIND_SERVICE, ServiceQuestion
from libs.common.contracts.credentials import FIND_VARIABLES, VariablesQuestion
from libs.common.contracts.identity import AUTHENTICATE_KEY, KeyQuestion
from libs.common.findings import Finding, examined, fail, ok
from libs.common.settings import Settings
from services.neighbours import Neighbours
from services.roles import Role

_HARMLESS: Sequence[tuple[Call[Any, Any], BaseModel]] = (
    (AUTHENTICATE_KEY, KeyQuestion(key_hash="doctor")),
    (FIND_SERVICE, ServiceQuestion(platform_id="doctor", ref="doctor")),
    (FIND_VARIABLES, VariablesQuestion(platform_id="doctor", service_id="doctor")),
)


async def examine_peers(settings: Settings, roles: Sequence[Role]) -> list[Finding]:
    """All that are named; those that these roles ask are asked something, as the roles would.

    Raises SettingsRefused.
    """
    services = [role.service for role in roles]
    neighbours = await asyncio.to_thread(Neighbours, settings, services)
    owners = sorted(neighbours.urls.keys() - set(services))
    await neighbours.start()
    try:
        found = await asyncio.gather(*(_examine(neighbours, owner, services) for owner in owners))
    finally:
        await neighbours.close()
    return [finding for each in found for finding in each] or [ok("peers", "none are needed")]


async def _examine(neighbours: Neighbours, owner: str, services: Sequence[str]) -> list[Finding]:
    about = f"peer {owner}"

    async def check() -> list[Finding]:
        if (why := await _dead(neighbours, owner)) is not None:
            return [fail(about, f"{neighbours.urls[owner]} {why}")]
        return [await _asked(neighbours, owner, services)]

    return await examined(about, check)


async def _dead(neighbours: Neighbours, owner: str) -> str | None:
    """Why it does not answer as an internal port does, and what to do about it."""
    url = f"{neighbours.urls[owner].rstrip('/')}/healthz"
    try:
        async with neighbours.connections().get(url, allow_redirects=False) as response:
            if response.status == 200:
                return None
            return f"answers {response.status} to /healthz; PEER_URLS must name its internal port"
    except aiohttp.ClientConnectorCertificateError as error:
        reason = getattr(error.certificate_error, "verify_message", "") or "of another name"
        return f"shows a certificate that isn't trusted ({reason}); see INTERNAL_TLS_CA_FILE here and its certificate"
    except aiohttp.ClientSSLError:
        return "doesn't speak TLS there; set INTERNAL_TLS_CERT_FILE and its key at that process, or say http://"
    except aiohttp.ClientConnectorError as error:
        return f"can't be reached ({_reason(error.os_error)}); see that it runs, and PEER_URLS"
    except aiohttp.ClientError:
        return "breaks off; PEER_URLS must name its internal port, with https:// where that has a certificate"


def _reason(error: OSError) -> str:
    """Names that can't be resolved have codes of their own, below zero."""
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or "no such host"


async def _asked(neighbours: Neighbours, owner: str, services: Sequence[str]) -> Finding:
    """Raises what it answers."""
    for call, question in _HARMLESS:
        asking = [service for service in services if service in call.callers]
        if call.owner == owner and asking:
            await neighbours.peers(asking, SystemClock()).ask(call, question)
            return ok(f"peer {owner}", f"answers, and believes {asking[0]}")
    return ok(f"peer {owner}", "answers")
