"""What MongoDB's errors mean: down for now, or not usable as the settings have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    CursorNotFound,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WTimeoutError,
)

from libs.common.errors import EngineRefused, Unavailable

RETRY_AFTER_S = 2
NOT_ALLOWED = 13
_AUTHENTICATION_FAILED = 18
_DUPLICATE = 11000
_REFUSED_LOGIN = (_AUTHENTICATION_FAILED, 8000)
_SENTENCES = {
    NOT_ALLOWED: "this user may not do that; give it the role readWrite on the service's database",
    _AUTHENTICATION_FAILED: "it refuses the user or password; correct them in STORE_URL",
    64: "not enough members confirmed a write in time; see that a majority of the replica set runs",
    91: "it is shutting down",
    100: "it has too few members to confirm writes; see that a majority of the replica set runs",
    8000: "it refuses the user or password; correct them in STORE_URL",
    14031: "its disk is full; free some space, writing then goes on by itself",
}

_PASSING = frozenset({
    6, 7, 24, 50, 63, 89, 112, 117, 133, 134, 146, 150, 175, 189, 202, 225, 237, 246, 251, 262, 290, 317, 365, 462,
    9001, 10058, 10107, 11600, 11601, 11602, 13388, 13435, 13436,
})  # fmt: skip
"""Codes of what the state of a cluster forbids for now: elections, locks, time-outs, memory, overload."""


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Raises Unavailable for what may pass by itself; duplicate keys and programming errors stay as they are."""
    try:
        yield
    except DuplicateKeyError:
        raise
    except BulkWriteError as error:
        raise _of_bulk(server, error) from error
    except PyMongoError as error:
        sentence = sentence_of(error)
        if sentence is None:
            raise
        raise unavailable(server, sentence) from error


@asynccontextmanager
async def answered(server: str, within_s: float) -> AsyncIterator[None]:
    """`translated`, and Unavailable after this time: while a server is away, many queue for the client's threads."""
    try:
        async with asyncio.timeout(within_s):
            with translated(server):
                yield
    except TimeoutError:
        raise unavailable(server, "it did not answer in time") from None


def refused(server: str, error: PyMongoError) -> EngineRefused | None:
    """For a start: what no waiting will mend, or None."""
    if isinstance(error, ConfigurationError):
        return EngineRefused(f"STORE_URL: MongoDB at {server} can't be used: {_first_line(error)}")
    if isinstance(error, OperationFailure) and error.code in (*_REFUSED_LOGIN, NOT_ALLOWED):
        return EngineRefused(f"MongoDB at {server}: {_SENTENCES[error.code]}")
    return None


def unavailable(server: str, sentence: str) -> Unavailable:
    return Unavailable("storage_unavailable", f"MongoDB at {server}: {sentence}", retry_after_s=RETRY_AFTER_S)


def sentence_of(error: PyMongoError) -> str | None:
    """What is wrong with the server, or None if the error doesn't come from its state."""
    match error:
        case ServerSelectionTimeoutError():
            return _unreachable(str(error))
        case NotPrimaryError():
            return "it has no primary at the moment"
        case CursorNotFound():
            return "it lost the cursor of a query"
        case WTimeoutError():
            return _SENTENCES[64]
        case ExecutionTimeout() | ConnectionFailure():
            return "it did not answer in time, or the connection was lost"
        case OperationFailure():
            return _of_failure(error)
        case InvalidOperation() if "after close" in str(error):
            return "the connection is closed, since this process ends"
    return "it did not answer in time" if error.timeout else None


def _of_failure(error: OperationFailure) -> str | None:
    code = error.code or 0
    if code in _SENTENCES:
        return _SENTENCES[code]
    if code in _PASSING or error.has_error_label("RetryableWriteError"):
        return f"it could not do this just now (its error {code})"
    return "it did not answer in time" if error.timeout else None


def only_duplicates(error: BulkWriteError) -> bool:
    details: Mapping[str, Any] = error.details
    refused = details.get("writeErrors", ())
    return not details.get("writeConcernErrors") and all(each.get("code") == _DUPLICATE for each in refused)


def _of_bulk(server: str, error: BulkWriteError) -> Exception:
    """What is left of a batch beyond duplicates."""
    details: Mapping[str, Any] = error.details
    for each in (*details.get("writeConcernErrors", ()), *details.get("writeErrors", ())):
        sentence = sentence_of(OperationFailure("", each.get("code")))
        if sentence is not None:
            return unavailable(server, sentence)
    if details.get("writeConcernErrors"):
        return unavailable(server, _SENTENCES[100])
    return error


def _unreachable(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text or "certificate verify failed" in text:
        return (
            "its TLS certificate is not signed by an authority that is known here; name it with tlsCAFile in STORE_URL"
        )
    if "SSL" in text or "TLS" in text.replace("tls=", ""):
        return "the TLS handshake fails; see that both sides use TLS, or take tls out of STORE_URL"
    if "No primary available" in text or "No replica set members match" in text:
        return "no primary can be reached; see that a majority of the replica set runs"
    return "can't be reached; see that it runs and that STORE_URL names its hosts"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
