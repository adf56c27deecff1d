"""Storing, reading, changing and deleting users' tokens."""

from typing import Any

import pytest

from libs.common.contracts.identity import FIND_USER, UserGrant, UserQuestion
from tests.credentials.world import World

_ROW_MEMBERS = {
    "id",
    "name",
    "userId",
    "serviceId",
    "serviceSecurityId",
    "virtualId",
    "serviceUrl",
    "state",
    "insertedAt",
    "updatedAt",
}


async def test_a_created_token_answers_all_its_members_and_echoes_the_key_once(world: World) -> None:
    row = await world.connect(
        name="Ann's", key={"token": "k-1"}, virtualId="v-1", serviceUrl="https://ann.mailer.example"
    )
    assert set(row) == _ROW_MEMBERS | {"key", "basic", "oauth"}
    assert row | {"id": ""} == {
        "id": "",
        "name": "Ann's",
        "key": {"token": "k-1"},
        "basic": None,
        "oauth": None,
        "userId": "ann",
        "serviceId": "id-mailer",
        "serviceSecurityId": "mailer-apiKey",
        "virtualId": "v-1",
        "serviceUrl": "https://ann.mailer.example",
        "state": "active",
        "insertedAt": "2026-01-01T00:00:00",
        "updatedAt": "2026-01-01T00:00:00",
    }


async def test_reading_a_token_shows_no_secret(world: World) -> None:
    created = await world.connect(key={"token": "k-1"})
    listed = await world.api("GET", "/service/mailer/token?userId=ann")
    single = await world.api("GET", f"/service/mailer/token/{created['id']}?userId=ann")
    assert listed.json == [single.json]
    assert set(single.json) == _ROW_MEMBERS
    assert "k-1" not in listed.raw + single.raw


async def test_an_oauth_token_is_echoed_as_the_reference_shows_it(world: World) -> None:
    world.catalog.add_security("mailer", "oauth2")
    oauth = {
        "token": "at",
        "code": "c",
        "refreshToken": "rt",
        "tokenType": "bearer",
        "refreshTokenExpiration": "2026-07-22T03:16:22",
        "expiresAt": "2026-02-01T02:00:00+02:00",
    }
    row = await world.connect(serviceSecurityId="mailer-oauth2", oauth=oauth)
    assert row["oauth"] == {
        **oauth,
        "expiresAt": "2026-02-01T00:00:00",
        "insertedAt": "2026-01-01T00:00:00",
        "updatedAt": "2026-01-01T00:00:00",
        "userCredentialId": row["id"],
        "refreshAttempts": 0,
    }


async def test_a_security_named_alone_says_whose_service_it_is(world: World) -> None:
    answer = await world.api("POST", "/user/ann/token", {"serviceSecurityId": "mailer-apiKey", "key": {"token": "k"}})
    assert answer.json["serviceId"] == "id-mailer"


async def test_either_case_is_accepted_and_null_kinds_are_as_good_as_absent(world: World) -> None:
    body = {"service_security_id": "mailer-apiKey", "key": {"token": "k"}, "basic": None, "oauth": None}
    assert (await world.api("POST", "/user/ann/token", body)).status == 200


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ({"key": {"token": "k"}}, "serviceSecurityId", "required, or serviceId"),
        ({"serviceId": "mailer"}, "", "exactly one of key{token}, basic{username, password} and oauth{token}"),
        ({"serviceId": "mailer", "key": {"token": "k"}, "oauth": {"token": "t"}}, "", "exactly one"),
        ({"serviceId": "mailer", "key": {"token": "k", "extra": 1}}, "key.extra", "unknown member"),
        ({"serviceId": "mailer", "key": {}}, "key.token", "required"),
        ({"serviceId": "mailer", "key": {"token": "a\r\nX: y"}}, "key.token", "control characters"),
        ({"serviceId": "mailer", "key": {"token": 5}}, "key.token", "string"),
        ({"serviceId": "mailer", "basic": {"username": "a:b", "password": "p"}}, "basic.username", "colon"),
        ({"serviceId": "mailer", "oauth": {"code": "c"}}, "oauth.code", "not available for this security yet"),
        ({"serviceId": "mailer", "oauth": {}}, "oauth.token", "required"),
        (
            {"serviceId": "mailer", "oauth": {"token": "t", "expiresAt": "soon"}},
            "oauth.expiresAt",
            "2024-07-22T03:16:22",
        ),
        ({"serviceId": "mailer", "basic": {"username": "u", "password": "p"}}, "basic", "send key{token} instead"),
        ({"serviceId": "mailer", "oauth": {"token": "t"}}, "oauth", "'apiKey of mailer' is of type apiKey"),
        ({"serviceId": "mailer", "key": {"token": "k"}, "colour": "red"}, "colour", "unknown member"),
    ],
)
async def test_a_malformed_token_is_refused_with_its_place_and_remedy(
    world: World, body: dict[str, Any], path: str, words: str
) -> None:
    answer = await world.api("POST", "/user/ann/token", body)
    assert answer.status == 400
    assert answer.json["details"][0]["path"] == path
    assert words in answer.json["details"][0]["message"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/user/nobody/token", {"serviceId": "mailer"}, "user_not_found"),
        ("/user/ann/token", {"serviceId": "nothing"}, "service_not_found"),
        ("/user/ann/token", {"serviceId": "mailer", "serviceSecurityId": "none"}, "security_not_found"),
        ("/user/ann/token", {"serviceSecurityId": "none"}, "security_not_found"),
    ],
)
async def test_a_token_needs_a_user_a_service_and_a_security_that_exist(
    world: World, path: str, body: dict[str, Any], code: str
) -> None:
    answer = await world.api("POST", path, {**body, "key": {"token": "k"}})
    assert (answer.status, answer.json["code"]) == (404, code)


