"""`python -m services doctor`: connects to what the settings name and says in words what is wrong."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from libs.common.clock import SystemClock
from libs.common.findings import EXAMINED_S, Check, Finding, Level, examined
from libs.common.settings import Settings
from libs.common.telemetry import configure_logging
from services.doctor.engines import examine_bus, examine_store
from services.doctor.neighbours import examine_peers
from services.doctor.settings import examine_settings
from services.roles import parse_roles

_IN_PARTS_S = 4 * EXAMINED_S  # a bound for what bounds each of its own steps


async def diagnose(settings: Settings, arguments: argparse.Namespace) -> int:
    """Answers 1 where something fails; warnings are no failure. Raises SettingsRefused for a role that isn't."""
    roles = parse_roles(arguments.roles)
    configure_logging("critical", json=False, stream=sys.stderr)  # what its clients log is told as findings
    checks: dict[str, Check] = {
        "settings": lambda: examine_settings(settings, roles, SystemClock().now()),
        "store": lambda: examine_store(settings, roles),
        "bus": lambda: examine_bus(settings, roles),
        "peers": lambda: examine_peers(settings, roles),
    }
    found = await asyncio.gather(*(examined(of, check, _IN_PARTS_S) for of, check in checks.items()))
    findings = [finding for each in found for finding in each]
    sys.stdout.write(_as_json(findings) if arguments.json else _as_text(findings))
    return int(any(finding.level is Level.FAIL for finding in findings))


def _as_text(findings: Sequence[Finding]) -> str:
    lines = [f"{finding.level:4}  {finding.of}: {finding.what}" for finding in findings]
    count = Counter(finding.level for finding in findings)
    summary = f"{_times(count[Level.FAIL], 'failure')}, {_times(count[Level.WARN], 'warning')}, {count[Level.OK]} ok"
    return "\n".join([*lines, summary, ""])


def _times(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _as_json(findings: Sequence[Finding]) -> str:
    return orjson.dumps([asdict(finding) for finding in findings], option=orjson.OPT_INDENT_2).decode() + "\n"
