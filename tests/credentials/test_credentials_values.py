"""A platform's values of a service's variables."""

from typing import Any

import pytest

from libs.common.contracts.catalog import FIND_SERVICE, ServiceGrant, ServiceQuestion
from libs.common.contracts.credentials import KEEP_VALUE, ValueToKeep
from tests.credentials.world import World


async def put(world: World, value: object, variable: str = "client_id", *, service: str = "mailer", **more: Any) -> Any:
    return await world.api("PUT", f"/service/{service}/variable/{variable}/value", {"value": value}, **more)


async def keep(world: World, value: object, *, platform_id: str = "acme", variable: str = "client_id") -> str:
    given = ValueToKeep(
        platform_id=platform_id, service_id="id-mailer", variable_id=f"identity-{variable}", value=value
    )
    kept = await world.infra.peers.ask(KEEP_VALUE, given)
    assert kept is not None
    return kept.handle


async def test_a_value_is_set_and_known_by_the_variables_name(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"type": "string"})
    answer = await put(world, "abc")
    assert (answer.status, answer.json) == (200, {})
    assert (await world.variables()).values == {"client_id": "abc"}
    assert "abc" not in repr(await world.variables())
    assert world.said("credentials.variable.changed") == [
        {"platformId": "acme", "serviceId": "id-mailer", "variableId": "identity-client_id", "revision": 1}
    ]


async def test_a_later_value_replaces_the_earlier_one(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"type": "string"})
    for value in ("first", "second"):
        await put(world, value)
    assert (await world.variables()).values == {"client_id": "second"}
    assert [event["revision"] for event in world.said("credentials.variable.changed")] == [1, 2]


@pytest.mark.parametrize("value", [None, False, 0, "", [], {"a": [1, 2.5, "é"]}])
async def test_any_json_can_be_a_value(world: World, value: object) -> None:
    world.catalog.add_variable("mailer", "client_id", {}, required=True)
    assert (await put(world, value)).status == 200
    answer = await world.variables()
    assert (answer.values, answer.missing) == ({"client_id": value}, ())


async def test_a_variable_is_addressed_by_name_identity_or_any_row(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"type": "string"}, row="2")
    older = world.catalog.add_variable("mailer", "client_id", {"type": "string"}, row="1")
    world.catalog.variables_by_service["id-mailer"].remove(older)
    world.catalog.older_rows[older.row_id] = older
    for ref in ("client_id", "identity-client_id", "row-client_id-2", "row-client_id-1"):
        assert (await put(world, ref, ref)).status == 200
        assert (await world.variables()).values == {"client_id": ref}


async def test_a_value_must_fit_the_schema_and_is_not_shown_in_the_refusal(world: World) -> None:
    world.catalog.add_variable(
        "mailer", "client_id", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["b"]}
    )
    answer = await put(world, {"a": "s3cret"})
    assert answer.status == 400
    assert {detail["path"] for detail in answer.json["details"]} == {"value", "value.a"}
    assert "s3cret" not in answer.raw


async def test_a_wrong_type_names_the_value(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"type": "string", "x-secure-default": "h", "x-label": 5})
    answer = await put(world, 5)
    assert answer.json["details"] == [{"path": "value", "message": 'the value is not of type "string"'}]


@pytest.mark.parametrize("schema", [{"type": 3}, {"$ref": "http://127.0.0.1:1/schema"}, {"pattern": "("}])
async def test_a_schema_that_is_none_is_said_to_be_and_nothing_is_fetched(world: World, schema: dict[str, Any]) -> None:
    world.catalog.add_variable("mailer", "client_id", schema)
    answer = await put(world, "x")
    assert (answer.status, answer.json["code"]) == (409, "schema_invalid")


async def test_a_pattern_that_backtracks_without_end_is_cut_off(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"pattern": "^(a+)+$(?!b)"})
    assert (await put(world, "a" * 60 + "!")).status == 400


async def test_the_body_holds_a_value_and_nothing_else(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {})
    path = "/service/mailer/variable/client_id/value"
    assert (await world.api("PUT", path, {})).json["details"] == [{"path": "value", "message": "required"}]
    assert (await world.api("PUT", path, {"value": 1, "unit": "s"})).json["details"][0]["path"] == "unit"


