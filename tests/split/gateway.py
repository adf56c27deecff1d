"""An nginx in front of a split run, with the configuration that the product writes for it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from libs.common.settings import Settings
from services.api import route_tables
from services.gateway.nginx import Site, nginx_conf
from tests.split.processes import Program


class SplitRefused(Exception):
    """Something that a split run needs is missing; the message says what, and how to get it."""


def nginx_program(folder: Path, port: int, upstreams: Mapping[str, Sequence[str]]) -> Program:
    """Writes the configuration into the folder. Raises SplitRefused."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise SplitRefused("nginx is missing, which stands before the processes; install it: apt-get install nginx")
    settings = Settings()
    site = Site(
        upstreams=upstreams,
        body_limit_bytes=settings.body_limit_bytes,
        inbound_limit_bytes=settings.inbound_limit_bytes,
        listen=[f"127.0.0.1:{port}"],
        folder=str(folder),
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_conf(route_tables(), site))
    as_root = " user root;" if os.geteuid() == 0 else ""
    command = (nginx, "-e", "stderr", "-c", str(configuration), "-g", f"daemon off;{as_root}")
    return Program(command, dict(os.environ), orphaned=signal.SIGTERM)


def check_free(port: int) -> None:
    """Raises SplitRefused for a port that somebody listens on."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise SplitRefused(
            f"Port {port} of 127.0.0.1 can't be used ({reason}); choose another one: PORT=1291 make run-split"
        ) from None
