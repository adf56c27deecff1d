"""The checker notices what it is there to notice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.chaos.ledger import End, Kind, Series, back_at, verdict


def test_what_arrived_is_delivered_and_its_repetitions_are_counted() -> None:
    found = verdict({"a": Kind.DELIVERED, "b": Kind.RETRIED}, {"a": 3, "b": 1}, {})
    assert (list(found.delivered), found.repeated, found.good) == (["a", "b"], 2, True)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_was_acknowledged_and_left_no_trace_is_lost(kind: Kind) -> None:
    found = verdict({"a": kind}, {}, {})
    assert (list(found.lost), found.good) == (["a"], False)


def test_what_was_routed_and_never_arrived_is_lost() -> None:
    assert list(verdict({"a": Kind.DELIVERED}, {}, {"a": End.ROUTED}).lost) == ["a"]


@pytest.mark.parametrize("end", [End.UNDER_WAY, End.FAILED, End.DROPPED])
def test_what_came_to_no_end_or_to_another_is_unknown(end: End) -> None:
    found = verdict({"a": Kind.DELIVERED}, {}, {"a": end})
    assert (list(found.unknown), found.good) == (["a"], False)


def test_a_dead_letter_is_accounted_for() -> None:
    found = verdict({"a": Kind.RETRIED}, {}, {"a": End.DEAD})
    assert (list(found.dead), found.good) == (["a"], True)


def test_what_was_to_be_dropped_and_arrived_is_unknown() -> None:
    assert verdict({"a": Kind.DROPPED}, {}, {"a": End.DROPPED}).good
    assert list(verdict({"a": Kind.DROPPED}, {"a": 1}, {"a": End.DROPPED}).unknown) == ["a"]


def test_what_was_never_acknowledged_is_nobodys_loss() -> None:
    assert verdict({}, {"a": 1}, {"b": End.ROUTED}).good


def _counted(*counts: int) -> Series:
    return Series(Counter(dict(enumerate(counts))))


def test_the_rate_is_back_where_every_series_keeps_it_for_a_window() -> None:
    sent, arrived = (_counted(*[10] * 20), 10), (_counted(*[10] * 5, *[0] * 4, *[10] * 11), 10)
    assert back_at([sent], 5, 20, 3) == 6
    assert back_at([sent, arrived], 5, 20, 3) == 9
    assert back_at([sent, arrived], 5, 11, 3) is None


def test_a_backlog_that_comes_at_once_is_no_rate() -> None:
    assert back_at([(_counted(0, 50, 0, 0, 0, 50, 0), 10)], 0, 7, 3) is None
