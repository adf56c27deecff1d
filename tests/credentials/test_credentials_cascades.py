"""What ends with a user, a service or a variable."""

from libs.common.contracts.credentials import KEEP_VALUE, ValueToKeep
from tests.credentials.world import World

_TOKEN = "credentials.token.changed"
_VALUE = "credentials.variable.changed"


async def test_a_deleted_users_tokens_go_and_nobody_elses(world: World) -> None:
    world.catalog.add_service("other")
    world.catalog.add_security("other", "bearer")
    gone = [await world.connect("ann"), await world.connect("ann", serviceId="other")]
    kept = await world.connect("bob")
    await world.user_deleted("ann")
    await world.until_said(_TOKEN, 5)
    deleted = {event["tokenId"] for event in world.said(_TOKEN) if event["deleted"]}
    assert deleted == {row["id"] for row in gone}
    assert (await world.api("GET", f"/service/mailer/token/{gone[0]['id']}?userId=ann")).status == 404
    assert (await world.api("GET", f"/service/mailer/token/{kept['id']}?userId=bob")).status == 200


async def test_a_user_made_anew_under_the_same_id_loses_nothing(world: World) -> None:
    await world.connect("ann")
    await world.user_deleted("ann")
    world.identity.add_user("acme", "ann", row_id="row-of-the-new-ann")
    kept = await world.connect("ann")
    await world.until_said(_TOKEN, 3)
    assert (await world.api("GET", f"/service/mailer/token/{kept['id']}?userId=ann")).status == 200


async def test_a_deletion_heard_twice_is_done_once(world: World) -> None:
    await world.connect("ann")
    for _ in range(2):
        await world.user_deleted("ann")
    await world.until_said(_TOKEN, 2)
    marker = await world.connect("bob")
    await world.user_deleted("bob")
    await world.until_said(_TOKEN, 4)
    assert [event["tokenId"] for event in world.said(_TOKEN)][2:] == [marker["id"]] * 2


async def test_more_tokens_than_one_batch_all_go(world: World) -> None:
    for _ in range(205):
        await world.connect("ann")
    await world.user_deleted("ann")
    await world.until_said(_TOKEN, 410)
    assert sum(event["deleted"] for event in world.said(_TOKEN)) == 205


async def test_a_deleted_services_tokens_and_values_go_on_every_platform(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_security("shared", "bearer")
    for platform_id in ("acme", "rival"):
        await world.connect(as_platform=platform_id, serviceId="shared")
        await keep(world, "shared", "client_id", platform_id)
    kept = await world.connect()
    await keep(world, "mailer", "client_id", "acme")
    await world.catalog_changed("shared", "service", "id-shared", deleted=True)
    await world.until_said(_TOKEN, 5)
    await world.until_said(_VALUE, 5)
    assert (await world.api("GET", f"/service/mailer/token/{kept['id']}?userId=ann")).status == 200
    assert {event["serviceId"] for event in world.said(_VALUE)[3:]} == {"id-shared"}


async def test_a_deleted_variables_values_go(world: World) -> None:
    variable = world.catalog.add_variable("mailer", "client_id", {})
    other = world.catalog.add_variable("mailer", "region", {})
    for name in (variable.name, other.name):
        await keep(world, "mailer", name, "acme")
    await world.catalog_changed("mailer", "variable", variable.identity, deleted=True)
    await world.until_said(_VALUE, 3)
    assert (await world.variables()).values == {"region": "v"}


async def test_a_change_that_is_no_deletion_ends_nothing(world: World) -> None:
    token = await world.connect()
    variable = world.catalog.add_variable("mailer", "client_id", {})
    await keep(world, "mailer", variable.name, "acme")
    await world.catalog_changed("mailer", "service", "id-mailer")
    await world.catalog_changed("mailer", "action", variable.identity, deleted=True)
    assert (await world.variables()).values == {variable.name: "v"}
    await world.catalog_changed("mailer", "variable", variable.identity, deleted=True)
    await world.until_said(_VALUE, 2)
    assert (await world.api("GET", f"/service/mailer/token/{token['id']}?userId=ann")).status == 200


async def keep(world: World, service: str, variable: str, platform_id: str) -> None:
    given = ValueToKeep(
        platform_id=platform_id, service_id=f"id-{service}", variable_id=f"identity-{variable}", value="v"
    )
    await world.infra.peers.ask(KEEP_VALUE, given)
