"""The errors that a caller can meet: raised deep, rendered once at the edge, the same class after an internal hop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

_LISTED = 3


@dataclass(frozen=True, slots=True)
class Detail:
    """One failure of validation: where (`path`, dotted) and what to do about it."""

    path: str
    message: str


class EngineRefused(Exception):
    """A store or bus that the settings name can't be used; the message says why, and what to do about it."""


class ServiceError(Exception):
    """An answer other than success: `code` is stable and snake_case, `message` one sentence for a human."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        code: str,
        message: str,
        *,
        details: Sequence[Detail] = (),
        retry_after_s: int | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.retry_after_s = retry_after_s
        self.extra = extra or {}


class Invalid(ServiceError):
    """The request is malformed; `details` lists every failure."""

    status, title = 400, "Invalid request"


class Unauthenticated(ServiceError):
    """No key, or one that is unknown or revoked."""

    status, title = 401, "Unauthenticated"


class Forbidden(ServiceError):
    """The caller is known and may not do this."""

    status, title = 403, "Forbidden"


class NotFound(ServiceError):
    """Nothing there, or nothing that this caller may know of."""

    status, title = 404, "Not found"


class MethodNotAllowed(ServiceError):
    """The path exists, the method does not."""

    status, title = 405, "Method not allowed"


class Conflict(ServiceError):
    """The state of things forbids it now."""

    status, title = 409, "Conflict"


class TooLarge(ServiceError):
    """The body is over the limit."""

    status, title = 413, "Body too large"


class UnsupportedMedia(ServiceError):
    """The body is not of a type that this route reads."""

    status, title = 415, "Unsupported media type"


class Unprocessable(ServiceError):
    """Well-formed, and the author's logic or the provider failed."""

    status, title = 422, "Could not be processed"


class RateLimited(ServiceError):
    """Too many requests for now."""

    status, title = 429, "Too many requests"


class Unavailable(ServiceError):
    """A part that is needed is down; trying again later may succeed."""

    status, title = 503, "Unavailable"


class TimedOut(ServiceError):
    """It took longer than its budget."""

    status, title = 504, "Timed out"


def invalid(path: str, message: str) -> Invalid:
    """One failure of validation as a whole answer."""
    return Invalid("invalid_request", f"{path}: {message}" if path else message, details=[Detail(path, message)])


def invalid_request(details: Sequence[Detail], what: str = "request") -> Invalid:
    """All failures of validation as one answer, whose sentence names the first few."""
    if len(details) == 1:
        return invalid(details[0].path, details[0].message)
    return Invalid("invalid_request", f"The {what} is not valid: {summary(details)}", details=details)


def summary(details: Sequence[Detail]) -> str:
    """The first few failures in one line, and how many more there are."""
    listed = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in details[:_LISTED])
    return f"{listed}; and {len(details) - _LISTED} more" if len(details) > _LISTED else listed


BY_STATUS: dict[int, type[ServiceError]] = {
    cls.status: cls
    for cls in (
        Invalid,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        TooLarge,
        UnsupportedMedia,
        Unprocessable,
        RateLimited,
        Unavailable,
        TimedOut,
    )
}
