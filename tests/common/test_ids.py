"""Ids sort by time, and follow from a parent where a rerun must find its own work."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from libs.common.ids import derived_id, new_id, seeded


def _three_under(seed: str) -> list[str]:
    with seeded(seed):
        return [new_id() for _ in range(3)]


def test_a_new_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_no_id_comes_twice() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_a_derived_id_is_a_uuid_of_version_8() -> None:
    made = uuid.UUID(derived_id("parent", "part"))
    assert (made.version, made.variant) == (8, uuid.RFC_4122)


def test_a_derived_id_sorts_beside_its_parent() -> None:
    parent = new_id()
    assert derived_id(parent, "part")[:13] == parent[:13]


def test_a_parent_that_only_resembles_an_id_is_text_like_any_other() -> None:
    resembling = "a-platform-wit7h-thirty-six-letters!"
    assert len(resembling) == 36
    assert uuid.UUID(derived_id(resembling.replace("t7", "77"), "part")).version == 8


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=1, max_size=4))
def test_any_text_has_a_derived_id(parts: list[str]) -> None:
    assert derived_id(*parts) == derived_id(*parts)


def test_parts_are_told_apart_whatever_they_hold() -> None:
    assert (
        len({derived_id("a", "b\0c"), derived_id("a\0b", "c"), derived_id("a", "b", "c"), derived_id("a", "bc")}) == 4
    )


def test_a_rerun_makes_the_same_ids_in_the_same_order() -> None:
    assert _three_under("seed") == _three_under("seed")
    assert len(set(_three_under("seed"))) == 3


def test_other_seeds_make_other_ids() -> None:
    assert not set(_three_under("one")) & set(_three_under("two"))


def test_after_a_seeded_block_ids_are_new_again() -> None:
    _three_under("seed")
    assert uuid.UUID(new_id()).version == 7
