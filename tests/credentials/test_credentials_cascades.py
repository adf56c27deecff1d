"""What ends with a user, a service or a variable: at once for everybody, and for `delete` hooks when they are done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.common.contracts.credentials import KEEP_VALUE, ValueToKeep
from services.credentials.clients import Catalog, Identity
from services.credentials.endings import Endings
from services.credentials.models import Ending, Step
from services.credentials.repository import TOKENS, VALUES, EndingRepository, TokenRepository, ValueRepository
from services.credentials.seals import Seals
from services.credentials.tokens import Tokens
from services.credentials.values import Values
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
    assert await world.count_tokens("shared") == 2
    await world.catalog_changed("shared", "service", "id-shared", deleted=True)
    await world.until_said(_TOKEN, 5)
    assert await world.count_tokens("shared") == 0
    assert len(world.said(_VALUE)) == 3
    await world.subscriptions_ended(service="shared")
    await world.until_said(_TOKEN, 7)
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


async def rows(world: World, user: str = "ann") -> int:
    return await world.infra.store.collection(TOKENS).count({"user_row_id": f"row-acme-{user}"})


async def test_a_deleted_users_token_is_for_delete_hooks_alone_until_they_are_done(world: World) -> None:
    row = await world.connect("ann")
    await world.user_deleted("ann")
    await world.until_said(_TOKEN, 2)
    for id in (row["id"], None):
        assert await world.credential(id=id) is None
        spent = await world.credential(id=id, ended=True)
        assert spent is not None
        assert (spent.id, spent.token) == (row["id"], "s3cret")
    world.identity.add_user("acme", "ann", row_id="row-of-the-new-ann")
    path = f"/service/mailer/token/{row['id']}?userId=ann"
    for method, body in (("GET", None), ("PUT", {"name": "mine"}), ("DELETE", None)):
        assert (await world.api(method, path, body)).status == 404
    assert (await world.api("GET", "/service/mailer/token?userId=ann")).json == []
    taken = await world.api("POST", "/user/ann/token", {"id": row["id"], "serviceId": "mailer", "key": {"token": "k"}})
    assert (taken.status, taken.json["code"]) == (409, "id_taken")
    await world.subscriptions_ended(user_id="ann")
    await world.until_said(_TOKEN, 3)
    assert await world.credential(ended=True) is None
    assert await rows(world) == 0


async def test_a_deleted_service_is_for_delete_hooks_alone_until_they_are_done(world: World) -> None:
    variable = world.catalog.add_variable("mailer", "region", {})
    await keep(world, "mailer", "region", "acme")
    row = await world.connect("ann")
    world.catalog.remove("mailer")
    await world.catalog_changed("mailer", "service", "id-mailer", deleted=True)
    await world.until_said(_TOKEN, 2)
    assert (await world.credential(), (await world.variables()).values) == (None, {})
    spent = await world.credential(id=row["id"], ended=True)
    assert spent is not None
    assert spent.headers == {"X-Api-Key": "s3cret"}
    assert (await world.variables(ended=True)).values == {variable.name: "v"}
    assert (await world.api("DELETE", f"/service/id-mailer/token/{row['id']}?userId=ann")).status == 404
    await world.subscriptions_ended(service="mailer")
    await world.until_said(_VALUE, 2)
    assert await world.credential(ended=True) is None
    values = world.infra.store.collection(VALUES)
    assert await values.count({"service_id": "id-mailer", "variable_id": variable.identity}) == 0


async def test_what_no_one_says_is_done_is_purged_after_a_day(world: World) -> None:
    await world.connect("ann")
    store, endings = EndingRepository(world.infra.store), own_endings(world)
    await store.add(ending_of("ann", world.clock.now(), Step.END))
    (kept,) = await store.of("row-acme-ann")
    await endings.advance(kept)
    world.clock.advance(hours=23, minutes=59)
    assert await endings.claim(10) == []
    world.clock.advance(minutes=1)
    world.endings.wake()
    await world.until_said(_TOKEN, 3)
    assert await rows(world) == 0


async def test_a_service_made_anew_under_the_same_id_outlives_a_deletion_that_is_heard_late(world: World) -> None:
    deleted_at = world.clock.now()
    world.catalog.add_variable("mailer", "region", {})
    world.clock.advance(hours=1)
    row = await world.connect("ann")
    await keep(world, "mailer", "region", "acme")
    for step in Step:
        await own_endings(world).advance(ending_of_service(deleted_at, step))
    assert (await world.api("GET", f"/service/mailer/token/{row['id']}?userId=ann")).status == 200
    assert (await world.variables()).values == {"region": "v"}


async def test_that_nothing_needs_it_any_more_may_be_heard_first(world: World) -> None:
    await world.connect("ann")
    world.identity.users.pop(("acme", "ann"))
    await world.subscriptions_ended(user_id="ann")
    await world.until_said(_TOKEN, 2)
    assert await rows(world) == 0
    await world.user_deleted("ann")
    await world.connect("bob")
    await world.user_deleted("bob")
    await world.until_said(_TOKEN, 4)


async def test_a_trigger_is_nothing_that_has_tokens(world: World) -> None:
    row = await world.connect("ann")
    await world.subscriptions_ended(service="other")
    await world.connect("bob")
    await world.user_deleted("bob")
    await world.subscriptions_ended(user_id="bob")
    await world.until_said(_TOKEN, 4)
    assert (await world.api("GET", f"/service/mailer/token/{row['id']}?userId=ann")).status == 200


class Killed(Exception):
    """As a process is, between two steps."""


class Dying:
    """A part of a process that is killed after `step`, or before it."""

    def __init__(self, part: Any, step: str, *, before: bool) -> None:
        self._part, self._step, self._before = part, step, before

    def __getattr__(self, name: str) -> Any:
        if name != self._step:
            return getattr(self._part, name)
        return self._die

    async def _die(self, *arguments: Any) -> None:
        if not self._before:
            await getattr(self._part, self._step)(*arguments)
        raise Killed


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    ("step", "dies_at"),
    [(Step.END, "end_all"), (Step.END, "save"), (Step.PURGE, "remove_all"), (Step.PURGE, "remove")],
)
async def test_an_ending_that_was_cut_off_begins_again(world: World, step: Step, dies_at: str, before: bool) -> None:
    await world.connect("ann")
    store, infra = EndingRepository(world.infra.store), world.infra
    ending = ending_of("ann", infra.clock.now(), step)
    await store.add(ending)
    (kept,) = await store.of(ending.subject)
    dying: Any = Endings(
        Dying(store, dies_at, before=before), Dying(tokens_of(world), dies_at, before=before), None, infra.clock
    )
    with pytest.raises(Killed):
        await dying.advance(kept)
    for again in await store.of(ending.subject):
        await own_endings(world).advance(again)
    for again in await store.of(ending.subject):
        assert again.step is Step.PURGE
        await own_endings(world).advance(again)
    assert await rows(world) == 0
    assert await store.of(ending.subject) == []


def tokens_of(world: World) -> Tokens:
    infra = world.infra
    seals = Seals(infra.sealer("credentials"))
    return Tokens(TokenRepository(infra.store), seals, Catalog(infra.peers), Identity(infra.peers), infra.clock)


def own_endings(world: World) -> Endings:
    """Beside those of the service, on the same rows."""
    infra = world.infra
    seals, repository = Seals(infra.sealer("credentials")), ValueRepository(infra.store)
    values = Values(repository, seals, Catalog(infra.peers), infra.clock)
    return Endings(EndingRepository(infra.store), tokens_of(world), values, infra.clock)


def ending_of(user: str, deleted_at: datetime, step: Step) -> Ending:
    """Not due for an hour, so that the worker leaves it to the test."""
    due_at = deleted_at + timedelta(hours=1)
    return Ending(
        id="e", user_row_id=f"row-acme-{user}", service_id=None, step=step, deleted_at=deleted_at, due_at=due_at
    )


def ending_of_service(deleted_at: datetime, step: Step) -> Ending:
    return Ending(
        id="late", user_row_id=None, service_id="id-mailer", step=step, deleted_at=deleted_at, due_at=deleted_at
    )


async def keep(world: World, service: str, variable: str, platform_id: str) -> None:
    given = ValueToKeep(
        platform_id=platform_id, service_id=f"id-{service}", variable_id=f"identity-{variable}", value="v"
    )
    await world.infra.peers.ask(KEEP_VALUE, given)
