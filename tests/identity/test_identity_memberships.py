"""Whatever is done to a group at once, in whatever order: its admins are its members, and one stays."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.errors import Conflict, NotFound
from libs.common.store.port import RevisionConflict
from services.identity.acting import Actor
from services.identity.groups.memberships import Memberships
from services.identity.groups.models import Group
from services.identity.groups.repository import GroupRepository, MemberRepository
from services.identity.users.models import User
from services.identity.users.repository import UserRepository
from tests.clock import FakeClock
from tests.identity.stepped_store import SteppedStore, Turns

Change = tuple[Literal["admin", "member", "as it is", "changed", "out", "deleted"], str]
_NAMES = ("ann", "bob", "eve")
_ACTOR = Actor("acme")


class Team:
    """A group of three users, watched after every write."""

    def __init__(self, seed: int) -> None:
        self.turns = Turns(seed)
        self.store = SteppedStore(self.turns.wait, self.look)
        store: Any = self.store
        clock = FakeClock()
        self._now = clock.now()
        self._users, self._groups = UserRepository(store), GroupRepository(store)
        self._memberships = Memberships(self._groups, MemberRepository(store), self._users, clock)
        self._people: dict[str, User] = {}
        self._deleted = self._had_admins = False

    async def begin(self) -> None:
        group = Group(
            id="team",
            platform_id="acme",
            name="team",
            inserted_at=self._now,
            created_by=None,
            updated_at=self._now,
            updated_by=None,
        )
        await self.turns.run(self._groups.add(group), *(self._make(name) for name in _NAMES))

    async def change(self, change: Change) -> None:
        what, name = change
        user = self._people[name]
        match what:
            case "out":
                await self._memberships.take("team", user.row_id)
            case "deleted":
                self._deleted = True
                await self._delete(user)
            case "as it is":
                await self._memberships.put(_ACTOR, "team", user, None)
            case "changed":
                await self._memberships.put(_ACTOR, "team", user, "admin", anew=False)
            case role:
                await self._memberships.put(_ACTOR, "team", user, role)

    def look(self) -> None:
        admins, members = self.now()
        assert admins <= members
        self._had_admins = self._had_admins or bool(admins)
        assert admins or not self._had_admins or self._deleted

    def now(self) -> tuple[set[str], set[str]]:
        """The row ids of admins and of members."""
        kept = self.store.collections
        group = kept["identity.groups"].kept.get("team")
        admins = set(group.body["admin_ids"]) if group is not None else set()
        members = kept["identity.members"].kept.values() if "identity.members" in kept else ()
        return admins, {str(member.fields["user_row_id"]) for member in members}

    def left_behind(self) -> set[str]:
        """Row ids of users who are gone and still in the group."""
        return self.now()[1] - {user.row_id for user in self._people.values()}

    async def _delete(self, user: User) -> None:
        """And makes it anew while its memberships are ended, as long as nobody else deletes it."""
        with suppress(RevisionConflict):
            await self._users.bury(user, self._now, [])
            await asyncio.gather(self._memberships.end_of_user(user.row_id), self._make(user.user_id))

    async def _make(self, name: str) -> None:
        number = len(self.store.collections["identity.users"].kept)
        user = User(
            row_id=f"{name} {number}",
            platform_id="acme",
            user_id=name,
            inserted_at=self._now,
            updated_at=self._now,
        )
        self._people[name] = await self._users.add(user, [])


_changes = st.tuples(st.sampled_from(["admin", "member", "as it is", "changed", "out"]), st.sampled_from(_NAMES))
_deleting = st.tuples(st.sampled_from(["admin", "member", "out", "deleted"]), st.sampled_from(_NAMES))


def play(rounds: list[list[Change]], seed: int) -> Team:
    """Each round's changes are made at once."""

    async def played() -> Team:
        team = Team(seed)
        await team.begin()
        for changes in rounds:
            for outcome in await team.turns.run(*(team.change(change) for change in changes)):
                if isinstance(outcome, BaseException) and not isinstance(outcome, Conflict | NotFound):
                    raise outcome
        return team

    return asyncio.run(played())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_changes, min_size=1, max_size=4), min_size=1, max_size=5), st.integers(0, 1 << 16))
def test_admins_are_members_and_one_stays(rounds: list[list[Change]], seed: int) -> None:
    play(rounds, seed)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_deleting, min_size=1, max_size=4), min_size=1, max_size=5), st.integers(0, 1 << 16))
def test_nothing_of_a_deleted_user_stays_in_a_group(rounds: list[list[Change]], seed: int) -> None:
    assert play(rounds, seed).left_behind() == set()


def test_of_two_admins_who_leave_at_once_exactly_one_may() -> None:
    for seed in range(60):
        team = play([[("admin", "ann"), ("admin", "bob")], [("out", "ann"), ("out", "bob")]], seed)
        admins, members = team.now()
        assert len(admins) == 1
        assert admins == members


def test_a_change_brings_nobody_back() -> None:
    for seed in range(60):
        team = play([[("admin", "ann"), ("member", "bob")], [("changed", "bob"), ("out", "bob")]], seed)
        assert team.now() == ({"ann 0"}, {"ann 0"})


def test_an_admin_is_named_or_taken_out_whoever_comes_first() -> None:
    for seed in range(60):
        team = play([[("admin", "bob")], [("member", "ann")], [("admin", "ann"), ("out", "ann")]], seed)
        admins, members = team.now()
        assert ("ann 0" in admins) == ("ann 0" in members)
