"""`python -m services doctor`: connects to what the settings name and says in words what is wrong."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import orjson
from pydantic import BaseModel

from libs.common.clock import SystemClock
from libs.common.contracts.calls import Call
from libs.common.contracts.catalog import FIND_SERVICE, ServiceQuestion
from libs.common.contracts.credentials import FIND_VARIABLES, VariablesQuestion
from libs.common.contracts.identity import AUTHENTICATE_KEY, KeyQuestion
from libs.common.engines import Engines, inspect_bus, inspect_store, is_embedded
from libs.common.errors import EngineRefused, ServiceError
from libs.common.keyring import SealingRefused
from libs.common.settings import Settings, SettingsRefused, check_production
from libs.common.web.idempotency import collection_spec as idempotency
from services.api import unstarted
from services.from_settings import egress_exceptions, key_ring, open_for_command
from services.internal_tls import client_context, server_context
from services.neighbours import Neighbours
from services.roles import parse_roles

_BOUND_S = 15.0
_LITTLE_SPACE_BYTES = 1 << 30
_REFUSALS = (SettingsRefused, EngineRefused, SealingRefused, ServiceError)
_PROBES: Sequence[tuple[Call[Any, Any], BaseModel]] = (
    (AUTHENTICATE_KEY, KeyQuestion(key_hash="doctor")),
    (FIND_SERVICE, ServiceQuestion(platform_id="doctor", ref="doctor")),
    (FIND_VARIABLES, VariablesQuestion(platform_id="doctor", service_id="doctor")),
)


class Level(StrEnum):
    """`warn`: it works, and not as it should in production."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    of: str
    what: str


async def diagnose(settings: Settings, arguments: argparse.Namespace) -> int:
    """Answers 1 where something fails; warnings are no failure."""
    services = [role.service for role in parse_roles(arguments.roles)]
    checks: list[tuple[str, Callable[[], Awaitable[list[Finding]]]]] = [
        ("settings", lambda: _settings(settings)),
        ("store", lambda: _store(settings, services)),
        ("bus", lambda: _bus(settings)),
        ("peers", lambda: _peers(settings, services)),
    ]
    found = await asyncio.gather(*(_bounded(of, check) for of, check in checks))
    findings = [finding for each in found for finding in each]
    sys.stdout.write(_as_json(findings) if arguments.json else _as_text(findings))
    return int(any(finding.level is Level.FAIL for finding in findings))


async def _bounded(of: str, check: Callable[[], Awaitable[list[Finding]]]) -> list[Finding]:
    """A check that finds out nothing is a finding, too."""
    try:
        async with asyncio.timeout(_BOUND_S):
            return await check()
    except _REFUSALS as refusal:
        return [Finding(Level.FAIL, of, str(refusal))]
    except TimeoutError:
        return [Finding(Level.FAIL, of, f"no answer within {_BOUND_S:g} s")]


async def _settings(settings: Settings) -> list[Finding]:
    check_production(settings)
    egress_exceptions(settings)
    await asyncio.to_thread(key_ring, settings)
    await asyncio.to_thread(server_context, settings)
    await asyncio.to_thread(client_context, settings)
    if settings.production:
        return [Finding(Level.OK, "settings", "complete for production")]
    return [Finding(Level.WARN, "settings", "INTERACTOR_ENV is local: the key `default` may be honoured")]


async def _store(settings: Settings, services: Sequence[str]) -> list[Finding]:
    engines = open_for_command(settings)
    _declare(engines, services)
    findings = [Finding(Level.WARN, "store", sentence) for sentence in await inspect_store(engines)]
    if is_embedded(settings.effective_store_url):
        findings += await asyncio.to_thread(_disk, settings)
    return findings or [Finding(Level.OK, "store", "reachable, writable, its indexes as declared")]


def _declare(engines: Engines, services: Sequence[str]) -> None:
    """Builds the services on these engines, without starting them: so their collections are declared."""
    builder = unstarted(engines, services)
    for service in services:
        builder.build(service)
        engines.store.collection(idempotency(service))


def _disk(settings: Settings) -> list[Finding]:
    free_bytes = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else ".").free
    if free_bytes < _LITTLE_SPACE_BYTES:
        return [Finding(Level.WARN, "store", f"{free_bytes >> 20} MiB are left on the disk of DATA_DIR; free some")]
    return []


async def _bus(settings: Settings) -> list[Finding]:
    findings = [Finding(Level.WARN, "bus", sentence) for sentence in await inspect_bus(settings.bus_url)]
    return findings or [Finding(Level.OK, "bus", "reachable, its topics as declared")]


async def _peers(settings: Settings, services: Sequence[str]) -> list[Finding]:
    """Asks each owner something harmless, as these services would."""
    neighbours = Neighbours(settings, services)
    await neighbours.start()
    try:
        found = [
            await _asked(neighbours, call, question, asking)
            for call, question in _PROBES
            if call.owner not in services and (asking := [each for each in services if each in call.callers])
        ]
    finally:
        await neighbours.close()
    return found or [Finding(Level.OK, "peers", "none are needed")]


async def _asked(neighbours: Neighbours, call: Call[Any, Any], question: BaseModel, asking: list[str]) -> Finding:
    try:
        await neighbours.peers(asking, SystemClock()).ask(call, question)
    except ServiceError as error:
        return Finding(Level.FAIL, f"peer {call.owner}", error.message)
    return Finding(Level.OK, f"peer {call.owner}", f"answers {asking[0]}")


def _as_text(findings: Sequence[Finding]) -> str:
    lines = [f"{finding.level:4}  {finding.of}: {finding.what}" for finding in findings]
    counts = [sum(finding.level is level for finding in findings) for level in (Level.FAIL, Level.WARN)]
    return "\n".join([*lines, f"{counts[0]} failures, {counts[1]} warnings"]) + "\n"


def _as_json(findings: Sequence[Finding]) -> str:
    return orjson.dumps([asdict(finding) for finding in findings], option=orjson.OPT_INDENT_2).decode() + "\n"
