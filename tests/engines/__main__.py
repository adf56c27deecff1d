"""`python -m tests.engines start|stop|status|needs`: a MongoDB and a Kafka for development."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests.engines.developer import Developer, Running
from tests.engines.errors import EngineFailed, EnginesMissing
from tests.engines.needs import missing_packages
from tests.engines.progress import say

_HELP = {
    "start": "start both, unless they run; STORE_URL and BUS_URL go to .engines/env",
    "stop": "end them, and remove their data",
    "status": "say whether they run; exit code 1 when they don't",
    "needs": "print the Debian packages that are missing for them",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in _HELP.items():
        commands.add_parser(name, help=text)
    run: dict[str, Callable[[], int]] = {"start": _start, "stop": _stop, "status": _status, "needs": _needs}
    try:
        return run[parser.parse_args().command]()
    except (EnginesMissing, EngineFailed) as error:
        say(str(error))
    except KeyboardInterrupt:
        say("Interrupted")
    return 1


def _start() -> int:
    developer = Developer()
    already = developer.running()
    running = already or developer.start()
    sys.stdout.write("They run already.\n" if already else "They run.\n")
    _show(running)
    sys.stdout.write(f"In a shell: set -a; . {developer.env}; set +a\n")
    return 0


def _stop() -> int:
    if ended := Developer().stop():
        sys.stdout.write(f"Ended {_listed(ended)}; their data is removed.\n")
    else:
        sys.stdout.write("No engines run.\n")
    return 0


def _status() -> int:
    if (running := Developer().running()) is None:
        sys.stdout.write("No engines run. Start them with: make engines\n")
        return 1
    _show(running)
    return 0


def _needs() -> int:
    sys.stdout.write(" ".join(missing_packages()) + "\n")
    return 0


def _show(running: Running) -> None:
    sys.stdout.write(f"  STORE_URL={running.store_url}\n  BUS_URL={running.bus_url}\n  {_listed(running.processes)}\n")


def _listed(processes: dict[str, str]) -> str:
    return " and ".join(f"{name} ({which})" for name, which in sorted(processes.items(), reverse=True))


if __name__ == "__main__":
    sys.exit(main())
