"""What is said of a replica set, from what a member says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from libs.common.findings import Level
from libs.common.store.mongo_inspection import about_clock, about_members


@pytest.mark.parametrize(
    ("hosts", "passives", "seen", "level", "words"),
    [
        (["a", "b", "c"], [], 3, Level.OK, "all 3 of rs0"),
        (["a", "b"], ["c"], 3, Level.OK, "all 3 of rs0"),
        (["a", "b", "c"], [], 2, Level.WARN, "2 of the 3 members of rs0 can be reached from here; with fewer than 2 "),
        (["a"], [], 1, Level.WARN, "is a replica set of 1"),
    ],
)
def test_members(hosts: list[str], passives: list[str], seen: int, level: Level, words: str) -> None:
    hello = {"setName": "rs0", "hosts": hosts, "passives": passives}
    (finding,) = about_members("a:27017", hello, seen)
    assert (finding.level, words in finding.what) == (level, True)


def test_a_router_tells_nothing_of_members() -> None:
    assert list(about_members("router", {"msg": "isdbgrid"}, 1)) == []


def test_which_clock_is_ahead() -> None:
    assert "is 5.0 s ahead of this machine's" in about_clock("a", timedelta(seconds=5)).what
    assert "is 60.0 s behind this machine's" in about_clock("a", timedelta(seconds=-60)).what
