"""`python -m services`: runs the engine, or one of its commands."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TypeAlias

import uvloop
from pydantic import ValidationError

from libs.common.errors import EngineRefused, ServiceError
from libs.common.keyring import SealingRefused
from libs.common.settings import Settings, SettingsRefused
from services.roles import ROLES
from services.run import run

Command: TypeAlias = Callable[[Settings, argparse.Namespace], Coroutine[None, None, int]]
_REFUSALS = (SettingsRefused, EngineRefused, SealingRefused)


def main(arguments: list[str]) -> int:
    """Answers the exit code; a refusal is one sentence on stderr."""
    parsed = _parsed(arguments)
    command: Command = parsed.command
    try:
        settings = Settings()
    except ValidationError as wrong:
        sys.stderr.write(_wrong_settings(wrong))
        return 1
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(command(settings, parsed))
    except (*_REFUSALS, ServiceError) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def _wrong_settings(wrong: ValidationError) -> str:
    """A sentence for each; without the values, which may be secrets."""
    failures = wrong.errors(include_input=False, include_url=False)
    return "".join(f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}\n" for each in failures)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    if all(argument in ROLES for argument in arguments):
        return argparse.Namespace(command=run, roles=arguments)
    from services.command_line import parse  # a start need not import what the other commands are made of

    return parse(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
