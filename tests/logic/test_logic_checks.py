"""Scripts as they are checked when they are saved: parsed, never run, each and all within bounds of time."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.logic.compiler import ScriptSource
from libs.logic.errors import LogicError
from libs.logic.sandbox import frames
from libs.logic.sandbox.checks import Checked, ScriptCheck, problems_of
from libs.logic.sandbox.inside.child import Sandbox
from libs.logic.sandbox.pool import SandboxPool

Run = Callable[..., Any]


async def test_a_script_is_checked_for_syntax_when_it_is_saved(pool: SandboxPool) -> None:
    good = ScriptSource(("a",), "return await 1")
    bad = ScriptSource(("execute", "script"), "const a = 1\nreturn (a")
    [problem] = await pool.check_syntax([good, bad])
    assert (problem.path, problem.line, problem.column) == (("execute", "script"), 2, 10)
    assert "SyntaxError" in problem.message


@pytest.mark.parametrize(
    "script",
    [
        "return 1})\n;for (;;);(function(){",
        "}), (async function () {",
        "}, async function () {",
        "} : 0; for (;;); true ? async function () {",
        "} : 0; for (;;); ({async m () {",
        "}[x] = {",
        "}, {for: 1, m() {",
        "}}); for (;;); ({async m () {",
        "}() || {",
        "}`${async function () {",
        "} / 1 / {",
        "}\n--> x\n; for (;;); {",
        "}\n/* } */\nfor (;;); async function f () {",
        "} static { for (;;); ",
    ],
)
async def test_a_script_that_leaves_its_function_is_refused_and_not_run(pool: SandboxPool, script: str) -> None:
    [problem] = await pool.check_syntax([ScriptSource(("execute",), script)])
    assert problem.message.startswith("SyntaxError")
    assert problem.line is not None


@pytest.mark.parametrize(
    "script",
    [
        "",
        "// nothing",
        "return 1 //",
        "'use strict'; return this",
        "with (input) { return data }",
        "return [arguments, new.target, await 1]",
        "for await (const x of []) yield = 1; var yield",
        "return /}/.test(`}${'}'}`) // }",
        "function f() { return f } return {f} /* } */",
        "a: { break a }\n--> x",
        "throw 'nothing is run'",
    ],
)
async def test_whatever_is_a_functions_body_passes(pool: SandboxPool, script: str) -> None:
    assert await pool.check_syntax([ScriptSource((), script)]) == []


@pytest.mark.parametrize(
    ("script", "line", "column"),
    [
        ("return (1", 1, 10),
        ("return {\n  a: 'é'\n\n", 2, 9),
        ("if (true) {\n  return 1 } }", 2, 15),
        ("return 1 +", 1, 11),
        ("foo bar", 1, 5),
        ("x\n  = /*", 2, 5),
    ],
)
async def test_the_place_of_a_syntax_error_is_in_the_script(
    pool: SandboxPool, run_script: Run, script: str, line: int, column: int
) -> None:
    [problem] = await pool.check_syntax([ScriptSource((), script)])
    assert (problem.line, problem.column) == (line, column)
    with pytest.raises(LogicError) as caught:
        await run_script(script)
    error = caught.value
    assert (error.code, error.message) == ("script_error", problem.message)
    assert (error.details["script_line"], error.details["script_column"]) == (line, column)


class SlowPool:
    """Takes its time for each check and finds nothing."""

    def __init__(self, used_s: float) -> None:
        self.checks = 0
        self._used_s = used_s

    async def outcome(self, make_call: Callable[..., Any]) -> Checked:
        self.checks += 1
        return Checked(None, self._used_s)


async def test_checking_all_scripts_has_an_end() -> None:
    scripts = [ScriptSource((place,), "return 1") for place in range(200)]
    slow = SlowPool(used_s=0.9)
    [problem] = await problems_of(slow, ScriptCheck, scripts, "")
    assert (problem.path, slow.checks) == ((2,), 3)
    assert "more than 2 s" in problem.message
    assert await problems_of(SlowPool(used_s=0.009), ScriptCheck, scripts, "") == []


def test_what_a_check_takes_is_told() -> None:
    sandbox = Sandbox()
    replies = [sandbox.handle(frames.CHECK, 1, f"let a = [{'(a),' * times}]".encode()) for times in (1, 40_000)]
    quick_s, slow_s = [frames.used_s(reply[1]) for reply in replies if reply is not None and reply[0] == frames.PASSED]
    assert 0 < quick_s < slow_s
