"""Bodies: JSON in either casing, every failure at once with its path, whatever else is sent refused or ignored."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pydantic import model_validator

from libs.common.errors import Forbidden, Invalid, UnsupportedMedia
from libs.common.web.body import Body, parse_body, parse_json, too_deep


class Inner(Body):
    size_bytes: int


class Sample(Body):
    server_owned = frozenset({"sample_id"})

    display_name: str | None = None
    inner: Inner | None = None
    parts: list[Inner] = []
    config: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _named(self) -> Sample:
        if self.display_name == "refused":
            raise ValueError("displayName: choose another")
        if self.display_name == "refused as a whole":
            raise ValueError("The whole is wrong: all of it")
        return self


def given(value: Any) -> dict[str, Any]:
    return parse_body(Sample, value, "acme").given()


def failures(value: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        parse_body(Sample, value, "acme")
    return {detail.path: detail.message for detail in refused.value.details}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; charset=utf-8; version=1",
        "application/merge-patch+json",
        "text/json",
    ],
)
def test_json_is_taken_under_its_types(content_type: str) -> None:
    assert parse_json(b'{"a": 1}', content_type) == {"a": 1}


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "json", "application/json; charset=utf-16", "te\udcff"],
)
def test_another_type_is_refused_by_its_name(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia) as refused:
        parse_json(b"{}", content_type)
    assert refused.value.message.isprintable()
    assert refused.value.message.encode()


def test_an_empty_body_is_an_empty_object_of_any_type() -> None:
    assert parse_json(b"", "text/plain") == {}


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b'{"a": 1,\n "b": }', "line 2, column 7"),
        (b"{", "line 1, column 2"),
        (b'{"a": NaN}', "line 1, column 7"),
        (b'{"a": "\\ud800"}', "line 1, column 8"),
        (b"\xff", "line 1, column 1"),
        (b"[" * 5000, "depth limit"),
        (b'{"a": ' + b"9" * 500 + b"}", "line 1, column 7"),
    ],
)
def test_malformed_json_says_where(raw: bytes, where: str) -> None:
    with pytest.raises(Invalid, match=where) as refused:
        parse_json(raw, "application/json")
    assert refused.value.code == "malformed_json"


def test_members_are_taken_in_either_case() -> None:
    assert given({"displayName": "a"}) == given({"display_name": "a"}) == {"display_name": "a"}
    assert given({"inner": {"sizeBytes": 1}}) == given({"inner": {"size_bytes": 1}})


def test_a_member_in_both_cases_is_refused() -> None:
    assert set(failures({"displayName": "a", "display_name": "b"})) == {"display_name"}


def test_names_inside_free_members_stay_as_they_are() -> None:
    config = {"someName": 1, "some_name": {"createdBy": 2}}
    assert given({"config": config}) == {"config": config}


def test_what_was_not_sent_is_not_given() -> None:
    assert given({}) == {}
    assert given({"displayName": None}) == {"display_name": None}


def test_every_unknown_member_is_named_with_its_path() -> None:
    body = {"one": 1, "Two": 2, "inner": {"sizeBytes": 1, "three": 3}, "parts": [{"sizeBytes": 1, "four": 4}]}
    assert failures(body) == dict.fromkeys(("one", "Two", "inner.three", "parts.0.four"), "unknown member; remove it")


def test_all_failures_come_at_once() -> None:
    found = failures({"displayName": 1, "inner": {}, "parts": [{"sizeBytes": "1"}], "other": 0})
    assert set(found) == {"displayName", "inner.sizeBytes", "parts.0.sizeBytes", "other"}
    assert found["inner.sizeBytes"] == "required"


def test_the_sentence_has_the_first_failures_and_counts_the_rest() -> None:
    with pytest.raises(Invalid, match=r"a: .*; b: .*; c: .*; and 2 more$"):
        parse_body(Sample, dict.fromkeys("abcde", 0), "acme")


def test_a_rule_of_the_whole_body_names_its_member() -> None:
    assert failures({"displayName": "refused"}) == {"displayName": "choose another"}
    assert failures({"displayName": "refused as a whole"}) == {"": "The whole is wrong: all of it"}


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_a_body_that_is_no_object_is_refused(value: Any) -> None:
    assert failures(value) == {"": "The body must be a JSON object."}


@pytest.mark.parametrize(
    "name", ["insertedAt", "inserted_at", "createdBy", "updated_by", "platformId", "platform", "sampleId", "sample_id"]
)
def test_what_the_server_owns_is_ignored(name: str) -> None:
    assert given({name: "acme", "displayName": "a"}) == {"display_name": "a"}


@pytest.mark.parametrize("name", ["platformId", "platform_id", "platform"])
@pytest.mark.parametrize("value", ["other", "", 1, ["acme"], {"id": "acme"}])
def test_another_platforms_body_is_forbidden(name: str, value: Any) -> None:
    with pytest.raises(Forbidden):
        given({name: value})


def test_no_platform_is_no_other_platform() -> None:
    assert given({"platformId": None}) == {}


def test_values_are_taken_as_they_are_typed() -> None:
    assert set(failures({"inner": {"sizeBytes": "1"}})) == {"inner.sizeBytes"}
    assert set(failures({"inner": {"sizeBytes": True}})) == {"inner.sizeBytes"}


@pytest.mark.parametrize("name", ["A" * 1_000_000, "aA" * 500_000, "_" * 1_000_000])
def test_a_giant_name_costs_no_time_and_is_not_repeated_whole(name: str) -> None:
    started = time.process_time()
    found = failures({name: 1, "inner": {name: 1}})
    assert time.process_time() - started < 0.5
    assert max(map(len, found)) <= 200


def test_failures_without_end_are_not_listed() -> None:
    body = {f"unknown{number}": 0 for number in range(50_000)}
    assert len(failures({"inner": body})) == 1


def test_depth_is_measured_without_recursion() -> None:
    nested: Any = 1
    for _ in range(100):
        nested = [nested]
    assert not too_deep({"a": 1})
    assert not too_deep(nested[0])
    assert too_deep([nested])
    assert too_deep({"a": nested})


def test_the_least_depth_that_is_too_deep() -> None:
    assert not too_deep([[1]], limit=3)
    assert too_deep([[[1]]], limit=3)
