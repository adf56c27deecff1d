"""Which credential a request of the executor or webhooks gets."""

import pytest

from libs.common.errors import Conflict
from tests.credentials.world import World


async def test_a_named_token_is_answered_ready_to_apply(world: World) -> None:
    token = await world.connect(name="n", virtualId="v", serviceUrl="https://a.example", key={"token": "k-1"})
    grant = await world.credential(id=token["id"])
    assert grant is not None
    assert grant.model_dump() == {
        "id": token["id"],
        "name": "n",
        "service_url": "https://a.example",
        "virtual_id": "v",
        "token": "k-1",
        "headers": {"X-Api-Key": "k-1"},
        "query": {},
        "hosts": None,
    }
    assert "k-1" not in repr(grant)


async def test_without_a_name_the_most_recently_connected_one_is_taken(world: World) -> None:
    first = await world.connect()
    world.clock.advance(minutes=1)
    second = await world.connect()
    assert _id(await world.credential()) == second["id"]
    world.clock.advance(minutes=1)
    await world.api("PUT", f"/service/mailer/token/{first['id']}?userId=ann", {"name": "renamed"})
    assert _id(await world.credential()) == second["id"]
    await world.api("PUT", f"/service/mailer/token/{first['id']}?userId=ann", {"token": "reconnected"})
    assert _id(await world.credential()) == first["id"]


async def test_a_token_is_for_its_own_user_service_and_platform_alone(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_security("shared", "bearer")
    token = await world.connect(serviceId="shared")
    assert _id(await world.credential(service="shared", id=token["id"])) == token["id"]
    assert await world.credential("bob", service="shared", id=token["id"]) is None
    assert await world.credential(service="mailer", id=token["id"]) is None
    assert await world.credential(platform_id="rival", service="shared", id=token["id"]) is None
    assert await world.credential(platform_id="rival", service="shared") is None
    assert await world.credential("bob", service="shared") is None


async def test_an_expired_token_is_passed_over_and_refused_when_it_is_all_there_is(world: World) -> None:
    world.catalog.add_security("mailer", "oauth2")
    lasting = await world.connect(serviceSecurityId="mailer-oauth2", oauth={"token": "a"})
    world.clock.advance(minutes=1)
    oauth = {"token": "b", "expiresAt": "2026-01-01T01:00:00"}
    expiring = await world.connect(serviceSecurityId="mailer-oauth2", oauth=oauth)
    assert _id(await world.credential()) == expiring["id"]
    world.clock.advance(hours=1)
    assert _id(await world.credential()) == lasting["id"]
    await world.api("DELETE", f"/service/mailer/token/{lasting['id']}?userId=ann")
    with pytest.raises(Conflict, match="expired; connect the user again") as refused:
        await world.credential()
    assert refused.value.code == "credential_invalid"


async def test_a_change_of_the_security_counts_at_once(world: World) -> None:
    await world.connect()
    world.catalog.add_security("mailer", "apiKey", **{"in": "query", "name": "key"})
    grant = await world.credential()
    assert grant is not None
    assert (grant.headers, grant.query) == ({}, {"key": "s3cret"})


async def test_a_token_whose_security_is_gone_is_refused(world: World) -> None:
    await world.connect()
    world.catalog.securities.clear()
    with pytest.raises(Conflict, match="its security is gone"):
        await world.credential()


async def test_a_security_that_does_not_say_where_the_key_goes_is_refused_by_name(world: World) -> None:
    world.catalog.add_security("mailer", "apiKey")
    await world.connect()
    with pytest.raises(Conflict, match=r"security 'apiKey of mailer': config\.in and config\.name say where"):
        await world.credential()


def _id(grant: object) -> object:
    return getattr(grant, "id", None)
