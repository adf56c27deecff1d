"""What the comparison with a sample finds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.matching import differences


@pytest.mark.parametrize(
    ("sample", "answer", "found"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"createdBy": "x"}, {"created_by": "x"}, [".createdBy: missing", ".created_by: neither"]),
        ({"a": 1}, {"a": "1"}, [".a: str instead of number"]),
        ({"a": None}, {"a": "1"}, [".a: str instead of NoneType"]),
        ({"tag": None}, {"tag": ["1"]}, []),
        ({"at": "22024-01-01T00:00:00"}, {"at": "2024-01-01T00:00:00Z"}, [".at: "]),
        ({"schema": {}}, {"schema": {"type": "object"}}, []),
        ({"schema": {}}, {"schema": []}, [".schema: "]),
        ([{"a": 1}], [{"a": 1}, {}], [".1.a: missing"]),
        ([{"a": 1}], [], [": an empty list"]),
        ("", {}, [": dict instead of str"]),
    ],
)
def test_what_differs_is_found(sample: Any, answer: Any, found: list[str]) -> None:
    differing = sorted(differences(sample, answer))
    assert len(differing) == len(found)
    assert all(one.startswith(other) for one, other in zip(differing, sorted(found), strict=True))


def test_members_that_are_added_must_be_there() -> None:
    assert (
        list(
            differences(
                {"oauth": {}},
                {"oauth": {"expiresAt": None}, "state": "active"},
                frozenset({"state", "oauth.expiresAt"}),
            )
        )
        == []
    )
    assert list(differences({}, {}, frozenset({"state"}))) == [".state: said to be added, and is not there"]
