"""Changing a token: names, single secrets, whole credentials."""

from typing import Any

import pytest

from services.credentials.repository import TokenRepository
from tests.credentials.world import World


async def test_given_members_change_and_the_others_stay(world: World) -> None:
    token = await world.connect(name="old", virtualId="v")
    world.clock.advance(hours=1)
    answer = await world.api("PUT", f"/service/mailer/token/{token['id']}?userId=ann", {"name": "new"})
    kept = {name: value for name, value in token.items() if name not in ("key", "basic", "oauth")}
    assert answer.json == {**kept, "name": "new", "updatedAt": "2026-01-01T01:00:00"}
    assert [event["revision"] for event in world.said("credentials.token.changed")] == [1, 2]


async def test_a_row_as_it_was_read_can_be_sent_back(world: World) -> None:
    token = await world.connect(name="n")
    path = f"/service/mailer/token/{token['id']}?userId=ann"
    row = (await world.api("GET", path)).json
    assert (await world.api("PATCH", path, row)).json == row


async def test_null_clears_a_name(world: World) -> None:
    token = await world.connect(name="n", serviceUrl="https://a.example")
    answer = await world.api(
        "PUT", f"/service/mailer/token/{token['id']}?userId=ann", {"name": None, "serviceUrl": None}
    )
    assert (answer.json["name"], answer.json["serviceUrl"]) == (None, None)


@pytest.mark.parametrize("change", [{"type": "api_key", "token": "newer"}, {"key": {"token": "newer"}}])
async def test_a_new_key_is_what_goes_out_from_then_on(world: World, change: dict[str, Any]) -> None:
    token = await world.connect()
    answer = await world.api("PUT", f"/service/mailer/token/{token['id']}?userId=ann", change)
    assert answer.status == 200
    assert "newer" not in answer.raw
    grant = await world.credential()
    assert grant is not None
    assert grant.headers == {"X-Api-Key": "newer"}


async def test_an_empty_password_is_one_too(world: World) -> None:
    world.catalog.add_security("mailer", "basic")
    token = await world.connect(serviceSecurityId="mailer-basic", basic={"username": "u", "password": ""})
    grant = await world.credential(id=token["id"])
    assert grant is not None
    assert grant.headers == {"Authorization": "Basic dTo="}


async def test_a_new_oauth_token_keeps_the_refresh_token_and_forgets_the_old_expiry(world: World) -> None:
    world.catalog.add_security("mailer", "oauth2")
    oauth = {"token": "old", "refreshToken": "r", "expiresAt": "2026-01-01T01:00:00"}
    token = await world.connect(serviceSecurityId="mailer-oauth2", oauth=oauth)
    world.clock.advance(hours=2)
    path = f"/service/mailer/token/{token['id']}?userId=ann"
    assert (await world.api("GET", path)).json["state"] == "needs_reconnect"
    answer = await world.api("PUT", path, {"type": "oauth", "token": "new", "tokenType": "Bearer"})
    assert answer.json["state"] == "active"
    grant = await world.credential()
    assert grant is not None
    assert grant.headers == {"Authorization": "Bearer new"}
    kept = await TokenRepository(world.infra.store).get("acme", token["id"])
    assert kept is not None
    assert set(kept.sealed) == {"token", "refresh_token"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"type": "oauth"}, "type"),
        ({"code": "c"}, "code"),
        ({"refreshToken": "r"}, "refreshToken"),
        ({"tokenType": "Bearer"}, "tokenType"),
        ({"basic": {"username": "u", "password": "p"}}, "basic"),
        ({"key": {"token": "a"}, "token": "b"}, "key"),
        ({"type": "password"}, "type"),
        ({"scope": "all"}, "scope"),
    ],
)
async def test_what_does_not_fit_an_api_key_is_refused(world: World, change: dict[str, Any], path: str) -> None:
    token = await world.connect()
    answer = await world.api("PUT", f"/service/mailer/token/{token['id']}?userId=ann", change)
    assert answer.status == 400
    assert answer.json["details"][0]["path"] == path


async def test_a_user_name_and_password_change_together(world: World) -> None:
    world.catalog.add_security("mailer", "basic")
    token = await world.connect(serviceSecurityId="mailer-basic", basic={"username": "u", "password": "p"})
    path = f"/service/mailer/token/{token['id']}?userId=ann"
    assert (await world.api("PUT", path, {"token": "x"})).json["details"][0]["path"] == "token"
    assert (await world.api("PUT", path, {"basic": {"username": "u", "password": "q"}})).status == 200
