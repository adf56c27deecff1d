"""The product's own commands, run as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent


class CommandFailed(AssertionError):
    """The command ended with another exit code than 0; the message holds what it said."""


async def services(*arguments: str, url: str, key: str) -> str:
    """What `python -m services` with these arguments prints, spoken to the product at that URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services", *arguments),
        cwd=_ROOT,
        env={**os.environ, "INTERACTOR_URL": url, "INTERACTOR_API_KEY": key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    if process.returncode != 0:
        raise CommandFailed(f"{arguments[0]} ended with {process.returncode}:\n{(said + complained).decode()}")
    return said.decode()
