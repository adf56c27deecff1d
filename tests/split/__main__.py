"""`python -m tests.split`: every role in a process of its own, behind nginx, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from libs.common.settings import Settings, SettingsRefused
from services.roles import parse_roles
from tests.engines.developer import Developer
from tests.engines.errors import EngineFailed, EnginesMissing
from tests.split.gateway import SplitRefused, check_free
from tests.split.plan import EACH_ALONE
from tests.split.running import Split, split

_DATA = Path(__file__).parent.parent.parent / "data"
_COLOURS = ("36", "32", "33", "35", "34", "31", "96", "92", "93", "95", "94")
_OURS = {"STORE_URL", "BUS_URL", "PORT", "INTERNAL_PORT", "PUBLIC_URL", "PEER_URLS", "DATA_DIR"}
_OURS |= {name.upper() for name in Settings.model_fields if name.startswith("internal_")}


class Terminal:
    """Writes each line behind the name of who wrote it; colour only on a terminal, never with NO_COLOR."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._colours: dict[str, str] = {}
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    def hear(self, name: str, line: str) -> None:
        prefix = f"{name:{self._width}} │"
        if self._coloured:
            colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        sys.stdout.write(f"{prefix} {line}\n")
        sys.stdout.flush()


async def run(store_url: str, bus_url: str, roles: Sequence[str], port: int) -> None:
    """Until SIGINT or SIGTERM."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for which in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(which, told.set)
    passed = {name: value for name, value in os.environ.items() if name in _settings() - _OURS}
    settings = {"LOG_FORMAT": "console", **passed}
    terminal = Terminal(max(map(len, roles)))
    async with split(
        store_url, bus_url, roles=roles, http_port=port, data_dir=_DATA, settings=settings, hear=terminal.hear
    ) as running:
        ready = asyncio.create_task(_tell_when_ready(running))
        await told.wait()
        ready.cancel()
        sys.stdout.write("\nStopping: the gateway, then who asks others, then who is asked.\n")


async def _tell_when_ready(running: Split) -> None:
    while True:
        try:
            await running.ready()
        except TimeoutError as waiting:
            sys.stdout.write(f"Still waiting: {waiting}\n")
            continue
        metrics = "".join(
            f"  metrics   {running.internal_url(process.name)}/metrics  {process.name}\n"
            for process in running.services
        )
        sys.stdout.write(
            f"\nAll are ready.\n  API       {running.url}/v1\n  API docs  {running.url}/docs\n{metrics}"
            f"  try       curl -H 'api_key: default' {running.url}/v1/service\n"
            "  keys      set -a; . .engines/env; set +a; python -m services keys create --platform acme\n"
            "  stop      Ctrl-C\n\n"
        )
        sys.stdout.flush()
        return


@contextmanager
def _engines() -> Iterator[tuple[str, str]]:
    """Those that STORE_URL and BUS_URL name, else those of `make engines`, else some for this run."""
    named = os.environ.get("STORE_URL"), os.environ.get("BUS_URL")
    if named[0] and named[1]:
        yield named[0], named[1]
        return
    developer = Developer()
    already = developer.running()
    engines = already or developer.start()
    try:
        if already is None:
            sys.stdout.write(
                "The engines end with this run, and their data too; `make engines` makes some that stay.\n"
            )
        yield engines.store_url, engines.bus_url
    finally:
        if already is None:
            developer.stop()


def _settings() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.split", description=__doc__)
    parser.add_argument("roles", nargs="*", metavar="ROLE", help="one process each; name one twice for two of them")
    roles = parser.parse_args().roles or EACH_ALONE
    try:
        port = Settings().port
        parse_roles(roles)
        check_free(port)
        with _engines() as (store_url, bus_url):
            asyncio.run(run(store_url, bus_url, roles, port))
    except (SplitRefused, SettingsRefused, ValidationError, EnginesMissing, EngineFailed) as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
