"""A client may send back what it read: whole rows are taken by updates and by creates, in either case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic.alias_generators import to_camel, to_snake

from tests.reference.served import World, served

S = "/v1/service/{serviceId}"
ROWS = (
    "/v1/user/{userId}",
    "/v1/group/{groupId}",
    "/v1/group/{groupId}/user/{userId}",
    S,
    f"{S}/version/{{versionId}}",
    f"{S}/security/{{securityId}}",
    f"{S}/variable/{{variableId}}",
    f"{S}/action/{{actionId}}",
    f"{S}/event/{{eventId}}",
    f"{S}/trigger/{{triggerId}}",
    f"{S}/condition/{{condition_id}}",
    f"{S}/datatype/{{datatypeId}}",
    f"{S}/token/{{tokenId}}",
    "/v1/subscription/{subscriptionId}",
)
MERGED_BY_ID = [row for row in ROWS if row.startswith(S) and "token" not in row] + ["/v1/group/{groupId}"]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served() as url, World(url) as made:
        yield made


def ask(world: World, method: str, path: str, body: Any = None) -> Any:
    path = re.sub(r"\{(\w+)\}", lambda found: world.ids[found[1]], path)
    query = {"userId": world.user}
    if method == "PUT" and path.split("/")[-2] in ("variable", "action", "datatype"):
        query["version"] = "1.0.0"
    answer = world.session.request(method, f"{world.url}{path}", params=query, json=body)
    assert answer.status_code == 200, f"{method} {path}: {answer.text}"
    return answer.json()


def lasting(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not to_snake(name).startswith("updated_")}


@pytest.mark.parametrize("case", [str, to_camel, to_snake], ids=["as it came", "camelCase", "snake_case"])
@pytest.mark.parametrize("path", ROWS)
def test_an_update_takes_the_row_and_changes_nothing(world: World, path: str, case: Any) -> None:
    row = ask(world, "GET", path)
    ask(world, "PUT", path, {case(name): value for name, value in row.items()})
    assert lasting(ask(world, "GET", path)) == lasting(row)


@pytest.mark.parametrize("path", MERGED_BY_ID)
def test_a_create_merges_the_row_into_itself(world: World, path: str) -> None:
    row = ask(world, "GET", path)
    made = ask(world, "POST", path.rpartition("/")[0], row)
    assert made["id"] == row["id"]
    assert lasting(ask(world, "GET", path)) == lasting(row)
