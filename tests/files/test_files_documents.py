"""The format: what is no service is refused with every place, and what is has one text."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.catalog.components.kinds import RULES
from services.catalog.services.schemas import ServiceUpdate
from services.files.document import SERVICE_MEMBERS, natural
from services.files.kinds import KINDS
from services.files.parsing import SCHEMA, parsed
from services.files.refused import Refused
from services.files.serializing import serialized
from tests.files.files import component, document


def text(**changes: Any) -> bytes:
    return orjson.dumps(document(**changes))


def refusal(said: bytes) -> str:
    with pytest.raises(Refused) as refused:
        parsed(said)
    return str(refused.value)


def test_the_kinds_are_those_of_the_api() -> None:
    assert {kind.value: (rules.identity, dict(rules.members)) for kind, rules in RULES.items()} == {
        name: (kind.identity, dict(kind.members)) for name, kind in KINDS.items()
    }


def test_the_schema_knows_every_member_of_every_kind() -> None:
    assert set(SCHEMA["properties"]["components"]["properties"]) == set(KINDS)
    for name, kind in KINDS.items():
        found = SCHEMA["$defs"][f"{name}s"]
        found = SCHEMA["$defs"]["conditions"] if "$ref" in found else found
        rows = found["additionalProperties"]["properties"]["versions"]["additionalProperties"]
        assert set(rows["properties"]) == {"published", *kind.members}


def test_every_writable_member_of_a_service_is_in_the_file_but_what_is_a_platforms_own() -> None:
    writable = {field.alias for field in ServiceUpdate.model_fields.values()}
    assert writable - {"defaultVersionId", "groupIds"} == set(SERVICE_MEMBERS)


def test_what_goes_without_saying_may_be_left_out_and_is_left_out() -> None:
    said = document(components={"action": {"greet": {"versions": {"1": {}}}}})
    written = orjson.loads(serialized(parsed(orjson.dumps(said))))
    assert written == {
        "format": "interactor.service/1",
        "service": {"name": "github", "enabled": True, "sharing": "none", "defaultVersion": None},
        "components": {"action": {"greet": {"identity": "greet", "versions": {"1.0.0": {"published": True}}}}},
    }


def test_the_order_of_a_file_does_not_depend_on_that_of_another() -> None:
    members = component(**{"10.0.0": {}, "2.0.0": {}})
    one = document(
        versions={"10": {}, "2": {}},
        components={"trigger": {"b": members, "a": component()}, "action": {"z": component()}},
    )
    written = serialized(parsed(orjson.dumps(one)))
    assert written == serialized(parsed(written))
    said = orjson.loads(written)
    assert list(said["versions"]) == ["2", "10"]
    assert list(said["components"]) == ["action", "trigger"]
    assert list(said["components"]["trigger"]) == ["a", "b"]
    assert list(said["components"]["trigger"]["b"]["versions"]) == ["2.0.0", "10.0.0"]


def test_names_sort_as_people_count() -> None:
    assert sorted(["1.10", "1.9", "beta", "1"], key=natural) == ["1", "1.9", "1.10", "beta"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (b"{", "The file is not valid JSON"),
        (b'{"format": NaN}', "NaN is no JSON number"),
        (b'{"format": 1, "format": 2}', "an object has the member 'format' twice"),
        (b"[" * 100_000, "The file is not valid JSON"),
        (b'{"format": 123456789012345678901234567890}', "The file is not valid JSON"),
        (b"[]", ": [] is not of type"),
        (text(format="interactor.service/2"), "/format: "),
        (text(service={}), '/service: "name" is a required property'),
        (text(securities=[{"label": {}, "type": "apiKey"}]), "/securities/0/label: "),
        (text(colour="red"), "'colour' was unexpected"),
        (
            text(components={"action": {"a": component(**{"1.0": {"logik": {}}})}}),
            "/components/action/a/versions/1.0: ",
        ),
        (text(components={"action": {"a/b": {}}}), "/components/action/a~1b: "),
        (text(components={"action": {"a": component(latest={})}}), "/components/action/a/versions: "),
    ],
)
def test_what_is_no_service_is_refused_with_its_place(said: bytes, sentence: str) -> None:
    assert sentence in refusal(said)


def test_all_that_is_wrong_is_told_at_once() -> None:
    token = {"label": {"en": "Token"}, "type": "apiKey"}
    told = refusal(
        text(
            service={"name": "github", "defaultVersion": "9"},
            secrets=["client_id"],
            securities=[token, token],
            versions={
                "1": {"defaultSecurity": "none such", "components": {"action": {"a": "1"}}},
                "2": {
                    "published": True,
                    "components": {"action": {"a": "3", "b": {"version": "1", "members": {"config": {}}}}},
                },
            },
            components={"action": {"a": component(**{"1": {}, "1.0": {}}), "b": component()}},
        )
    )
    assert told.splitlines()[1:] == [
        "  /components/action/a/versions: two of them are the same number",
        "  /securities/1/label: another security's label begins with 'Token' too",
        "  /service/defaultVersion: the file has no version '9'",
        "  /secrets/0: the file has no variable 'client_id'",
        "  /versions/1/defaultSecurity: the file has no security 'none such'",
        "  /versions/1/components: only a published version holds components",
        "  /versions/2/components/action/a: the file has no action 'a' with the version 3",
        "  /versions/2/components/action/b/members: actions have no 'config'",
    ]


def test_a_value_can_not_hide_in_a_file() -> None:
    variable = component(**{"1.0.0": {"schema": {"x-secure-default": "handle"}}})
    assert "/schema/x-secure-default" in refusal(text(components={"variable": {"secret": variable}}))
    assert "'value' was unexpected" in refusal(
        text(components={"variable": {"secret": component(**{"1.0.0": {"value": "hush"}})}})
    )


def test_two_components_of_one_identity_are_refused() -> None:
    both = {"a": {**component(), "identity": "x"}, "b": {**component(), "identity": "x"}}
    assert refusal(text(components={"action": both})) == "Two actions of the file have the identity 'x'."