async def test_an_unknown_service_or_variable_is_not_found(world: World) -> None:
    assert (await put(world, 1)).json["code"] == "variable_not_found"
    assert (await put(world, 1, service="nothing")).json["code"] == "service_not_found"


async def test_of_the_users_the_services_creator_alone_sets_its_values(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_variable("shared", "client_id", {})
    path = "/service/shared/variable/client_id/value?userId="
    assert (await world.api("PUT", f"{path}ann", {"value": 1})).status == 200
    for user_id, key in (("bob", "acme-key"), ("ann", "rival-key")):
        refused = await world.api("PUT", f"{path}{user_id}", {"value": 2}, key=key)
        assert (refused.status, refused.json["code"]) == (403, "not_permitted")
    assert (await world.variables(service="shared")).values == {"client_id": 1}
    assert (await world.variables("rival", "shared")).values == {}


async def test_each_platform_has_its_own_value_of_a_public_service(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_variable("shared", "client_id", {"type": "string"}, required=True)
    await put(world, "of acme", service="shared")
    assert (await world.variables("rival", "shared")).missing == ("client_id",)
    assert (await put(world, "of rival", service="shared", key="rival-key")).status == 200
    assert (await world.variables("acme", "shared")).values == {"client_id": "of acme"}
    assert (await world.variables("rival", "shared")).values == {"client_id": "of rival"}


async def test_a_private_service_of_another_platform_takes_no_value(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {})
    assert (await put(world, 1, key="rival-key")).status == 404


async def test_required_variables_without_a_value_are_named(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {}, required=True)
    world.catalog.add_variable("mailer", "client_secret", {}, required=True)
    world.catalog.add_variable("mailer", "region", {})
    await put(world, "abc")
    assert (await world.variables()).missing == ("client_secret",)


async def test_a_draft_is_not_in_effect_and_another_platform_can_not_find_it(world: World) -> None:
    world.catalog.add_service("shared", sharing="public")
    world.catalog.add_variable("shared", "client_id", {}, required=True, published=False)
    assert (await put(world, "abc", service="shared")).status == 200
    assert (await put(world, "abc", service="shared", key="rival-key")).status == 404
    for platform in ("acme", "rival"):
        answer = await world.variables(platform, "shared")
        assert (answer.values, answer.missing) == ({}, ())


async def test_a_handed_over_value_is_kept_under_one_handle(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {"type": "string"})
    handle = await keep(world, "first")
    assert await keep(world, "second") == handle
    assert (await world.variables()).values == {"client_id": "second"}
    await put(world, "third")
    assert await keep(world, "fourth") == handle


async def test_a_handle_held_for_another_platform_or_variable_counts_as_no_value(world: World) -> None:
    of_rival = await keep(world, "rival's", platform_id="rival")
    of_other_variable = await keep(world, "other's", variable="client_secret")
    world.catalog.add_variable("mailer", "client_id", {"x-secure-default": of_rival}, required=True)
    world.catalog.add_variable("mailer", "region", {"x-secure-default": of_other_variable}, required=True)
    answer = await world.variables()
    assert (answer.values, answer.missing) == ({}, ("client_id", "region"))


async def test_a_new_variable_is_seen_before_its_event_is_heard(world: World) -> None:
    assert (await world.variables()).missing == ()
    world.catalog.add_variable("mailer", "client_id", {}, required=True)
    assert (await world.variables()).missing == ("client_id",)


async def test_a_service_deleted_meanwhile_leaves_no_value_behind(world: World) -> None:
    world.catalog.add_variable("mailer", "client_id", {})
    asked: list[ServiceQuestion] = []

    async def gone_when_asked_again(question: ServiceQuestion) -> ServiceGrant | None:
        asked.append(question)
        return await world.catalog.service(question) if len(asked) == 1 else None

    world.answer(FIND_SERVICE, gone_when_asked_again)
    assert (await put(world, 1)).status == 404
    assert (await world.variables()).values == {}


async def test_more_values_than_one_batch_are_all_answered(world: World) -> None:
    names = [f"v{number:03}" for number in range(205)]
    for name in names:
        world.catalog.add_variable("mailer", name, {}, required=True)
        await keep(world, name, variable=name)
    answer = await world.variables()
    assert (answer.missing, list(answer.values)) == ((), names)
