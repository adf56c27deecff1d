"""What is refused when logic is saved, and where it says so."""

import threading
from typing import Any

import pytest

from libs.logic.compiler import MOST_PROBLEMS
from libs.logic.errors import InvalidLogic
from libs.logic.program import aside, compile_hooks, compile_node


def problems(node: object) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(InvalidLogic) as caught:
        compile_node(node)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def test_an_unknown_type_is_refused_and_the_known_ones_are_named() -> None:
    [(path, message)] = problems({"a": [{"@type": "formula", "text": "1"}]})
    assert path == ("a", 0, "@type")
    assert "'formula'" in message
    assert "'reference', 'script', 'expression'" in message


@pytest.mark.parametrize("kind", [None, 5, ["script"], {"a": 1}])
def test_a_type_that_is_not_text_is_refused(kind: Any) -> None:
    assert problems({"@type": kind})[0][0] == ("@type",)


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        [
            {"@type": "reference", "operation": "source", "path": "a"},
            {"@type": "script"},
            {"@type": "http", "method": "GET"},
            {"@type": "action", "service": "s", "action": ""},
        ]
    )
    assert {path[0] for path, _ in found} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("node", "path", "words"),
    [
        ({"@type": "reference"}, (), "'operation'"),
        ({"@type": "reference", "operation": "step"}, (), "'step'"),
        ({"@type": "reference", "category": "other"}, (), "'webhookService'"),
        ({"@type": "reference", "operation": "source", "path": [None]}, ("path",), "list"),
        ({"@type": "reference", "operation": "source", "path": [True]}, ("path",), "list"),
        ({"@type": "reference", "operation": "source", "pth": []}, ("pth",), "not a member"),
        ({"@type": "reference", "operation": "platformServiceVariable"}, (), "'variable'"),
        ({"@type": "reference", "category": "webhookSecret", "path": []}, ("path",), "not a member"),
        ({"@type": "script", "script": ""}, ("script",), "empty"),
        ({"@type": "script", "script": "1", "language": "python"}, ("language",), "javascript"),
        ({"@type": "http", "method": "GET", "url": "u", "auth": "basic"}, ("auth",), "'none'"),
        ({"@type": "http", "method": "GET", "url": "u", "json": 1, "text": "a"}, (), "one body"),
        ({"@type": "http", "method": "GET", "url": "u", "timeout": 0}, ("timeout",), "seconds"),
        ({"@type": "http", "method": "GET", "url": "u", "accept": [200]}, ("accept",), "statuses"),
        ({"@type": "http", "method": "GET", "url": "u", "accept": 404}, ("accept",), "statuses"),
        ({"@type": "action", "action": "a"}, (), "'service'"),
        ({"@type": "action", "service": {"@type": "script"}, "action": "a"}, ("service",), "text"),
        ({"@type": "action", "service": "s", "action": "a", "actionVersion": 1}, ("actionVersion",), "text"),
    ],
)
def test_a_wrong_member_is_refused_with_its_path(node: object, path: tuple[str, ...], words: str) -> None:
    [(found, message)] = problems(node)
    assert found == path
    assert words in message


def test_problems_inside_members_carry_the_whole_path() -> None:
    node = {"@type": "http", "method": "GET", "url": "u", "query": {"q": {"@type": "nope"}}}
    assert problems(node)[0][0] == ("query", "q", "@type")


def test_logic_nested_without_end_is_refused() -> None:
    node: Any = 1
    for _ in range(200):
        node = [node]
    assert "levels deep" in problems(node)[0][1]


def test_hooks_are_compiled_by_name_and_their_problems_start_with_it() -> None:
    assert set(compile_hooks({"route": "x", "response": {"status": 200}})) == {"route", "response"}
    with pytest.raises(InvalidLogic) as caught:
        compile_hooks({"route": {"@type": "a"}, "response": {"@type": "b"}})
    assert [problem.path[0] for problem in caught.value.problems] == ["route", "response"]


def test_a_program_tells_what_it_needs() -> None:
    data = compile_node({"a": {"@type": "reference", "operation": "source"}})
    assert (data.is_sync, data.uses_credential, data.uses_variables) == (True, False, False)
    token = compile_node([{"@type": "reference", "operation": "token", "path": ["token"]}])
    assert (token.is_sync, token.uses_credential) == (True, True)
    variable = compile_node({"@type": "reference", "operation": "platformServiceVariable", "variable": "a"})
    assert variable.uses_variables
    script = compile_node({"x": {"@type": "script", "script": "return service.vars.a"}}, path=("execute",))
    assert (script.is_sync, script.uses_credential, script.uses_variables) == (False, True, True)
    assert [source.path for source in script.scripts] == [("execute", "x", "script")]
    assert compile_node({"@type": "http", "method": "GET", "url": "u"}).uses_credential
    assert not compile_node({"@type": "http", "method": "GET", "url": "u", "auth": "none"}).uses_credential
    action = compile_node({"@type": "action", "service": "s", "action": "a", "serviceVersion": "1.0.0"})
    assert [(name.service, name.service_version, name.name) for name in action.calls] == [("s", "1.0.0", "a")]


def test_a_program_that_waits_is_not_run_without_awaiting() -> None:
    with pytest.raises(TypeError, match="awaited"):
        compile_node({"@type": "script", "script": "return 1"}).run(None)  # type: ignore[arg-type]


def test_only_so_many_problems_are_told_as_anybody_reads() -> None:
    assert len(problems([{"@type": "nonsense"}] * 5000)) == MOST_PROBLEMS
    with pytest.raises(InvalidLogic) as caught:
        compile_hooks({name: [{"@type": "nonsense"}] * 5000 for name in ("a", "b", "c")})
    assert len(caught.value.problems) == MOST_PROBLEMS


async def test_large_logic_is_compiled_aside() -> None:
    def where() -> int:
        return threading.get_ident()

    assert await aside(where, {"a": 1}) == threading.get_ident()
    assert await aside(where, ["x" * 100] * 1000) != threading.get_ident()
