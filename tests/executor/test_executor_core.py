"""The built-in service `core` in the product: executed by itself, and from components of any platform."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from libs.logic import cases
from tests.product import Running

LOWER = "/v1/service/core/action/string.lower"
NODE = {"@type": "action", "service": "core", "action": "string.lower"}
AS_ADA = "userId=ada"


@pytest.fixture
async def ada(product: Running) -> Running:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    return product


async def test_a_function_is_executed_by_its_path_and_by_a_node(ada: Running) -> None:
    row = await ada.ok("GET", LOWER)
    for path in (LOWER, f"/v1/service/core/action/{row['id']}"):
        executed = await ada.ok("POST", f"{path}/execute?{AS_ADA}", json={"string": "ABC"})
        assert executed == {"input": {"string": "ABC"}, "output": "abc"}
    for given in ({}, {"serviceVersion": "1"}, {"actionVersion": "1.0.0"}):
        node = {**NODE, "input": {"string": "ABC"}, **given}
        assert await ada.ok("POST", f"/v1/execute?{AS_ADA}", json=node) == "abc"


async def test_the_example_of_the_language_answers_what_it_says(ada: Running) -> None:
    given = {"string": "abc", "pattern": "b", "replacement": "d"}
    executed = await ada.ok("POST", f"/v1/service/core/action/string.replace/execute?{AS_ADA}", json=given)
    assert executed["output"] == "adc"


async def test_a_condition_is_asked_by_its_path_and_by_a_node(ada: Running) -> None:
    given = {"string": "abc", "part": "b"}
    path = f"/v1/service/core/condition/string.contains/execute?{AS_ADA}"
    assert await ada.ok("POST", path, json={"input": given}) == {"input": given, "output": True}
    node = {"@type": "condition", "service": "core", "condition": "string.contains", "input": {**given, "part": "d"}}
    assert await ada.ok("POST", f"/v1/execute?{AS_ADA}", json=node) is False


async def test_its_input_is_checked_as_that_of_any_action(ada: Running) -> None:
    refused = await ada.api("POST", f"{LOWER}/execute?{AS_ADA}", json={"string": 1, "text": "ABC"})
    assert (refused.status, refused.body["code"]) == (400, "invalid_input")
    assert {each["path"] for each in refused.body["details"]} == {"string", "text"}


async def test_an_execution_of_it_is_in_the_history(ada: Running) -> None:
    executed = await ada.api("POST", f"{LOWER}/execute?{AS_ADA}", json={"string": "ABC"})
    row = await ada.ok("GET", f"/v1/execution/{executed.headers['x-execution-id']}?{AS_ADA}")
    assert (row["status"], row["output"]) == ("succeeded", "abc")


async def test_a_component_of_a_platform_uses_it(ada: Running) -> None:
    await ada.ok("POST", f"/v1/service?{AS_ADA}", json={"name": "hub"})
    source: dict[str, Any] = {"@type": "reference", "operation": "source", "path": ["name"]}
    logic = {"execute": {**NODE, "input": {"string": source}}}
    await ada.ok("POST", f"/v1/service/hub/action?{AS_ADA}", json={"name": "shout", "logic": logic})
    run = f"/v1/service/hub/action/shout/execute?{AS_ADA}"
    assert (await ada.ok("POST", run, json={"name": "ADA"}))["output"] == "ada"


async def test_what_it_does_not_have_is_refused_when_a_component_is_saved(ada: Running) -> None:
    await ada.ok("POST", f"/v1/service?{AS_ADA}", json={"name": "hub"})
    logic = {"execute": {**NODE, "action": "string.lowr", "input": {"string": "A"}}}
    refused = await ada.api("POST", f"/v1/service/hub/action?{AS_ADA}", json={"name": "a", "logic": logic})
    assert (refused.status, refused.body["details"][0]["path"]) == (400, "logic.execute.action")
    assert "string.lower" in refused.body["error"]


async def test_it_takes_no_tokens_values_or_subscriptions(ada: Running) -> None:
    token = {"serviceId": "core", "key": {"token": "secret"}}
    refused = await ada.api("POST", "/v1/user/ada/token", json=token)
    assert (refused.status, refused.body["code"]) == (403, "built_in")
    value = await ada.api("PUT", f"/v1/service/core/variable/any/value?{AS_ADA}", json={"value": "v"})
    assert value.status == 403
    assert (await ada.api("PUT", "/v1/service/core/variable/any/value", json={"value": "v"})).status == 404
    subscription = await ada.api("POST", f"/v1/service/core/trigger/any/subscription?{AS_ADA}", json={})
    assert subscription.status == 404
    assert await ada.ok("GET", f"/v1/service/core/token?{AS_ADA}") == []


@pytest.mark.system
async def test_every_function_answers_by_its_path_what_a_case_says(ada: Running) -> None:
    asked = set()
    for node, result in await asyncio.to_thread(list, _plain_cases()):
        kind, name = node["@type"], node[node["@type"]]
        if name not in asked:
            asked.add(name)
            given = node.get("input", {})
            body = given if kind == "action" else {"input": given}
            path = f"/v1/service/core/{kind}/{name}/execute?{AS_ADA}"
            assert (await ada.ok("POST", path, json=body))["output"] == result, name
    assert asked


def _plain_cases() -> Iterator[tuple[dict[str, Any], Any]]:
    """A function with an input without nodes, and what comes of it."""
    for case in (case for group in cases.groups() if group.startswith("core/") for case in cases.read(group)):
        is_plain = "@type" not in orjson.dumps(case.node.get("input", {})).decode()
        if is_plain and case.node.get("service") == "core" and "result" in case.expected:
            yield case.node, case.expected["result"]
