"""A deleted service, or trigger: refused while in use, gone at once, kept for `delete` hooks, then purged."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from libs.common.contracts.catalog import (
    FIND_COMPONENT,
    FIND_SECURITY,
    FIND_SERVICE,
    FIND_VERSION,
    LIST_COMPONENTS,
    ComponentQuestion,
    ComponentsQuestion,
    Kind,
    SecurityQuestion,
    ServiceQuestion,
    VersionQuestion,
)
from services.catalog.components.removed import RemovedRepository
from services.catalog.components.repository import HeadRepository
from services.catalog.components.retirement import Retirement
from services.catalog.services.removal import Removal
from services.catalog.services.repository import PURGE_LEASE
from services.catalog.versions.pinned import PinnedRows
from services.catalog.versions.repository import PinRepository, VersionRepository
from tests.catalog.world import World

LOGIC = {"delete": {"@type": "reference", "operation": "state"}}


class Killed(Exception):
    """As a process is, between two steps."""


@pytest.fixture
async def id(world: World) -> str:
    """Of `github`, with a trigger that a version pins, and a security."""
    made = await world.make_service()
    await world.make("trigger", "opened", logic=LOGIC, trigger_id="opened-identity")
    await world.ok("POST", "/service/github/security", {"id": "s", "type": "apiKey", "label": {"en": "key"}})
    await world.ok("POST", "/service/github/version", {"id": "v", "name": "1", "published": True})
    return made


async def found(world: World, service_id: str, *, ended: bool, platform_id: str = "acme") -> list[Any]:
    """What other services are answered about the service and all that is inside; None for what is not there."""
    scope = {"service_id": service_id, "ended": ended}
    listed = await world.ask(LIST_COMPONENTS, ComponentsQuestion(kind=Kind.TRIGGER, **scope))
    answers = [
        await world.ask(FIND_SERVICE, ServiceQuestion(platform_id=platform_id, ref=service_id, ended=ended)),
        await world.ask(FIND_COMPONENT, ComponentQuestion(kind=Kind.TRIGGER, ref="opened-identity", **scope)),
        listed.components[0] if listed is not None and listed.components else None,
        await world.ask(FIND_SECURITY, SecurityQuestion(ref="s", **scope)),
        await world.ask(FIND_SECURITY, SecurityQuestion(**scope)),
        await world.ask(FIND_VERSION, VersionQuestion(**scope)),
    ]
    return [answer.name if hasattr(answer, "name") else answer and answer.id for answer in answers]


NOTHING = [None] * 6
ALL = ["github", "opened", "opened", "s", "s", "1"]


async def trigger(world: World, service_id: str, *, ended: bool) -> Any:
    question = ComponentQuestion(service_id=service_id, kind=Kind.TRIGGER, ref="opened-identity", ended=ended)
    return await world.ask(FIND_COMPONENT, question)


async def contents(world: World) -> int:
    kept, _ = await world.contents.written_before(world.clock.now() + timedelta(days=2), None, 500)
    return len(kept)


async def test_a_service_in_use_is_refused_with_the_counts(world: World, id: str) -> None:
    world.uses.tokens[id], world.uses.subscriptions[id] = 1, 1_200
    problem = await world.refused(409, "DELETE", "/service/github")
    assert problem["code"] == "service_in_use"
    assert problem["counts"] == {"tokens": 1, "subscriptions": 1200}
    assert "1 token and 1,200 subscriptions" in problem["error"]
    assert "force=true" in problem["error"]
    world.uses.tokens[id] = 0
    problem = await world.refused(409, "DELETE", "/service/github?force=false")
    assert "it has 1,200 subscriptions." in problem["error"]
    assert await found(world, id, ended=False) == ALL
    assert await world.ok("DELETE", "/service/github?force=true") == {}


@pytest.mark.parametrize("owner", ["credentials", "webhooks"])
async def test_while_an_owner_is_down_only_force_deletes(world: World, id: str, owner: str) -> None:
    world.uses.down.add(owner)
    problem = await world.refused(503, "DELETE", "/service/github")
    assert problem["code"] == f"{owner}_unavailable"
    assert owner in problem["error"]
    assert await found(world, id, ended=False) == ALL
    await world.ok("DELETE", "/service/github?force=true")


async def test_force_is_true_or_false(world: World, id: str) -> None:
    problem = await world.refused(400, "DELETE", f"/service/{id}?force=yes")
    assert problem["details"][0]["path"] == "force"


async def test_a_deleted_service_is_found_by_delete_hooks_alone(world: World, id: str) -> None:
    await world.ok("DELETE", "/service/github")
    assert await found(world, id, ended=False) == NOTHING
    assert await found(world, id, ended=True) == ALL
    assert (await found(world, id, ended=True, platform_id="rival"))[0] is None
    by_name = ServiceQuestion(platform_id="acme", ref="github", ended=True)
    assert await world.ask(FIND_SERVICE, by_name) is None
    for path in ("", "/trigger", "/trigger/opened", "/trigger/opened-identity", "/version/v", "/security/s"):
        await world.refused(404, "GET", f"/service/{id}{path}")
    assert await world.made() == []


async def test_its_name_is_free_at_once_and_its_id_once_nothing_needs_it(world: World, id: str) -> None:
    await world.ok("DELETE", "/service/github")
    assert await world.make_service("github") != id
    problem = await world.refused(409, "POST", "/service", {"id": id, "name": "again"})
    assert problem["code"] == "service_being_removed"
    await world.subscriptions_ended(id)
    assert await found(world, id, ended=True) == NOTHING
    await world.make_service("again", id=id)


async def test_that_its_subscriptions_ended_may_be_heard_twice_and_late(world: World, id: str) -> None:
    await world.subscriptions_ended(id)
    assert await found(world, id, ended=False) == ALL
    await world.ok("DELETE", "/service/github")
    await world.subscriptions_ended(id, ago_s=60)
    assert await found(world, id, ended=True) == ALL
    await world.subscriptions_ended(id)
    await world.make_service("again", id=id)
    await world.subscriptions_ended(id)
    assert (await world.ok("GET", f"/service/{id}"))["name"] == "again"


async def test_after_a_day_it_goes_whether_or_not_its_subscriptions_ended(world: World, id: str) -> None:
    await world.ok("DELETE", "/service/github")
    world.clock.advance(hours=23, minutes=59)
    assert await world.purge() == 0
    assert await found(world, id, ended=True) == ALL
    world.clock.advance(minutes=2)
    assert await world.purge() == 1
    assert await found(world, id, ended=True) == NOTHING
    assert await contents(world) == 0


@pytest.mark.parametrize("steps", range(3))
async def test_a_purge_that_was_cut_off_is_finished_later(world: World, id: str, steps: int) -> None:
    class Inside:
        async def purge(self, service_id: str) -> None:
            raise Killed

    heads = HeadRepository(world.infra.store)
    cut_off = Removal(world.services, (*(heads, world.contents)[:steps], Inside()), world.clock)
    await world.ok("DELETE", "/service/github")
    await cut_off.release(id, world.clock.now())
    (tombstone,) = await world.services.claim_removed(1)
    with pytest.raises(Killed):
        await cut_off.finish(tombstone)
    assert await world.purge() == 0
    world.clock.advance(seconds=PURGE_LEASE.total_seconds() + 1)
    assert await world.purge() == 1
    assert await contents(world) == 0
    await world.make_service("again", id=id)


async def test_a_deleted_trigger_is_found_by_delete_hooks_alone(world: World) -> None:
    id = await world.make_service()
    made = await world.make("trigger", "opened", logic=LOGIC, trigger_id="opened-identity")
    await world.ok("DELETE", "/service/github/trigger/opened")
    assert await trigger(world, id, ended=False) is None
    kept = await trigger(world, id, ended=True)
    assert (kept.row_id, kept.content["logic"]) == (made["id"], LOGIC)
    for ref in ("opened", "opened-identity", made["id"]):
        await world.refused(404, "GET", f"/service/github/trigger/{ref}")
    assert await world.ok("GET", "/service/github/trigger") == []


async def test_the_sweep_leaves_a_deleted_trigger_what_its_hook_needs(world: World) -> None:
    id = await world.make_service()
    await world.make("trigger", "opened", logic=LOGIC, trigger_id="opened-identity")
    await world.ok("DELETE", "/service/github/trigger/opened")
    world.clock.advance(hours=2)
    await world.sweep.round()
    assert (await trigger(world, id, ended=True)).content["logic"] == LOGIC
    await world.subscriptions_ended(id, "opened-identity")
    assert await trigger(world, id, ended=True) is None
    await world.sweep.round()
    assert await contents(world) == 0


async def test_a_trigger_made_anew_is_the_one_that_is_found(world: World) -> None:
    id = await world.make_service()
    for _ in range(2):
        made = await world.make("trigger", "opened", logic=LOGIC, trigger_id="opened-identity")
        assert (await trigger(world, id, ended=True)).row_id == made["id"]
        await world.ok("DELETE", "/service/github/trigger/opened")
    await world.subscriptions_ended(id, "opened-identity", ago_s=60)
    assert (await trigger(world, id, ended=True)).row_id == made["id"]
    made = await world.make("trigger", "opened", trigger_id="opened-identity")
    await world.subscriptions_ended(id, "opened-identity")
    assert (await world.ok("GET", "/service/github/trigger/opened"))["id"] == made["id"]


async def test_a_trigger_whose_deletion_was_cut_off_is_there_and_can_be_deleted(world: World) -> None:
    class Heads(HeadRepository):
        async def remove(self, *_: Any) -> None:
            raise Killed

    id = await world.make_service()
    await world.make("trigger", "opened", logic=LOGIC, trigger_id="opened-identity")
    store = world.infra.store
    pinned = PinnedRows(PinRepository(store), VersionRepository(store))
    head = await HeadRepository(store).by_ref(id, Kind.TRIGGER, "opened")
    assert head is not None
    with pytest.raises(Killed):
        await Retirement(Heads(store), RemovedRepository(store), pinned).take_all(head, world.clock.now(), ())
    assert (await trigger(world, id, ended=False)).name == "opened"
    await world.ok("DELETE", "/service/github/trigger/opened")
    await world.subscriptions_ended(id, "opened-identity")
    assert await trigger(world, id, ended=True) is None
