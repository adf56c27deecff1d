"""Core's functions keep what they declare, whatever they are given."""

from collections import Counter
from copy import deepcopy
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.logic.cases import groups, read
from libs.logic.core import LIBRARY
from libs.logic.core.registry import MOST_BYTES, Function, Parameter
from libs.logic.errors import LogicError
from libs.logic.values import equal, exceeds

CASES = [case for group in groups() if group.startswith("core/") for case in read(group)]
OUTPUTS = {name: jsonschema_rs.validator_for(function.output) for name, function in LIBRARY.items()}
CALLED = [(case, case.node.get("action") or case.node.get("condition")) for case in CASES]

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["a", "a.b", "1", "-1.5e3", "true", "[a-z]+", "(a)|b", "$1", "${x}", "{{a}}", "<b>&amp;</b>", "&#" + "9" * 5000]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "a.b", "key"]), inner),
    max_leaves=8,
)
KINDS: dict[Any, st.SearchStrategy[Any]] = {
    "string": SCALARS.filter(lambda value: type(value) is str),
    "number": st.sampled_from([0, 1, -1, 2, 0.5, 1e308, -1e308, 2**63, 5e-324])
    | st.floats(allow_nan=False, allow_infinity=False),
    "integer": st.integers(-3, 40) | st.sampled_from([2**64 - 1, -(2**63), 10**15]),
    "boolean": st.booleans(),
    "array": st.lists(VALUES, max_size=5),
    "object": st.dictionaries(st.sampled_from(["a", "b", "a.b", "key", ""]), VALUES, max_size=5),
}


def test_every_function_is_described() -> None:
    for function in LIBRARY.values():
        assert function.label, function.name
        assert function.description.endswith("."), function.name
        assert all(parameter.description.endswith(".") for parameter in function.parameters), function.name
        jsonschema_rs.meta.validate(function.output)


def test_every_function_has_cases() -> None:
    counted = Counter(name for _, name in CALLED)
    assert {name: counted[name] for name in LIBRARY if counted[name] < 4} == {}


def test_what_cases_tell_is_what_outputs_declare() -> None:
    told = [(name, case) for case, name in CALLED if "result" in case.expected]
    assert [case.name for name, case in told if not OUTPUTS[name].is_valid(case.expected["result"])] == []


def value_for(parameter: Parameter) -> st.SearchStrategy[Any]:
    schema = parameter.type.schema
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("type") == "array" and "items" in schema:
        kind = schema["items"].get("type")
        return st.lists(KINDS[kind] if isinstance(kind, str) else st.sampled_from(["a", "b", 0, 1]), max_size=4)
    return KINDS.get(schema.get("type"), VALUES)


def source_of(function: Function) -> st.SearchStrategy[dict[str, Any]]:
    fitting = {parameter.name: value_for(parameter) for parameter in function.parameters}
    required = {parameter.name: fitting[parameter.name] for parameter in function.parameters if parameter.required}
    optional = {name: strategy for name, strategy in fitting.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional) | st.dictionaries(
        st.sampled_from([*fitting, "other"]), VALUES, max_size=3
    )


CALLS = st.sampled_from(list(LIBRARY.values())).flatmap(
    lambda function: source_of(function).map(lambda source: (function, source))
)


@given(CALLS)
@settings(max_examples=250, deadline=None)
def test_it_answers_what_it_declares_or_refuses_and_changes_nothing(call: tuple[Function, dict[str, Any]]) -> None:
    function, source = call
    before = deepcopy(source)
    function.is_large(source)
    refused, value = outcome(function, source)
    if refused is None:
        assert OUTPUTS[function.name].is_valid(value)
        assert not exceeds(value, MOST_BYTES)
    else:
        assert refused.code in ("invalid_input", "budget_exceeded")
        assert refused.message.endswith(".")
    assert equal(source, before)


def outcome(function: Function, source: dict[str, Any]) -> tuple[LogicError | None, Any]:
    try:
        return None, function.call(source)
    except LogicError as error:
        return error, None
