"""Bodies of users, groups and members: what is taken, and what is refused by which member."""

from __future__ import annotations

from typing import Any

import pytest

from libs.common.errors import Invalid
from libs.common.web.body import parse_body
from services.identity.groups.schemas import GroupCreate, GroupUpdate, MemberCreate
from services.identity.users.schemas import UserCreate


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "g", "source": "elsewhere"}, "source"),
        ({"name": "g", "authorization": []}, "authorization"),
        ({"name": "g", "authorization": {}, "Authorization": {"a": 1}}, "authorization"),
        ({"name": "g", "id": "a\u0000"}, "id"),
        ({"name": "g", "colour": "blue"}, "colour"),
    ],
)
def test_a_malformed_group_is_refused_by_the_member(members: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body(GroupCreate, members, "acme")
    assert [each.path for each in refused.value.details] == [path]


def test_an_authorization_is_taken_as_it_is_in_either_spelling() -> None:
    for spelling in ("authorization", "Authorization"):
        body = parse_body(GroupUpdate, {spelling: {"some_member": {"otherMember": None}}}, "acme")
        assert body.given() == {"authorization": {"some_member": {"otherMember": None}}}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({}, "userId"),
        ({"userId": "a", "id": "b"}, "userId"),
        ({"userId": "a", "role": "owner"}, "role"),
        ({"userId": "a", "email": "a@b.c"}, "email"),
    ],
)
def test_a_malformed_member_is_refused_by_the_member(members: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body(MemberCreate, members, "acme")
    assert [each.path for each in refused.value.details] == [path]


@pytest.mark.parametrize("identity", [{"userId": "u"}, {"user_id": "u"}, {"id": "u"}, {"userId": "u", "id": "u"}])
def test_a_user_is_named_by_either_identifier(identity: dict[str, str]) -> None:
    assert parse_body(UserCreate, identity, "acme").identifier == "u"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({}, "userId"),
        ({"userId": "a", "id": "b"}, "userId"),
        ({"userId": ""}, "userId"),
        ({"userId": "a" * 257}, "userId"),
        ({"userId": 2}, "userId"),
        ({"userId": "a\u0000"}, "userId"),
        ({"userId": "u", "name": "line\nbreak"}, "name"),
        ({"userId": "u", "name": "escape\x1b[31m"}, "name"),
        ({"userId": "u", "name": "next line\u0085"}, "name"),
        ({"userId": "u", "name": ""}, "name"),
        ({"userId": "u", "email": "nobody"}, "email"),
        ({"userId": "u", "email": "a b@example.com"}, "email"),
        ({"userId": "u", "role": "admin"}, "role"),
    ],
)
def test_a_malformed_user_is_refused_by_the_member(members: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_body(UserCreate, members, "acme")
    assert [each.path for each in refused.value.details] == [path]
