"""Every sample of the reference is accepted as a request and matched, member by member, as an answer."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.product import running
from tests.reference.described import strict_document
from tests.reference.extract import OPERATIONS
from tests.reference.reference import BY_TITLE, NOT_SERVED
from tests.reference.replay import USER, Replay

OTHER = "0caf50b3-5e1d-4235-883b-b042d0fe2298"
TOKEN_OF_EXECUTE = BY_TITLE["Execute"]["request"]["userCredentialId"]
TOKEN_OF_SUBSCRIPTION = BY_TITLE["Create new subscription with given body parameters"]["request"]["userCredentialId"]


async def test_samples_are_replayed_in_an_order_that_makes_sense() -> None:
    await asyncio.to_thread(strict_document)
    async with running() as product:
        replay = Replay(product)
        await _users_and_groups(replay)
        await _services(replay)
        await _variables(replay)
        await _actions(replay)
        await _events_and_triggers(replay)
        await _conditions_and_datatypes(replay)
        await _tokens(replay)
        await _subscriptions(replay)
        await _ends(replay)
        assert sorted(replay.replayed) == sorted(OPERATIONS.keys() - NOT_SERVED)


async def _users_and_groups(replay: Replay) -> None:
    await replay.play("Create a new user")
    await replay.play("Update a single user")
    await replay.product.ok("POST", "/v1/user", json={"userId": OTHER})
    replay.ids["groupId"] = (await replay.play("Create a new group", query={"userId": OTHER}))["id"]
    await replay.play("Get all groups")
    await replay.play("Add a user to a group", query={"userId": OTHER})
    await replay.play("Update a single group", query={"userId": OTHER})
    await replay.play("Get a single group")
    await replay.play("Get all users in a group")
    await replay.play("Get a single user in a group")
    await replay.play("Update a single user in a group", query={"userId": OTHER})
    await replay.play("Delete a single user in a group")


async def _services(replay: Replay) -> None:
    ids = replay.ids
    ids["serviceId"] = (await replay.play("Create a new service"))["id"]
    ids["securityId"] = (await replay.play("Create a new security for a given service"))["id"]
    await replay.play("Update a security for a given service", query={"version": "1.0.0"})
    await replay.play("Get all securitys for a given service")
    await replay.play("Get a single security")
    ids["versionId"] = (
        await replay.play("Create a new version of service", defaultServiceSecurityId=ids["securityId"])
    )["id"]
    await replay.play("Get versions for a given service")
    await replay.play("Update a single version of service")
    await replay.play("Get a single version of service")
    await replay.play("Get All services")
    await replay.play("Update service details")
    await replay.play("Get service by id")


async def _variables(replay: Replay) -> None:
    replay.ids["variableId"] = (await replay.play("Create a new variable for a given service"))["id"]
    await replay.play("Update a variable for a given service", query={"version": "minor"})
    await replay.play("Get all variables for a given service")
    await replay.play("Get a single variable")


async def _actions(replay: Replay) -> None:
    replay.ids["actionId"] = (await replay.play("Create a new action for a given service"))["id"]
    await replay.play("Get all actions for a given service")
    logic = {"execute": BY_TITLE["Execute action version manualy"]["response"]["output"]}
    await replay.play("Update a single action", query={"version": "1.0.0"}, logic=logic)
    await replay.play("Get a single action")
    await replay.play("Execute action version manualy")
    await _refreshed(replay)
    await _tested(replay)


async def _refreshed(replay: Replay) -> None:
    """An action whose variables are those of the sample; what it answers there is an execute's, pasted."""
    first = replay.ids["actionId"]
    steps = BY_TITLE["Refresh variables with new inputs"]["request"]["step"]
    entries = [{name: member for name, member in step.items() if name != "value"} for step in steps]
    chosen = [{"label": step["title"], "value": step["value"]} for step in steps]
    service = f"/service/{replay.ids['serviceId']}"
    for entry in entries:
        await replay.prepare("POST", f"{service}/datatype", {"name": entry["x-dataType"], "logic": {"execute": chosen}})
    action = {"name": "issue.create", "schema": {"variables": entries}}
    replay.ids["actionId"] = (await replay.prepare("POST", f"{service}/action", action))["id"]
    answer = await replay.play("Refresh variables with new inputs")
    assert [entry["value"] for entry in answer["output"]["variables"]] == [step["value"] for step in steps]
    replay.ids["actionId"] = first


async def _tested(replay: Replay) -> None:
    """A function that replaces, as the sample's row is one."""
    replace = {"@type": "reference", "operation": "source", "path": []}
    logic = {"execute": {"@type": "action", "service": "core", "action": "string.replace", "input": replace}}
    action = {"name": "string.replace", "logic": logic}
    row = await replay.prepare("POST", f"/service/{replay.ids['serviceId']}/action", action)
    assert await replay.play("Test logic based on given table", id=row["id"]) == "adc"


