"""Logic errors as the API answers them."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from libs.logic.blotting import Blotter
from libs.logic.errors import ErrorCode, LogicError
from libs.runtime.problems import problem_of

STATUSES = {
    "invalid_input": 400,
    "not_found": 404,
    "credential_required": 409,
    "credential_invalid": 409,
    "variable_missing": 409,
    "sandbox_full": 503,
    "timeout": 504,
}


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_whose_fault_it_was_decides_the_status(code: Any) -> None:
    problem = problem_of(LogicError(code, "Something went wrong."), Blotter([]))
    assert (problem.status, problem.code) == (STATUSES.get(code, 422), code)


def test_a_full_sandbox_says_when_to_come_again() -> None:
    assert problem_of(LogicError("sandbox_full", "Too many scripts."), Blotter([])).retry_after_s == 1


def test_what_is_known_is_told_without_secrets() -> None:
    details = {"script_line": 2, "script_column": 5, "body": "Bearer a-secret-token"}
    error = LogicError("script_error", "Failed at a-secret-token.", path=("execute", 0), details=details)
    problem = problem_of(error, Blotter(["a-secret-token"]), ["so far: a-secret-token"])
    assert problem.message == "Failed at ***."
    assert problem.extra == {
        "path": ["execute", 0],
        "cause": {"scriptLine": 2, "scriptColumn": 5, "body": "Bearer ***"},
        "console": ["so far: ***"],
    }
