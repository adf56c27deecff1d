import pytest

from libs.common.engines import Engines
from libs.logic.errors import LogicError
from tests.runtime.conftest import Execute
from tests.runtime.world import World, say, service_changed, token_changed, value_changed

TOKEN = {"@type": "reference", "operation": "token", "path": ["token"]}
REGION = {"@type": "reference", "operation": "platformServiceVariable", "variable": "region"}


async def code_of(execute: Execute, *args: object, **options: object) -> tuple[str, str]:
    with pytest.raises(LogicError) as failed:
        await execute(*args, **options)
    return failed.value.code, failed.value.message


async def test_the_latest_credential_is_used_unless_one_is_named(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "who", TOKEN)
    older = world.add_credential("ann", service, "older-token")
    world.add_credential("ann", service, "newer-token")
    assert await execute("crm", "who") == "newer-token"
    assert await execute("crm", "who", credential_id=older) == "older-token"
    assert await execute("crm", "who", credentials={"crm": older}) == "older-token"


async def test_no_credential_is_said_with_the_service(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "who", TOKEN)
    code, message = await code_of(execute, "crm", "who")
    assert code == "credential_required"
    assert "'crm'" in message


async def test_anothers_credential_is_never_used(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    elsewhere = world.add_service("mail")
    world.add_action(service, "who", TOKEN)
    of_bob = world.add_credential("bob", service, "token-of-bob")
    of_mail = world.add_credential("ann", elsewhere, "token-of-mail")
    for id in (of_bob, of_mail, "no such id"):
        assert (await code_of(execute, "crm", "who", credential_id=id))[0] == "credential_invalid"


async def test_a_credential_that_can_not_be_used_is_told_in_its_owners_words(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "who", TOKEN)
    id = world.add_credential("ann", service, "some-token")
    world.refused_credentials[id] = "It has expired; connect the user again."
    assert await code_of(execute, "crm", "who") == ("credential_invalid", "It has expired; connect the user again.")


async def test_a_missing_credential_does_not_matter_to_logic_that_needs_none(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "ping", "pong")
    assert await execute("crm", "ping", credential_id="no such id") == "pong"
    assert world.asked["find-credential"] == 0
    assert world.asked["find-variables"] == 0


async def test_without_a_user_there_is_no_credential(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "who", TOKEN)
    assert (await code_of(execute, "crm", "who", user=None))[0] == "credential_required"


async def test_a_revoked_token_is_never_used_again(execute: Execute, world: World, engines: Engines) -> None:
    service = world.add_service("crm")
    world.add_action(service, "who", TOKEN)
    world.add_credential("ann", service, "some-token")
    assert await execute("crm", "who") == "some-token"
    world.credentials.clear()
    await say(engines.bus, token_changed("ann", service))
    assert (await code_of(execute, "crm", "who"))[0] == "credential_required"


async def test_a_variable_is_the_acting_platforms_own_value(execute: Execute, world: World) -> None:
    service = world.add_service("crm", public=True)
    world.add_action(service, "where", REGION)
    world.set_variables(service, region="eu")
    world.set_variables(service, platform="globex", region="us")
    assert await execute("crm", "where") == "eu"
    assert await execute("crm", "where", user="eve", platform="globex") == "us"


async def test_a_changed_value_is_felt_at_once(execute: Execute, world: World, engines: Engines) -> None:
    service = world.add_service("crm")
    world.add_action(service, "where", REGION)
    world.set_variables(service, region="eu")
    assert await execute("crm", "where") == "eu"
    world.set_variables(service, region="us")
    await say(engines.bus, value_changed(service))
    assert await execute("crm", "where") == "us"
    world.set_variables(service, "region")
    await say(engines.bus, service_changed(service, "crm"))
    assert (await code_of(execute, "crm", "where"))[0] == "variable_missing"


async def test_a_missing_required_variable_is_named(execute: Execute, world: World) -> None:
    service = world.add_service("crm")
    world.add_action(service, "where", REGION)
    world.add_action(service, "all", {"@type": "script", "script": "return service.vars"})
    world.set_variables(service, "region", "secret", other="x")
    assert "'region'" in (await code_of(execute, "crm", "where"))[1]
    message = (await code_of(execute, "crm", "all"))[1]
    assert "'region'" in message
    assert "'secret'" in message
