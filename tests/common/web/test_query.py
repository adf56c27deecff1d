"""What a route does not take in its query is refused, with all else that is wrong, and nothing is overlooked."""

from __future__ import annotations

import pytest

from tests.common.web.edge import Edge


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("userid=ada", ["userid"]),
        ("flag=true&flag=true", ["flag"]),
        ("userId=ada&userId=ada&Flag=true&x", ["userId", "Flag", "x"]),
        ("limit=5", ["limit"]),
        ("%00=1", ["\0"]),
    ],
)
async def test_unknown_and_repeated_parameters_are_each_named(edge: Edge, query: str, paths: list[str]) -> None:
    answer = await edge.ask("GET", f"/v1/thing/t?{query}")
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")
    assert [each["path"] for each in answer.body["details"]] == paths


async def test_the_refusal_says_what_the_route_takes(edge: Edge) -> None:
    assert "this route takes userId, flag" in (await edge.ask("GET", "/v1/thing/t?nope=1")).body["error"]
    assert "this route takes userId, limit, cursor" in (await edge.ask("GET", "/v1/thing?nope=1")).body["error"]


async def test_what_is_wrong_with_query_and_body_is_one_answer(edge: Edge) -> None:
    answer = await edge.ask("POST", "/v1/thing?nope=1", json={"parts": 5})
    assert [each["path"] for each in answer.body["details"]] == ["nope", "displayName", "parts"]
    broken = await edge.ask("POST", "/v1/thing?nope=1", data="{", headers={"Content-Type": "application/json"})
    assert (broken.body["code"], broken.body["details"][0]["path"]) == ("malformed_json", "nope")


async def test_a_list_names_its_wrong_limit_beside_all_else(edge: Edge) -> None:
    answer = await edge.ask("GET", "/v1/thing?limit=0&nope=1")
    assert [each["path"] for each in answer.body["details"]] == ["nope", "limit"]


async def test_a_missing_user_is_said_beside_all_else(edge: Edge) -> None:
    answer = await edge.ask("POST", "/v1/run?userid=ada", json={})
    assert [each["path"] for each in answer.body["details"]] == ["userid", "userId"]


async def test_an_open_route_takes_any_query(edge: Edge) -> None:
    assert (await edge.ask("GET", "/open/s?a=1&a=2", key=None)).status == 200


async def test_the_same_words_are_answered_alike_however_often_they_come(edge: Edge) -> None:
    refused = [(await edge.ask("GET", "/v1/thing/t?flag=true&nope=1")).body["details"] for _ in range(3)]
    assert refused[0] == refused[1] == refused[2]
    assert len({(await edge.ask("GET", f"/v1/thing/t?flag={flag}")).status for flag in ("true", "true", "false")}) == 1
    for number in range(450):  # more than are kept
        assert (await edge.ask("GET", f"/v1/thing?limit={number % 500 + 1}")).status == 200
    assert (await edge.ask("GET", "/v1/thing?limit=501")).status == 400