async def _events_and_triggers(replay: Replay) -> None:
    replay.ids["eventId"] = (await replay.play("Create a new event for a given service"))["id"]
    await replay.play("Get All events for a given service")
    await replay.play("Get a single event")
    await replay.play("Update a single event")
    setting = await replay.play("Get service webhook url by id")
    assert setting["url"].startswith("http")
    replay.ids["triggerId"] = (await replay.play("Create a new trigger for a given service"))["id"]
    await replay.play("Get All triggers for a given service")
    await replay.play("Get a single trigger")
    await replay.play("Update a single trigger")


async def _conditions_and_datatypes(replay: Replay) -> None:
    replay.ids["condition_id"] = (await replay.play("Create a new condition for a given service"))["id"]
    await replay.play("Get conditions for a given service")
    await replay.play("Get a single condition")
    await replay.play("Update a single condition")
    replay.ids["datatypeId"] = (await replay.play("Create a new datatype for a given service"))["id"]
    await replay.play("Get datatypes for a given service")
    await replay.play("Get a single datatype")
    choices = {"values": BY_TITLE["Execute datatype version manualy"]["response"]["output"]}
    updated = await replay.play("Update a single datatype", query={"version": "major"}, logic=choices)
    replay.ids["datatypeId"] = updated["id"]
    await replay.play("Execute datatype version manualy")


async def _tokens(replay: Replay) -> None:
    security = replay.ids["securityId"]
    made = await replay.play("Create User Token", serviceSecurityId=security, virtualId="v")
    replay.ids["tokenId"] = made["id"]
    await replay.play("Get tokens for a given service")
    await replay.play("Update a single token")
    await replay.play("Get a single token")


async def _subscriptions(replay: Replay) -> None:
    """The services that samples of executing and subscribing name are made as they name them."""
    await _provider(
        replay, "gmail", "action", "email.send", {"execute": BY_TITLE["Execute"]["response"]}, TOKEN_OF_EXECUTE
    )
    await replay.play("Execute")
    await _provider(replay, "googlecalendar", "trigger", "event.created", {}, TOKEN_OF_SUBSCRIPTION)
    await replay.play("Create a new subscription for a given trigger")
    await replay.play("Create new subscription with given body parameters")
    listed = await replay.product.ok("GET", "/v1/subscription", params={"userId": USER})
    for each in listed:
        if each["service"] != "googlecalendar":
            replay.ids["subscriptionId"] = each["id"]
    await replay.play("Delete a subscription for a given subscription id")
    await replay.play("Get user subscriptions for a given userId")


async def _provider(replay: Replay, name: str, kind: str, component: str, logic: Any, token_id: str) -> None:
    service = f"/service/{name}"
    await replay.prepare("POST", "/service", {"name": name})
    await replay.prepare("POST", f"{service}/{kind}", {"name": component, "logic": logic})
    security = await replay.prepare("POST", f"{service}/security", {"type": "oauth2", "label": {"en": "default"}})
    await replay.prepare("POST", f"{service}/version", {"name": "1.0.0", "defaultServiceSecurityId": security["id"]})
    token = {"id": token_id, "serviceSecurityId": security["id"], "oauth": {"token": "t"}}
    await replay.prepare("POST", f"/user/{USER}/token", token)


async def _ends(replay: Replay) -> None:
    await replay.play("Delete a single token")
    for kind in ("variable", "action", "event", "trigger", "condition", "datatype"):
        article = "a variable for a given service" if kind == "variable" else f"a single {kind}"
        await replay.play(f"Delete {article}")
    service = f"/service/{replay.ids['serviceId']}"
    hosts = {"config": {"apply": {"hosts": ["api.example.com"]}}}
    await replay.prepare("PUT", f"{service}/security/{replay.ids['securityId']}?version=1.0.0", hosts)
    await replay.play("Publish Service")
    another = await replay.prepare("POST", f"{service}/version", {"name": "12"})
    replay.ids["versionId"] = another["id"]
    await replay.play("Delete a single version of service")
    await replay.play("Delete a security for a given service")
    await replay.play("Delete service by id")


CURLS = {title: row["curl"] for title, row in BY_TITLE.items() if "curl" in row}


@pytest.mark.parametrize("title", CURLS)
def test_a_curl_command_asks_for_its_operation(title: str) -> None:
    method, path = OPERATIONS[title]
    template = re.sub(r"\{\w+\}", "[^/]*", path)  # one command leaves the version's id out
    assert CURLS[title]["method"] == method
    assert re.fullmatch(template, urlsplit(CURLS[title]["url"]).path)
