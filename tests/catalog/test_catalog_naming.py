"""Names inside components are bound when these are saved: what is renamed is found, what takes a name is not."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.contracts.catalog import BoundName, Kind
from services.catalog.logic_check import MOST_CALLED
from tests.catalog.world import World

_RIVAL: dict[str, Any] = {"key": "rival-key", "user": "rita"}


def calls(service: str, name: str, kind: str = "action") -> dict[str, Any]:
    return {"execute": {"@type": kind, "service": service, kind: name}}


async def bound(world: World, name: str = "caller", service: str = "crm", **asked: Any) -> dict[tuple[str, str], Any]:
    """What the names in an action mean, as whoever runs it is told."""
    grant = await world.component(name, service_name=service, **asked)
    assert grant is not None
    return {(each.service, each.name): each for each in grant.bound}


@pytest.fixture
async def mail(world: World) -> str:
    """The id of acme's service `mail`, whose action `send` a service `crm` may call."""
    id = await world.make_service("mail")
    await world.make("action", "send", "mail", component_id="send-identity")
    await world.make_service("crm")
    return id


async def test_a_name_is_bound_to_the_identities_that_it_leads_to(world: World, mail: str) -> None:
    await world.make("condition", "sent", "mail", condition_id="sent-identity")
    await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    expected = BoundName(
        kind=Kind.ACTION,
        service="mail",
        name="send",
        service_id=mail,
        owner_platform_id="acme",
        identity="send-identity",
    )
    assert await bound(world) == {("mail", "send"): expected}
    await world.make("action", "asks", "crm", logic=calls("mail", "sent", "condition"))
    asked = expected.model_copy(update={"kind": Kind.CONDITION, "name": "sent", "identity": "sent-identity"})
    assert await bound(world, "asks") == {("mail", "sent"): asked}


async def test_what_is_answered_is_what_was_given(world: World, mail: str) -> None:
    row = await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    assert row["logic"] == calls("mail", "send")
    assert "bound" not in row
    assert mail not in (await world.api("GET", "/service/crm/action/caller")).raw


async def test_what_is_not_there_yet_stays_a_name_until_the_component_is_saved_otherwise(
    world: World, mail: str
) -> None:
    await world.make("action", "caller", "crm", logic=calls("later", "go"))
    assert await bound(world) == {}
    await world.make("action", "early", "crm", logic=calls("mail", "reply"))
    assert (await bound(world, "early"))["mail", "reply"].identity is None
    later = await world.make_service("later")
    await world.ok("PUT", "/service/crm/action/caller?version=1.0.0", {"logic": calls("later", "go")})
    assert await bound(world) == {}
    await world.ok("PUT", "/service/crm/action/caller?version=minor", {})
    assert (await bound(world))["later", "go"].service_id == later


async def test_a_row_that_is_named_stays_that_row(world: World, mail: str) -> None:
    row = await world.ok("GET", "/service/mail/action/send")
    await world.make("action", "caller", "crm", logic=calls("mail", row["id"]))
    named = (await bound(world))["mail", row["id"]]
    assert (named.service_id, named.identity) == (mail, None)


async def test_a_component_of_its_own_service_is_bound_too(world: World, mail: str) -> None:
    first = await world.make("action", "first", "crm", logic=calls("crm", "first"))
    await world.make("action", "caller", "crm", logic=calls("crm", "first"))
    assert (await bound(world, "first"))["crm", "first"].identity is None
    assert (await bound(world))["crm", "first"].identity == first["component_id"]


async def test_with_every_new_row_names_are_bound_anew(world: World, mail: str) -> None:
    await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    await world.ok("PUT", "/service/mail", {"name": "post"})
    other = await world.make_service("mail")
    await world.ok("PUT", "/service/crm/action/caller?version=2.0.0", {"label": {"en": "x"}})
    assert (await bound(world, version="1.0.0"))["mail", "send"].service_id == mail
    assert (await bound(world, version="2.0.0"))["mail", "send"].service_id == other


async def test_publishing_asks_for_what_a_name_was_bound_to(world: World, mail: str) -> None:
    await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    await world.make("action", "own", "crm", logic=calls("crm", "caller"))
    await world.make("version", "1", "crm")
    await world.ok("PUT", "/service/mail", {"name": "post"})
    await world.ok("PUT", "/service/post/action/send?version=minor", {"name": "send it"})
    await world.ok("PUT", "/service/crm", {"name": "sales"})
    await world.ok("PUT", "/service/sales/action/caller?version=minor", {"name": "renamed", "logic": {}})
    await world.make_service("mail")
    await world.ok("PUT", "/service/sales/version/1", {"published": True})


async def test_what_its_owner_makes_anew_under_the_name_takes_its_place(world: World, mail: str) -> None:
    await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    await world.ok("DELETE", "/service/mail")
    await world.make("version", "1", "crm")
    refused = await world.refused(409, "PUT", "/service/crm/version/1", {"published": True})
    assert [each["message"] for each in refused["details"]] == ["there is no service 'mail'"]
    await world.make_service("mail")
    await world.make("action", "send", "mail")
    await world.ok("PUT", "/service/crm/version/1", {"published": True})


async def test_another_platforms_service_that_is_gone_is_not_replaced_by_anybody_elses(world: World) -> None:
    await world.ok("POST", "/service", {"name": "mail"}, **_RIVAL)
    await world.ok("POST", "/service/mail/action", {"name": "send"}, **_RIVAL)
    await world.ok("POST", "/service/mail/version", {"name": "1"}, **_RIVAL)
    await world.ok("POST", "/service/mail/publish?contributor_id=rita", key="rival-key", user=None)
    await world.make_service("crm")
    await world.make("action", "caller", "crm", logic=calls("mail", "send"))
    await world.make("version", "1", "crm")
    await world.make_service("mail")
    await world.make("action", "send", "mail", published=False)
    await world.ok("PUT", "/service/crm/version/1", {"published": True})
    await world.ok("DELETE", "/service/mail", **_RIVAL)
    await world.ok("PUT", "/service/mail/action/send?version=1.0.0", {"published": True})
    await world.make("version", "2", "crm")
    refused = await world.refused(409, "PUT", "/service/crm/version/2", {"published": True})
    assert [each["message"] for each in refused["details"]] == ["there is no service 'mail'"]


async def test_more_names_than_can_be_looked_up_are_refused(world: World, mail: str) -> None:
    many = {"execute": [calls("mail", f"a{number}")["execute"] for number in range(MOST_CALLED + 1)]}
    refused = await world.refused(400, "POST", "/service/crm/action", {"name": "many", "logic": many})
    assert [each["path"] for each in refused["details"]] == ["logic"]
    same = {"execute": [calls("mail", "send")["execute"]] * (MOST_CALLED + 1)}
    await world.make("action", "same", "crm", logic=same)
