"""Ids that a body or a query names: another's is as one that is not there, and a taken one is refused without a word
of whose it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from tests.isolation.asking import ask_of, keyed_routes, parameters_of
from tests.isolation.conftest import Town, inhabited
from tests.isolation.house import UNKNOWN_ID, House
from tests.isolation.rules import PERSONAL
from tests.shared_engines import SharedEngines

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def town() -> AsyncIterator[Town]:
    """One of its own: the ids that are named here stand in the history of who named them."""
    async with inhabited(SharedEngines()) as town:
        yield town


def _with(value: Any, house: House, id: str) -> Any:
    text = orjson.dumps(value).replace(b"$id", id.encode()).replace(b"$service", house.plain.id.encode())
    return orjson.loads(text)


def _of_plain(method: str, path: str, body: Any = None, **query: str) -> Callable[[House, str], dict[str, Any]]:
    def request(house: House, id: str) -> dict[str, Any]:
        options: dict[str, Any] = {} if body is None else {"json": _with(body, house, id)}
        names = {"user": house.mallory, "spending": SPENDING, **house.plain.ids}
        return {"method": method, "path": path.format(**names), "query": _with(query, house, id), **options}

    return request


_OF_THE_REQUEST = {"requestId", "executionId"}
S = "/v1/service/{serviceId}"
SPENDING = "spending"
SPENT = {"@type": "reference", "operation": "token", "path": ["token"]}
EXECUTE = {"@type": "action", "service": "$service", "action": SPENDING}
NAMED = {
    "executing with a token": ("tokenId", _of_plain("POST", "/v1/execute", {**EXECUTE, "userCredentialId": "$id"})),
    "executing with tokens of services": (
        "tokenId",
        _of_plain("POST", "/v1/execute", {**EXECUTE, "credentials": {"$service": "$id"}}),
    ),
    "executing an action with a token": (
        "tokenId",
        _of_plain("POST", f"{S}/action/{{spending}}/execute", {}, userCredentialId="$id"),
    ),
    "executing nodes with a token": (
        "tokenId",
        _of_plain("POST", "/v1/execute", [{**EXECUTE, "userCredentialId": "$id"}]),
    ),
    "executing nodes with tokens of services": (
        "tokenId",
        _of_plain(
            "POST",
            "/v1/execute",
            {"@type": "if", "condition": True, "then": EXECUTE, "credentials": {"$service": "$id"}},
        ),
    ),
    "testing a row": (
        "rowId",
        _of_plain("POST", "/v1/test/logic", {"table": "ActionVersion", "id": "$id", "source": ["execute"]}),
    ),
    "subscribing with a token": (
        "tokenId",
        _of_plain("POST", f"{S}/trigger/{{triggerId}}/subscription", {}, userCredentialId="$id"),
    ),
    "a token of a security": (
        "securityId",
        _of_plain("POST", "/v1/user/{user}/token", {"serviceSecurityId": "$id", "key": {"token": "t"}}),
    ),
    "a token of a service": (
        "serviceId",
        _of_plain("POST", "/v1/user/{user}/token", {"serviceId": "$id", "key": {"token": "t"}}),
    ),
    "the setting of a subscription": ("subscriptionId", _of_plain("GET", f"{S}/webhookSetting", subscriptionId="$id")),
    "the setting of an event": ("eventId", _of_plain("GET", f"{S}/webhookSetting", event="$id")),
}


WRITTEN = {
    "sharing with a group": ("groupId", _of_plain("PUT", S, {"sharing": "group", "groupIds": ["$id"]})),
    "the version used by default": ("versionId", _of_plain("PUT", S, {"defaultVersionId": "$id"})),
    "the security used by default": (
        "securityId",
        _of_plain("PUT", f"{S}/version/{{versionId}}", {"defaultServiceSecurityId": "$id"}),
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="package", autouse=True)
async def spending(town: Town) -> None:
    """An action that spends the user's token, in both platforms' plain service."""
    for house in (town.acme, town.rival):
        action = {"name": SPENDING, "logic": {"execute": SPENT}}
        await house.ok("POST", f"/v1/service/{house.plain.id}/action", action, user=house.ann)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("whose", ["another platform's", "another user's"])
async def test_what_is_another_ones_is_as_what_is_not_there(town: Town, name: str, whose: str) -> None:
    asker = town.rival if whose == "another platform's" else town.acme
    parameter, request = NAMED[name]
    of = town.acme.plain if parameter in PERSONAL else town.acme.team
    theirs, nothing = [
        await _told(asker, asker.mallory, request(asker, id), id) for id in (of.ids[parameter], UNKNOWN_ID)
    ]
    assert theirs == nothing
    assert theirs[0] in (404, 409)
    assert town.acme.marks.hidden.encode() not in theirs[1]


@pytest.mark.parametrize("name", WRITTEN)
async def test_what_a_service_is_to_refer_to_is_its_own_platforms(town: Town, name: str) -> None:
    acme, rival = town.acme, town.rival
    parameter, request = WRITTEN[name]
    for of in (acme.plain, acme.shop):
        theirs, nothing = [
            await _told(rival, rival.ann, request(rival, id), id) for id in (of.ids[parameter], UNKNOWN_ID)
        ]
        assert theirs == nothing
        assert theirs[0] == 400


async def _told(asker: House, user: str, request: dict[str, Any], id: str) -> tuple[int, bytes]:
    """Status and body, without what is the request's own."""
    answer = await asker.ask(user=user, **request)
    body = {name: value for name, value in orjson.loads(answer.body).items() if name not in _OF_THE_REQUEST}
    return answer.status, orjson.dumps(body).replace(id.encode(), b"$id")


async def test_a_service_that_has_anothers_id_for_its_name_opens_nothing(town: Town) -> None:
    acme, rival = town.acme, town.rival
    await rival.ok("POST", "/v1/service", {"name": acme.team.id}, user=rival.ann)
    path = f"/v1/user/{rival.mallory}/token"
    for security_id in (acme.team.ids["securityId"], UNKNOWN_ID):
        body = {"serviceSecurityId": security_id, "basic": {"username": "u", "password": "p"}}
        answer = await rival.ask("POST", path, json=body)
        assert (answer.status, b"security_not_found" in answer.body) == (404, True)


async def test_an_id_that_another_platform_has_is_taken_and_stays_as_it_is(town: Town) -> None:
    acme, rival = town.acme, town.rival
    named = {**rival.plain.ids, "contributor": rival.ann}
    taken = 0
    for route in keyed_routes():
        if route.method != "POST" or route.body is None or "id" not in route.body.model_fields:
            continue
        noun = next((each for each in acme.plain.ids if each.lower().startswith(route.path.rsplit("/", 1)[1])), "")
        if noun in ("", "userId", *parameters_of(route)):  # what a platform calls its users is its own affair
            continue
        asked = ask_of(route, named)
        asked = replace(asked, body={**asked.body, "id": acme.plain.ids[noun]})
        answer = await asked.by(rival, user=rival.ann)
        assert answer.status == 409, f"{asked}: {answer.status} {answer.body.decode()}"
        assert acme.marks.private.encode() not in answer.body
        taken += 1
    assert taken >= 9
    assert (await acme.ok("GET", f"/v1/service/{acme.plain.id}"))["name"] == acme.plain.name
