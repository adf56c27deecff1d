"""What ends with a user, a service, a trigger or an event: heard twice or late, cut off anywhere, done once."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.bus.port import Message
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import UserChanged
from libs.common.errors import Conflict
from services.webhooks.cascades.cascades import LEASE, Cascades
from services.webhooks.consumers import CascadeConsumer
from services.webhooks.endpoints.scoping import user_scope
from services.webhooks.subscriptions.models import Status
from tests.webhooks.house import DOWN, PLATFORM, USER, House

BOB = USER.model_copy(update={"row_id": "u2", "user_id": "bob"})


class Killed(Exception):
    """As a process is, between two steps."""


def user_deleted(house: House, row_id: str = USER.row_id) -> Message:
    event = UserChanged(platform_id=PLATFORM, user_row_id=row_id, user_id="ada", revision=2, deleted=True)
    return encode(event, time=house.clock.now())


def deleted(house: House, noun: str = "service", id: str = "s1", **changes: Any) -> Message:
    event = CatalogChanged(
        platform_id=PLATFORM, service_id="s1", service_names=("hub",), noun=noun, id=id, revision=2, deleted=True
    )
    return encode(event.model_copy(update=changes), time=house.clock.now())


async def hear(house: House, *messages: Message) -> None:
    consumer = CascadeConsumer(house.cascades, house.clock, wake=lambda: None)
    await consumer.users(messages)
    await consumer.components(messages)


async def status(house: House, *subscriptions: Any) -> list[Status | None]:
    rows = [await house.rows.get(PLATFORM, each.id) for each in subscriptions]
    return [row.status if row is not None else None for row in rows]


async def test_a_deleted_users_subscriptions_end_and_then_that_is_said(house: House) -> None:
    made = [await house.make() for _ in range(3)]
    others = await house.make(BOB)
    await hear(house, user_deleted(house))
    assert await house.advance() == 1
    assert await status(house, *made, others) == [Status.DELETING] * 3 + [Status.ACTIVE]
    assert house.hooks.removed == []
    assert await house.recover() == 3
    assert house.said == []
    house.clock.move(seconds=1)
    assert await house.advance() == 1
    assert [(said.user_row_id, said.service_id) for said in house.said] == [(USER.row_id, None)]
    assert await status(house, *made, others) == [None] * 3 + [Status.ACTIVE]
    house.clock.move(days=1)
    assert await house.advance() == 0


async def test_who_has_no_subscription_is_through_at_once(house: House) -> None:
    await hear(house, user_deleted(house), deleted(house))
    assert await house.advance() == 2
    assert {(said.user_row_id, said.service_id) for said in house.said} == {(USER.row_id, None), (None, "s1")}


async def test_a_deletion_that_is_heard_twice_is_one_cascade(house: House) -> None:
    await house.make()
    message = user_deleted(house)
    await hear(house, message, message)
    assert await house.advance() == 1
    await hear(house, message)
    assert await house.advance() == 0
    await house.recover()
    house.clock.move(seconds=1)
    await house.advance()
    await hear(house, message)
    assert await house.advance() == 1
    assert {said.user_row_id for said in house.said} == {USER.row_id}


async def test_what_is_made_anew_under_the_same_id_outlives_a_deletion_that_is_heard_late(house: House) -> None:
    old = await house.make()
    late = (deleted(house), deleted(house, "trigger", "t-opened"), deleted(house, "event", "e1"))
    endpoint = await house.endpoints.of(PLATFORM, "s1", "e1", "")
    house.clock.move(hours=1)
    new = await house.make()
    renewed = await house.endpoints.of(PLATFORM, "s1", "e1", "another")
    await hear(house, *late)
    assert await house.advance() == 3
    assert await status(house, old, new) == [Status.DELETING, Status.ACTIVE]
    assert await house.endpoints.by_state(PLATFORM, endpoint.state) is None
    assert await house.endpoints.by_state(PLATFORM, renewed.state) == renewed


async def test_a_deleted_trigger_ends_its_own_subscriptions_alone(house: House) -> None:
    opened, closed = await house.make(), await house.make(trigger="closed")
    endpoint = await house.endpoints.of(PLATFORM, "s1", "e1", "")
    await hear(house, deleted(house, "trigger", "t-opened"))
    await house.advance()
    assert await status(house, opened, closed) == [Status.DELETING, Status.ACTIVE]
    assert await house.endpoints.by_state(PLATFORM, endpoint.state) == endpoint
    await house.recover()
    house.clock.move(seconds=1)
    await house.advance()
    assert [(said.service_id, said.trigger_id) for said in house.said] == [("s1", "t-opened")]


async def test_a_deleted_event_closes_its_own_urls_alone(house: House) -> None:
    made = await house.make()
    gone = [await house.endpoints.of(PLATFORM, "s1", "e1", scope) for scope in ("", "one", "two")]
    kept = await house.endpoints.of(PLATFORM, "s1", "e2", "")
    await hear(house, deleted(house, "event", "e1"))
    await house.advance()
    assert [await house.endpoints.by_state(PLATFORM, each.state) for each in gone] == [None] * 3
    assert await house.endpoints.by_state(PLATFORM, kept.state) == kept
    assert (await status(house, made), house.said) == ([Status.ACTIVE], [])
    house.clock.move(days=1)
    assert await house.advance() == 0


@pytest.mark.parametrize(
    "changes", [{"deleted": False}, {"noun": "action"}, {"noun": "variable"}, {"noun": "version"}, {"noun": "security"}]
)
async def test_nothing_ends_with_what_no_subscription_belongs_to(house: House, changes: dict[str, Any]) -> None:
    await hear(house, deleted(house, **changes))
    assert await house.advance() == 0


async def test_it_is_looked_after_ever_more_seldom_and_said_only_once_all_hooks_ran(house: House) -> None:
    await house.make()
    house.hooks.delete_error = DOWN
    await hear(house, user_deleted(house))
    assert await house.advance() == 1
    assert [await next_look_s(house) for _ in range(9)] == [1, 1, 2, 4, 8, 16, 32, 60, 60]
    assert house.said == []
    house.hooks.delete_error = None
    house.clock.move(hours=1)
    assert await house.recover() == 1
    assert await house.advance() == 1
    assert len(house.said) == 1


async def next_look_s(house: House) -> int:
    for seconds in range(1, 100):
        house.clock.move(seconds=1)
        if await house.advance():
            return seconds
    raise AssertionError("nobody looks after it any more")


class Dying:
    """A part of a process that is killed at `step`."""

    def __init__(self, part: Any, step: str) -> None:
        self._part = part
        self._step = step

    def __getattr__(self, name: str) -> Any:
        if name == self._step:
            raise Killed
        return getattr(self._part, name)


@pytest.mark.parametrize("step", ["end_all", "close_scope", "unfinished", "save", "remove"])
async def test_a_cascade_that_is_cut_off_goes_on_once_its_lease_has_lapsed(house: House, step: str) -> None:
    made = await house.make()
    endpoint = await house.endpoints.of(PLATFORM, "s1", "e1", user_scope(USER.row_id))
    await hear(house, user_deleted(house))
    if step == "remove":
        await through_but_for_the_last_look(house)
    parts: tuple[Any, ...] = tuple(Dying(each, step) for each in (house.cascade_rows, house.ending, house.endpoints))
    (cascade,) = await house.cascades.claim(1)
    with pytest.raises(Killed):
        await Cascades(*parts, house.clock, on_ending=lambda: None).advance(cascade)
    assert house.said == []
    house.clock.move(seconds=LEASE.total_seconds())
    await through_but_for_the_last_look(house)
    assert await house.advance() == (1 if step != "remove" else 0)
    assert await status(house, made) == [None]
    assert [sent for sent, _ in house.hooks.removed] == [made.id]
    assert await house.endpoints.by_state(PLATFORM, endpoint.state) is None
    assert [said.user_row_id for said in house.said] == [USER.row_id]


async def through_but_for_the_last_look(house: House) -> None:
    assert await house.advance() == 1
    await house.recover()
    house.clock.move(minutes=1)


async def test_what_changes_while_it_is_being_ended_ends(house: House) -> None:
    made = await house.make()
    read = await house.read(made)

    async def paused(*_: Any) -> Any:
        await house.subscriptions.update(made, {"status": "paused"})
        return [read], None

    house.rows.not_ending = paused  # type: ignore[method-assign]
    await house.ending.end_all({"service_id": "s1"}, house.clock.now())
    assert await status(house, made) == [Status.DELETING]


async def test_an_ending_gives_up_after_a_day_on_a_credential_that_cant_be_used(house: House) -> None:
    made = await house.make()
    house.hooks.delete_error = Conflict("credential_invalid", "The token has expired.")
    await hear(house, user_deleted(house))
    await house.advance()
    for _ in range(30):
        await house.recover()
        house.clock.move(hours=1)
    assert await status(house, made) == [None]
    assert await house.advance() == 1
    assert len(house.said) == 1
