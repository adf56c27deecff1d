"""What an examination found: a sentence each, that says how bad it is, what it is about, and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from libs.common.errors import EngineRefused, ServiceError
from libs.common.settings import SettingsRefused

EXAMINED_S = 5.0


class Level(StrEnum):
    """`warn`: it works, and is not as it should be. `fail`: it keeps a process from working, or will soon."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    of: str
    what: str


Check: TypeAlias = Callable[[], Awaitable[list[Finding]]]


def ok(of: str, what: str) -> Finding:
    return Finding(Level.OK, of, what)


def warn(of: str, what: str) -> Finding:
    return Finding(Level.WARN, of, what)


def fail(of: str, what: str) -> Finding:
    return Finding(Level.FAIL, of, what)


async def examined(of: str, check: Check, within_s: float = EXAMINED_S) -> list[Finding]:
    """What a check found; that it was refused, took too long or broke is a finding, too."""
    try:
        async with asyncio.timeout(within_s):
            return await check()
    except (SettingsRefused, EngineRefused, ServiceError) as refusal:
        return [fail(of, str(refusal))]
    except TimeoutError:
        return [
            fail(of, f"no answer within {within_s:g} s; see that it runs and that nothing drops what is sent to it")
        ]
    except Exception as error:  # a broken part must not hide what the other checks find
        return [fail(of, f"could not be examined ({type(error).__name__})")]
