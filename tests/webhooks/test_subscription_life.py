"""A subscription over days and crashes: endings repeated, makings undone, secrets rotated, failures counted."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from libs.common.contracts.identity import UserGrant
from libs.common.egress import Allow, EgressClient
from libs.common.engines import open_engines
from libs.common.errors import Conflict, NotFound, Unavailable
from libs.common.ids import seeded
from libs.common.keyring import KeyRing
from libs.common.sealing import Sealer, collection_spec
from libs.logic.errors import LogicError
from services.webhooks.subscriptions.changes import Changes
from services.webhooks.subscriptions.ending import Ending
from services.webhooks.subscriptions.hearing import Hearing
from services.webhooks.subscriptions.models import Status, Subscription
from services.webhooks.subscriptions.repository import SubscriptionRepository
from services.webhooks.subscriptions.secrets import SigningSecrets
from services.webhooks.subscriptions.subscriptions import Subscriptions, Target, Wanted
from tests.clock import FakeClock

PLATFORM = "acme"
USER = UserGrant(row_id="u1", platform_id=PLATFORM, user_id="ada", email=None, name=None)
WANTED = Wanted("hub", "opened", None, None, None, {"project": "p"})
DOWN = LogicError("http_error", "The provider is down.", details={"status": 503})


@dataclass
class Hooks:
    """A trigger whose hooks note what they were run for, and fail as they are told."""

    made: list[str] = field(default_factory=list)
    removed: list[tuple[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    create_error: BaseException | None = None
    delete_error: Exception | None = None
    gone: Exception | None = None
    making: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def target(self, platform_id: str, user: UserGrant, wanted: Wanted) -> Target:
        return Target("s1", wanted.service, "t1", wanted.trigger, None)

    async def confirm(self, subscription: Subscription) -> None:
        if self.gone is not None:
            raise self.gone

    async def create(self, subscription: Subscription) -> Any:
        self.made.append(subscription.id)
        self.making.set()
        await self.may_go_on.wait()
        if self.create_error is not None:
            raise self.create_error
        return {"id": len(self.made)}

    async def delete(self, subscription: Subscription) -> None:
        if self.delete_error is not None:
            raise self.delete_error
        self.removed.append((subscription.id, subscription.state))

    async def close(self, subscription: Subscription) -> None:
        self.closed.append(subscription.id)


@dataclass
class House:
    clock: FakeClock
    hooks: Hooks
    rows: SubscriptionRepository
    subscriptions: Subscriptions
    ending: Ending

    async def make(self) -> Subscription:
        made, _ = await self.subscriptions.create(PLATFORM, USER, WANTED)
        return made

    async def read(self, subscription: Subscription) -> Subscription:
        found = await self.rows.get(PLATFORM, subscription.id)
        assert found is not None
        return found

    async def recover(self) -> int:
        """What the worker does with the rows that are due now."""
        due = await self.ending.claim_unfinished(10)
        for each in due:
            await self.ending.finish(each)
        return len(due)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock, hooks = FakeClock(), Hooks()
    hooks.may_go_on.set()
    engines = open_engines("sqlite::memory:", "local:", clock)
    ring = KeyRing.parse(f"a:{base64.b64encode(bytes(32)).decode()}")
    sealer = Sealer("webhooks", engines.store.collection(collection_spec("webhooks")), ring, clock)
    egress = EgressClient(Allow.parse(""), user_agent="test")
    rows = SubscriptionRepository(engines.store, sealer)
    changes = Changes(rows, clock)
    hearing = Hearing(rows, engines.bus)
    subscriptions = Subscriptions(rows, changes, hooks, SigningSecrets(sealer), hearing, egress, clock=clock)
    await engines.start()
    try:
        yield House(clock, hooks, rows, subscriptions, Ending(rows, changes, hooks, clock))
    finally:
        await egress.close()
        await engines.close()


async def test_an_ending_is_repeated_ever_more_slowly_until_it_works(house: House) -> None:
    made = await house.make()
    house.hooks.delete_error = DOWN
    await house.ending.end(made)
    waits = []
    for _ in range(14):
        due_at = (await house.read(made)).due_at
        assert due_at is not None
        waits.append(due_at - house.clock.now())
        house.clock.move(seconds=waits[-1].total_seconds() - 1)
        assert await house.recover() == 0
        house.clock.move(seconds=1)
        assert await house.recover() == 1
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=10), timedelta(hours=1))
    house.hooks.delete_error = None
    house.clock.move(hours=1)
    assert await house.recover() == 1
    assert house.hooks.removed == [(made.id, {"id": 1})]
    assert await house.rows.get(PLATFORM, made.id) is None


@pytest.mark.parametrize("error", [DOWN, Unavailable("catalog_down", "no"), Conflict("invalid_component", "no")])
async def test_whatever_keeps_an_ending_from_working_leaves_it_to_be_repeated(house: House, error: Exception) -> None:
    made = await house.make()
    house.hooks.delete_error = error
    await house.ending.end(made)
    assert (await house.read(made)).status is Status.DELETING
    with pytest.raises(NotFound):
        await house.subscriptions.get(PLATFORM, made.id, USER)


async def test_an_ending_waits_a_day_for_the_credential_that_it_needs(house: House) -> None:
    made = await house.make()
    house.hooks.delete_error = LogicError("credential_required", "The user has no credential.")
    await house.ending.end(made)
    house.clock.move(hours=23)
    await house.recover()
    assert await house.rows.get(PLATFORM, made.id) is not None
    house.clock.move(hours=1)
    await house.recover()
    assert await house.rows.get(PLATFORM, made.id) is None


async def test_an_ending_that_was_cut_off_goes_on_once_its_lease_has_lapsed(house: House) -> None:
    made = await house.make()
    house.hooks.delete_error = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        await house.ending.end(made)
    house.hooks.delete_error = None
    assert await house.recover() == 0
    house.clock.move(minutes=2)
    assert await house.recover() == 1
    assert house.hooks.removed == [(made.id, {"id": 1})]
    assert house.hooks.closed == [made.id]


async def test_a_making_that_was_cut_off_is_invisible_and_undone(house: House) -> None:
    house.hooks.create_error = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await house.make()
    (id,) = house.hooks.made
    with pytest.raises(NotFound):
        await house.subscriptions.get(PLATFORM, id, USER)
    assert await house.rows.hearing(PLATFORM, "t1", (), after=None, limit=10) == []
    assert await house.recover() == 0
    house.clock.move(minutes=2)
    assert await house.recover() == 1
    assert house.hooks.removed == [(id, None)]
    assert await house.rows.get(PLATFORM, id) is None


async def test_a_making_that_fails_leaves_nothing(house: House) -> None:
    house.hooks.create_error = Conflict("no", "no")
    with pytest.raises(Conflict):
        await house.make()
    assert await house.rows.get(PLATFORM, house.hooks.made[0]) is None
    assert house.hooks.closed == house.hooks.made


async def test_an_interrupted_request_is_finished_under_its_own_key(house: House) -> None:
    house.hooks.create_error = asyncio.CancelledError()
    with seeded("key"), pytest.raises(asyncio.CancelledError):
        await house.make()
    house.hooks.create_error = None
    with seeded("key"):
        made = await house.make()
    assert house.hooks.made == [made.id, made.id]
    assert (await house.read(made)).status is Status.ACTIVE


async def test_a_finished_request_that_was_not_answered_makes_no_second_hook(house: House) -> None:
    with seeded("key"):
        first, _ = await house.subscriptions.create(PLATFORM, USER, WANTED)
    with seeded("key"):
        again, secret = await house.subscriptions.create(PLATFORM, USER, WANTED)
    assert again.id == first.id
    assert house.hooks.made == [first.id]
    assert list(await house.subscriptions.signing_secrets(await house.read(first))) == [secret]
    assert (await house.read(first)).state == {"id": 1}


async def test_who_is_deleted_while_it_subscribes_is_left_with_nothing(house: House) -> None:
    house.hooks.gone = NotFound("user_not_found", "gone")
    with pytest.raises(NotFound):
        await house.make()
    assert house.hooks.made == []
    assert await house.rows.of_user(USER.row_id, 10) == []


async def test_a_cascade_ends_what_is_just_being_made(house: House) -> None:
    house.hooks.may_go_on.clear()
    making = asyncio.create_task(house.make())
    await house.hooks.making.wait()
    await house.ending.end_of_user(USER.row_id)
    house.hooks.may_go_on.set()
    with pytest.raises(Conflict):
        await making
    assert await house.recover() == 1
    (id,) = house.hooks.made
    assert house.hooks.removed == [(id, {"id": 1})]


async def test_a_cascade_runs_no_hook_itself(house: House) -> None:
    made = [await house.make() for _ in range(3)]
    house.hooks.delete_error = DOWN
    await house.ending.end_of_service("s1")
    assert {(await house.read(each)).status for each in made} == {Status.DELETING}
    house.hooks.delete_error = None
    assert await house.recover() == 3
    await house.ending.end_of_service("s1")
    assert await house.recover() == 0


async def test_after_a_rotation_both_secrets_sign_for_a_day(house: House) -> None:
    made, old = await house.subscriptions.create(PLATFORM, USER, WANTED)
    new = await house.subscriptions.rotate(made)
    rotated = await house.read(made)
    house.clock.move(hours=23, minutes=59)
    assert await house.subscriptions.signing_secrets(rotated) == [new, old]
    house.clock.move(minutes=1)
    assert await house.subscriptions.signing_secrets(rotated) == [new]


async def test_the_first_failure_is_remembered_until_a_delivery_is_taken(house: House) -> None:
    made = await house.make()
    began = house.clock.now()
    await house.subscriptions.failed(made, gone=False)
    house.clock.move(hours=3)
    failing = await house.read(made)
    await house.subscriptions.failed(failing, gone=False)
    assert await house.read(made) == failing
    assert (failing.status, failing.failing_since) == (Status.FAILING, began)
    await house.subscriptions.succeeded(failing)
    well = await house.read(made)
    assert (well.status, well.failing_since) == (Status.ACTIVE, None)


async def test_five_days_of_nothing_but_failure_disable_and_resuming_starts_them_anew(house: House) -> None:
    made = await house.make()
    await house.subscriptions.failed(made, gone=False)
    house.clock.move(days=5)
    await house.subscriptions.failed(await house.read(made), gone=False)
    assert (await house.read(made)).status is Status.FAILING
    house.clock.move(seconds=1)
    await house.subscriptions.failed(await house.read(made), gone=False)
    disabled = await house.read(made)
    assert disabled.status is Status.DISABLED
    assert await house.rows.hearing(PLATFORM, "t1", (), after=None, limit=10) == []
    resumed = await house.subscriptions.update(disabled, {"status": "active"})
    await house.subscriptions.failed(resumed, gone=False)
    assert (await house.read(made)).status is Status.FAILING


async def test_a_subscriber_that_is_gone_is_disabled_at_once(house: House) -> None:
    made = await house.make()
    await house.subscriptions.failed(made, gone=True)
    assert (await house.read(made)).status is Status.DISABLED


async def test_a_failure_that_is_told_late_does_not_undo_a_pause(house: House) -> None:
    made = await house.make()
    await house.subscriptions.update(made, {"status": "paused"})
    await house.subscriptions.failed(made, gone=False)
    assert (await house.read(made)).status is Status.PAUSED
