"""Opening a SQLite file: its connections, the lock of its data directory, and what its errors mean in words."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from contextlib import suppress
from pathlib import Path

from libs.common.errors import EngineRefused, Unavailable
from libs.common.findings import Finding, fail, ok, warn

MEMORY = ":memory:"
RETRY_AFTER_S = 5
_OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING; Python 3.11 ships a newer one nearly everywhere
_CACHED_STATEMENTS = 256
_PRAGMAS = ("synchronous=FULL", "cache_size=-16000", "wal_autocheckpoint=4000", "journal_size_limit=67108864")
_PRIMARY_CODE = 0xFF
_LITTLE_SPACE_BYTES, _NO_SPACE_BYTES = 1 << 30, 64 << 20

_TROUBLES = {
    sqlite3.SQLITE_FULL: "the disk that holds {path} is full; free some space, writing then goes on by itself",
    sqlite3.SQLITE_READONLY: "{path} can't be written to; make the file and its folder writable for this user",
    sqlite3.SQLITE_IOERR: "reading or writing {path} failed; check its disk, its mount and the space left there",
    sqlite3.SQLITE_BUSY: "another process keeps {path} locked; wait until it has finished, or stop it",
    sqlite3.SQLITE_CANTOPEN: "{path} can't be opened; make its folder exist and be writable for this user",
    sqlite3.SQLITE_PERM: "{path} can't be opened; make the file and its folder writable for this user",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged; stop the server and put a backup in its place",
    sqlite3.SQLITE_NOTADB: "{path} is not a SQLite database; name another file, or move this one away",
}


def trouble(error: Exception, path: str) -> str | None:
    """What is wrong with the file and what to do about it, or None if the error doesn't come from the file."""
    sentence = _TROUBLES.get(getattr(error, "sqlite_errorcode", -1) & _PRIMARY_CODE)
    return sentence and sentence.format(path=path)


def unavailable(sentence: str) -> Unavailable:
    return Unavailable("storage_unavailable", sentence, retry_after_s=RETRY_AFTER_S)


def connect(path: str, *, busy_timeout_s: float) -> sqlite3.Connection:
    """Opens the file, making it if it isn't there. Raises EngineRefused."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise EngineRefused(f"this Python brings SQLite {sqlite3.sqlite_version}; use one with 3.35 or newer")
    try:
        return _connect(path, busy_timeout_s)
    except sqlite3.Error as error:
        raise EngineRefused(trouble(error, path) or f"{path} can't be opened: {error}") from error


def _connect(path: str, busy_timeout_s: float) -> sqlite3.Connection:
    if path != MEMORY:
        _make_private(path)
    connection = sqlite3.connect(
        path,
        timeout=busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if path != MEMORY and mode != "wal":
            raise EngineRefused(f"{path} is on a file system without shared memory; use a local disk")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private(path: str) -> None:
    """What clients sent lies in it; SQLite gives the files beside it the same mode. Its errors are SQLite's to tell."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def make_folder(path: str) -> None:
    """Raises EngineRefused."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error


def lock_for_server(path: str) -> int:
    """Takes the server's lock on the file, held until the answered descriptor is closed. Raises EngineRefused."""
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise EngineRefused(f"another server already uses {path}; stop it, or give this one another file") from error
    return descriptor


def inspect_file(path: str) -> list[Finding]:
    """What is known of the file without opening it."""
    there, folder = Path(path).exists(), _nearest_folder(Path(path).absolute().parent)
    findings = [_in_use(path)] if there else []
    if not there and not os.access(folder, os.W_OK | os.X_OK):
        findings.append(fail("store", f"{folder} can't be written to by this user, and {path} is to be made in it"))
    elif not there:
        findings.append(ok("store", f"{path} is not there yet; the first start makes it"))
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < _LITTLE_SPACE_BYTES:
        level = fail if free_bytes < _NO_SPACE_BYTES else warn
        findings.append(level("disk", f"{free_bytes >> 20} MiB are left where {path} is; free some space"))
    else:
        findings.append(ok("disk", f"{free_bytes / (1 << 30):.1f} GiB are free where {path} is"))
    return findings


def _nearest_folder(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if each.is_dir()), folder)


def _in_use(path: str) -> Finding:
    """Asking takes the lock for an instant, if nobody has it."""
    if not Path(f"{path}.lock").exists():
        return ok("store", f"{path} is there, and no server has used it yet")
    try:
        os.close(lock_for_server(path))
    except EngineRefused as refusal:
        used = isinstance(refusal.__cause__, BlockingIOError)
        return ok("store", f"a server is using {path}") if used else fail("store", str(refusal))
    return ok("store", f"{path} is there, and no server is using it")


def _unusable(path: str, error: OSError) -> EngineRefused:
    reason = os.strerror(error.errno or 0).lower()
    return EngineRefused(
        f"{Path(path).parent} can't be used for data ({reason}); name a folder that this user may write to"
    )
