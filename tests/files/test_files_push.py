"""Pushing: what is shown, what is sent, what is refused before anything is, and what is only told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.files.push import DIFFERS
from services.files.refused import Refused
from tests.files.files import component, file
from tests.files.platforms import Platform

GREET = {"action": {"greet": component()}}
HELLO = component(**{"1.0.0": {"label": {"en": "Hello"}}})


async def refusal(platform: Platform, text: bytes, **options: Any) -> str:
    """The sentence; nothing was sent."""
    with pytest.raises(Refused) as refused:
        await platform.push(text, **options)
    assert platform.writes == 0
    return str(refused.value)


async def test_what_differs_is_shown_before_and_what_was_done_after(acme: Platform) -> None:
    await acme.push(file(components={"action": {"greet": component(), "other": component()}}))
    label = {"action": {"greet": HELLO, "new": component()}}
    await acme.push(file(service={"name": "github", "displayOrder": 7}, components=label))
    assert acme.told == [
        f"github at {acme.client.url}: 0 unchanged",
        "  ~ service github: displayOrder",
        "  ~ action greet 1.0.0: label",
        "  + action new 1.0.0",
        "  - action other 1.0.0 is not in the file; --prune removes it",
        "1 added, 2 changed, by 3 requests.",
        "The service is as the file says.",
    ]


async def test_a_dry_run_sends_nothing_and_a_check_tells_by_its_exit_code(acme: Platform) -> None:
    text = file(components=GREET)
    assert await acme.push(text, dry_run=True) == 0
    assert await acme.push(text, check=True) == DIFFERS
    assert (acme.writes, acme.told[-1]) == (0, "2 requests would be sent.")
    assert (await acme.attempt("GET", "/service/github")).status == 404
    await acme.push(text)
    assert await acme.push(text, check=True) == 0
    assert acme.told[-1] == "Nothing would change."


async def test_what_is_not_in_the_file_is_removed_only_when_told(acme: Platform) -> None:
    security = {"label": {"en": "Token"}, "type": "apiKey"}
    full = file(
        securities=[security],
        versions={"1": {}, "2": {"published": True}},
        components={"action": {"greet": component(**{"1.0.0": {}, "1.1.0": {}}), "other": component()}},
    )
    bare = file(versions={"1": {}}, components=GREET)
    await acme.push(full)
    await acme.push(bare)
    assert acme.writes == 0
    await acme.push(bare, prune=True)
    assert acme.told[-2] == "4 removed, by 4 requests."
    said = orjson.loads(await acme.export())
    assert (list(said["versions"]), "securities" in said) == (["1"], False)
    assert {name: list(each["versions"]) for name, each in said["components"]["action"].items()} == {"greet": ["1.0.0"]}


async def test_who_acts_is_the_creator_unless_told_and_must_be_told_at_first(acme: Platform) -> None:
    assert "--user" in await refusal(acme, file(), user=None)
    await acme.push(file(), user="bob")
    await acme.push(file(components=GREET), user=None)
    assert (await acme.ok("GET", "/service/github/action/greet"))["created_by"] == "bob"


async def test_values_are_sealed_and_those_that_are_missing_named(acme: Platform, rival: Platform) -> None:
    text = file(components={"variable": {"id": component(), "secret": component()}})
    await acme.push(text, values={"secret": "hush"})
    assert acme.told[-3] == "Values set: secret."
    assert acme.told[-1].startswith("The catalog shows no value for id: set them")
    assert b"hush" not in b"".join(line.encode() for line in acme.told)
    await acme.push(file(components={"variable": {"id": component(), "secret": HELLO}}))
    assert "secret" not in acme.told[-1], "a change of the variable keeps its value"
    await rival.push(await acme.export())
    assert rival.told[-1].startswith("The catalog shows no value for id, secret: set them")
    assert "no variable 'none such'" in await refusal(acme, text, values={"none such": 1})


async def test_a_component_is_found_by_its_name_where_the_file_leaves_its_identity_out(acme: Platform) -> None:
    await acme.ok("POST", "/service", {"name": "github"})
    made = await acme.ok("POST", "/service/github/action", {"name": "greet"})
    await acme.push(file(components=GREET))
    assert acme.writes == 0
    other = {"action": {"greet": {**component(), "identity": "greet"}}}
    assert "is here under another identity" in await refusal(acme, file(components=other))
    await acme.push(file(components=other), prune=True)
    assert (await acme.ok("GET", "/service/github/action/greet"))["id"] != made["id"]


async def test_a_component_is_renamed_by_its_identity(acme: Platform) -> None:
    def named(first: str, second: str) -> bytes:
        return file(
            components={
                "action": {first: {**component(), "identity": "one"}, second: {**component(), "identity": "two"}}
            }
        )

    await acme.push(named("a", "b"))
    await acme.push(named("b", "c"))
    assert [row["name"] for row in await acme.ok("GET", "/service/github/action")] == ["b", "c"]
    assert "can't be renamed in one push" in await refusal(acme, named("c", "b"))


async def test_a_component_may_begin_with_any_number(acme: Platform) -> None:
    text = file(components={"action": {"greet": component(**{"2.0.0": {}, "0.1.0": {"published": False}})}})
    await acme.push(text)
    assert list(orjson.loads(await acme.export())["components"]["action"]["greet"]["versions"]) == ["0.1.0", "2.0.0"]


async def test_datatypes_may_refer_to_each_other_in_a_circle(acme: Platform) -> None:
    def taking(ref: str) -> dict[str, Any]:
        return component(**{"1.0.0": {"schema": {"data": {"x-dataType": ref}}}})

    text = file(components={"datatype": {"a": taking("b"), "b": taking("a"), "self": taking("self")}})
    await acme.push(text)
    await acme.push(text)
    assert acme.writes == 0
    dangling = file(components={"datatype": {"new": taking("none such")}})
    assert "'none such' that is not in the file" in await refusal(acme, dangling)


async def test_what_a_published_version_froze_can_not_be_changed(acme: Platform) -> None:
    await acme.push(file(versions={"1": {"published": True}}, components=GREET))
    assert "can't become the draft" in await refusal(acme, file(versions={"1": {}}, components=GREET))
    other = {"action": {"greet": component(**{"1.0.0": {}, "1.1.0": {}})}}
    frozen = {"1": {"published": True, "components": {"action": {"greet": "1.1.0"}}}}
    assert "the file has other action 'greet'." in await refusal(acme, file(versions=frozen, components=other))
    await acme.push(file(versions={"1": {"published": True}}, components=other))
    assert orjson.loads(await acme.export())["versions"]["1"]["components"] == {"action": {"greet": "1.0.0"}}


async def test_a_version_is_not_published_with_what_the_file_does_not_have(acme: Platform) -> None:
    await acme.push(file(components={"action": {"greet": component(), "other": component()}}))
    text = file(versions={"1": {"published": True}}, components=GREET)
    assert "it would hold the action 'other' 1.0.0, which is not in the file" in await refusal(acme, text)
    await acme.push(text, prune=True)
    assert orjson.loads(await acme.export())["versions"]["1"]["components"] == {"action": {"greet": "1.0.0"}}


async def test_what_the_product_refuses_is_told_with_how_far_it_came(acme: Platform) -> None:
    event = component(**{"1.0.0": {"config": {"verify": "none such"}}})
    with pytest.raises(Refused, match=r"unknown preset 'none such'.*\n2 of 3 requests were done; once this is put"):
        await acme.push(file(components={**GREET, "event": {"notification": event}}))


async def test_a_service_for_groups_needs_groups_of_the_product(acme: Platform) -> None:
    text = file(service={"name": "github", "sharing": "group"})
    assert "--group" in await refusal(acme, text)
