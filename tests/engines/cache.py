"""Where fetched engines stay: one folder per name and version, complete or not there at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.engines.progress import say


def cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "interactor-engine"


def cached(name: str, install: Callable[[Path, int], None]) -> Path:
    """The folder `name` of the cache, filled by `install` when it isn't there.

    `install` gets a folder that takes its name only once it returns, and the file of a lock; a process that keeps that
    file open holds the lock even if this one dies, so that nobody works in the same folder at the same time.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_name(f"{name}.lock"), f"Another run is fetching {name}; waiting for it") as lock:
        if not folder.is_dir():
            partial = folder.with_name(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            install(partial, lock)
            partial.rename(folder)
    return folder


@contextmanager
def locked(path: Path, waiting: str) -> Iterator[int]:
    """One process at a time; says `waiting` when that is another one just now."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
