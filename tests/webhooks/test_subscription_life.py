"""A subscription over days and crashes: endings repeated, makings undone, secrets rotated, failures counted."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from libs.common.errors import Conflict, NotFound, Unavailable
from libs.common.ids import seeded
from libs.logic.errors import LogicError
from services.webhooks.subscriptions.models import Status
from tests.webhooks.house import DOWN, PLATFORM, USER, WANTED, House


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
    assert await house.rows.hearing(PLATFORM, "t-opened", (), after=None, limit=10) == []
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
    assert await house.rows.not_ending({"user_row_id": USER.row_id}, None, 10) == ([], None)


async def test_a_cascade_ends_what_is_just_being_made(house: House) -> None:
    house.hooks.may_go_on.clear()
    making = asyncio.create_task(house.make())
    await house.hooks.making.wait()
    await house.ending.end_all({"user_row_id": USER.row_id}, house.clock.now())
    assert await house.recover() == 0
    house.hooks.may_go_on.set()
    with pytest.raises(Conflict):
        await making
    assert await house.recover() == 1
    (id,) = house.hooks.made
    assert house.hooks.removed == [(id, {"id": 1})]


async def test_a_cascade_runs_no_hook_itself(house: House) -> None:
    made = [await house.make() for _ in range(3)]
    house.hooks.delete_error = DOWN
    await house.ending.end_all({"service_id": "s1"}, house.clock.now())
    assert {(await house.read(each)).status for each in made} == {Status.DELETING}
    house.hooks.delete_error = None
    assert await house.recover() == 3
    await house.ending.end_all({"service_id": "s1"}, house.clock.now())
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
    assert await house.rows.hearing(PLATFORM, "t-opened", (), after=None, limit=10) == []
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
