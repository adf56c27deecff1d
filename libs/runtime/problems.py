"""Logic errors as the API answers them: whose fault it was decides the status, and never is it 500."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from libs.common.errors import (
    Conflict,
    Detail,
    Invalid,
    NotFound,
    ServiceError,
    TimedOut,
    Unavailable,
    Unprocessable,
)
from libs.logic.blotting import Blotter
from libs.logic.errors import LogicError

_CLASSES: dict[str, type[ServiceError]] = {
    "invalid_input": Invalid,
    "not_found": NotFound,
    "credential_required": Conflict,
    "credential_invalid": Conflict,
    "variable_missing": Conflict,
    "timeout": TimedOut,
    "sandbox_full": Unavailable,
}
_WIRE_NAMES = {"script_line": "scriptLine", "script_column": "scriptColumn"}
_RETRY_AFTER_S = {"sandbox_full": 1}


def problem_of(error: LogicError, blotter: Blotter, console: Sequence[str] = ()) -> ServiceError:
    """The answer to a failed evaluation: the place in the logic, what is known of the cause, what was printed."""
    return _CLASSES.get(error.code, Unprocessable)(
        error.code,
        blotter.value(error.message),
        retry_after_s=_RETRY_AFTER_S.get(error.code),
        extra=blotter.value(_members(error, console)),
    )


def _members(error: LogicError, console: Sequence[str]) -> dict[str, Any]:
    cause = {_WIRE_NAMES.get(name, name): value for name, value in error.details.items() if name != "console"}
    printed = list(console) or error.details.get("console")
    members: dict[str, Any] = {"path": list(error.path)}
    return members | ({"cause": cause} if cause else {}) | ({"console": printed} if printed else {})


def invalid_input(failures: Sequence[Detail], prefix: str = "") -> Invalid:
    """The refusal of an input before anything runs; `prefix` is where the input stands in the body."""
    details = [Detail(".".join(part for part in (prefix, each.path) if part), each.message) for each in failures]
    summary = "; ".join(f"{each.path}: {each.message}" if each.path else each.message for each in details[:3])
    return Invalid("invalid_input", f"The input is not valid: {summary}", details=details)