async def test_a_service_without_a_default_security_asks_for_one_by_name(world: World) -> None:
    world.catalog.add_service("bare")
    answer = await world.api("POST", "/user/ann/token", {"serviceId": "bare", "key": {"token": "k"}})
    assert answer.status == 409
    assert "serviceSecurityId" in answer.json["error"]


async def test_the_acting_user_must_be_the_one_in_the_path(world: World) -> None:
    body = {"serviceId": "mailer", "key": {"token": "k"}}
    assert (await world.api("POST", "/user/ann/token?userId=bob", body)).status == 400
    assert (await world.api("POST", "/user/ann/token?userId=ann", body)).status == 200


async def test_a_user_deleted_meanwhile_leaves_no_token_behind(world: World) -> None:
    found = world.identity.user
    asked: list[UserQuestion] = []

    async def gone_when_asked_again(question: UserQuestion) -> UserGrant | None:
        asked.append(question)
        return await found(question) if len(asked) == 1 else None

    world.answer(FIND_USER, gone_when_asked_again)
    answer = await world.api("POST", "/user/ann/token", {"serviceId": "mailer", "key": {"token": "k"}})
    assert (answer.status, answer.json["code"]) == (404, "user_not_found")
    assert [event["deleted"] for event in world.said("credentials.token.changed")] == [False, True]
    assert await world.credential() is None


async def test_an_id_that_the_client_chose_merges_into_its_own_token(world: World) -> None:
    first = await world.connect(id="mine", name="first", virtualId="v")
    again = await world.connect(id="mine", name="second", key={"token": "newer"})
    assert (again["id"], again["name"], again["virtualId"]) == (first["id"], "second", "v")
    grant = await world.credential(id="mine")
    assert grant is not None
    assert grant.token == "newer"


async def test_an_id_of_another_user_or_platform_is_taken(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_security("shared", "apiKey")
    await world.connect(id="mine", serviceId="shared")
    body = {"id": "mine", "serviceId": "shared", "key": {"token": "k"}}
    for user_id, key in (("bob", "acme-key"), ("ann", "rival-key")):
        answer = await world.api("POST", f"/user/{user_id}/token", body, key=key)
        assert (answer.status, answer.json["code"]) == (409, "id_taken")


async def test_the_same_idempotency_key_makes_one_token(world: World) -> None:
    body = {"serviceId": "mailer", "key": {"token": "k"}}
    first = await world.api("POST", "/user/ann/token", body, headers={"Idempotency-Key": "once"})
    again = await world.api("POST", "/user/ann/token", body, headers={"Idempotency-Key": "once"})
    assert first.json == again.json
    assert len((await world.api("GET", "/service/mailer/token?userId=ann")).json) == 1


async def test_tokens_are_listed_by_name_in_pages(world: World) -> None:
    for name in ("b", "c", None, "a"):
        await world.connect(**({"name": name} if name else {}))
    first = await world.api("GET", "/service/mailer/token?userId=ann&limit=3")
    assert [row["name"] for row in first.json] == ["a", "b", "c"]
    following = first.headers["Link"].partition("<")[2].partition(">")[0].removeprefix("/v1")
    assert [row["name"] for row in (await world.api("GET", following)).json] == [None]


async def test_the_user_must_be_named(world: World) -> None:
    token = await world.connect()
    one = f"/service/mailer/token/{token['id']}"
    for method, path, body in (("GET", "/service/mailer/token", None), ("GET", one, None), ("DELETE", one, None)):
        answer = await world.api(method, path, body)
        assert answer.status == 400
        assert answer.json["details"][0]["path"] == "userId"
    assert (await world.api("PUT", one, {"name": "x"})).status == 400


async def test_a_token_is_seen_by_its_user_alone(world: World) -> None:
    token = await world.connect()
    path = f"/service/mailer/token/{token['id']}"
    world.catalog.add_service("elsewhere")
    assert (await world.api("GET", f"{path}?userId=ann")).status == 200
    for hidden in (f"{path}?userId=bob", f"/service/elsewhere/token/{token['id']}?userId=ann"):
        for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
            assert (await world.api(method, hidden, body)).status == 404
    assert (await world.api("GET", "/service/mailer/token?userId=bob")).json == []


async def test_no_platform_sees_another_ones_tokens_of_a_public_service(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_security("shared", "apiKey")
    token = await world.connect(serviceId="shared")
    path = f"/service/shared/token/{token['id']}?userId=ann"
    for method, body in (("GET", None), ("PUT", {"name": "x"}), ("DELETE", None)):
        assert (await world.api(method, path, body, key="rival-key")).status == 404
    assert (await world.api("GET", "/service/shared/token?userId=ann", key="rival-key")).json == []
    assert (await world.api("GET", "/service/mailer/token?userId=ann", key="rival-key")).status == 404


async def test_deleting_a_token_ends_it(world: World) -> None:
    token = await world.connect()
    path = f"/service/mailer/token/{token['id']}?userId=ann"
    deleted = await world.api("DELETE", path)
    assert (deleted.status, deleted.json) == (200, {})
    assert (await world.api("DELETE", path)).status == 404
    assert await world.credential() is None
    assert world.said("credentials.token.changed")[-1] == {
        "platformId": "acme",
        "tokenId": token["id"],
        "serviceId": "id-mailer",
        "userRowId": "row-acme-ann",
        "revision": 2,
        "deleted": True,
    }
