"""The two ways logic fails: it is refused when it is saved, or it ends with an error when it runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from libs.logic.blotting import Blotter

Path = tuple[str | int, ...]

ErrorCode = Literal[
    "script_error",
    "http_error",
    "credential_required",
    "credential_invalid",
    "variable_missing",
    "not_found",
    "invalid_input",
    "budget_exceeded",
    "egress_denied",
    "timeout",
    "author_error",
    "sandbox_lost",
    "sandbox_full",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a piece of logic can't be saved; `line` and `column` point into a script's own source."""

    path: Path
    message: str
    line: int | None = None
    column: int | None = None


class InvalidLogic(Exception):
    """Logic that is refused when it is saved, with everything that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


class LogicError(Exception):
    """An evaluation that ended without a value; `path` is the place of the failing node in the logic."""

    def __init__(
        self, code: ErrorCode, message: str, *, path: Path = (), details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.code: ErrorCode = code
        self.message = message
        self.path = path
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return self.message

    def at(self, path: Path) -> "LogicError":
        """Names the node that failed; an error that already has a place keeps it."""
        self.path = self.path or path
        return self

    def blot(self, blotter: "Blotter") -> None:
        """Takes secrets out of everything this error tells."""
        self.message = blotter.value(self.message)
        self.details = blotter.value(self.details)

    def to_dict(self) -> dict[str, Any]:
        told = {"code": self.code, "message": self.message, "path": list(self.path)}
        return told | {"details": self.details} if self.details else told
