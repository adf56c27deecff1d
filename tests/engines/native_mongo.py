"""A MongoDB-compatible server: compiled once, then one process that calls itself a replica set of one."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.engines.cache import cached
from tests.engines.native import NativeEngine
from tests.engines.progress import run
from tests.engines.run_folder import RunFolder
from tests.engines.tools import COMPILING, require
from tests.engines.versions import SECANTUS

NAME = f"secantus-mdb-{SECANTUS}"


class NativeMongo(NativeEngine):
    """`options` are further ones of secantusd-rs, such as `--auth`."""

    name = "mongo"
    ready_line = re.compile(r"listening on 127\.0\.0\.1:\d+")

    def __init__(self, run: RunFolder, program: Path, *options: str) -> None:
        super().__init__(run)
        self._program = program
        self._options = options
        self._settings = self.folder / "settings.toml"
        self._settings.touch()  # an empty file, or it would look for one in the developer's home

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"

    def _command(self, ports: list[int]) -> list[str]:
        return [
            str(self._program),
            *("--config", str(self._settings)),
            *("--port", str(ports[0])),
            *("--storage-path", str(self.folder / "data")),
            "--sync-on-commit",  # without it, what was acknowledged can be lost with the process
            "--enable-test-commands",
            *("--log-level", "WARNING"),
            *("--log-file-max", "32MB"),  # allocated in full at every start
            *("--cache-size", "256M"),
            *self._options,
        ]


def mongo_program() -> Path:
    """The server, compiled when it isn't in the cache. Raises EnginesMissing."""
    return cached(NAME, _compile) / "bin" / "secantusd-rs"


def _compile(folder: Path, lock: int) -> None:
    require("Compiling the MongoDB-compatible server", COMPILING)
    objects = folder.with_suffix(".objects")  # kept when it is interrupted: the next time goes on from there
    run(
        "Compiling the MongoDB-compatible server, once, about 5 minutes",
        [
            *("cargo", "install", "--locked", "secantus-mdb", "--version", SECANTUS),
            "--ignore-rust-version",  # it names a newer compiler than it needs
            *("--root", str(folder)),
        ],
        log=folder.with_suffix(".log"),
        keeps=lock,
        environment={"CARGO_TARGET_DIR": str(objects)},
    )
    shutil.rmtree(objects)
