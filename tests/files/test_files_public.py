"""Public services: a file publishes them, and what others rely on is refused before anything is changed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import orjson
import pytest

from services.files.refused import Refused
from tests.files.files import component, file
from tests.files.platforms import Platform, platforms

SERVICE = {"name": "github", "sharing": "public"}
ONE = {"published": True, "components": {"action": {"greet": "1.0.0"}}}
TWO = {"published": True, "components": {"action": {"greet": "1.1.0"}}}
PUBLIC = file(service=SERVICE, versions={"1": ONE}, components={"action": {"greet": component()}})


@pytest.fixture
async def elsewhere() -> AsyncIterator[Platform]:
    """A platform of another product, where the name is free."""
    async with platforms() as (acme, _):
        yield acme


async def test_a_public_service_is_published_once_all_is_there_and_equal_elsewhere(
    acme: Platform, elsewhere: Platform
) -> None:
    await acme.push(PUBLIC)
    assert acme.client.written[-1][1].endswith("/publish")
    await acme.push(PUBLIC)
    assert acme.writes == 0
    text = await acme.export()
    assert orjson.loads(text)["service"]["sharing"] == "public"
    await elsewhere.push(text)
    assert await elsewhere.export() == text


async def test_it_grows_by_new_versions(acme: Platform, elsewhere: Platform) -> None:
    await acme.push(PUBLIC)
    greet = component(**{"1.0.0": {}, "1.1.0": {"label": {"en": "Hello"}}})
    grown = file(
        service={**SERVICE, "defaultVersion": "2"},
        versions={"1": ONE, "2": TWO},
        components={"action": {"greet": greet}},
    )
    await acme.push(grown)
    await elsewhere.push(await acme.export())
    assert await elsewhere.export() == await acme.export()


GREET = component()
TAGGED = component(**{"1.0.0": {"tag": ["new"]}})
UNTAGGED = {"published": True, "components": {"action": {"greet": {"version": "1.0.0", "members": {"tag": None}}}}}
NAMED = {"published": True, "components": {"action": {"hello": {"version": "1.0.0", "name": "greet"}}}}


@pytest.mark.parametrize(
    ("versions", "components", "sentence"),
    [
        ({"1": ONE}, {"greet": TAGGED}, "the file has other action 'greet' .tag.. Keep what was frozen"),
        ({"1": UNTAGGED}, {"greet": TAGGED}, "stays as it is .tag would change"),
        ({"1": NAMED}, {"hello": {**GREET, "identity": "greet"}}, "keeps its name"),
        ({"1": {**ONE, "label": {"en": "One"}}}, {"greet": GREET}, "is published in a public service and stays"),
        ({"1": {}}, {"greet": GREET}, "`defaultVersion` is a published version"),
        (
            {"1": ONE, "2": {"published": True, "components": {}}},
            {"greet": GREET},
            "it is without the action 'greet' 1.0.0, which is published in a public service",
        ),
    ],
)
async def test_what_others_rely_on_stays(
    acme: Platform, versions: dict[str, object], components: dict[str, object], sentence: str
) -> None:
    await acme.push(PUBLIC)
    before = await acme.export()
    with pytest.raises(Refused, match=sentence):
        await acme.push(file(service=SERVICE, versions=versions, components={"action": components}))
    assert (acme.writes, await acme.export()) == (0, before)


async def test_what_was_public_is_first_made_private_again(acme: Platform) -> None:
    await acme.push(PUBLIC)
    await acme.push(file(versions={"1": UNTAGGED}, components={"action": {"greet": TAGGED}}))
    assert [method for method, _ in acme.client.written] == ["PUT", "PUT"]


async def test_another_platforms_public_service_is_copied_not_changed(acme: Platform, rival: Platform) -> None:
    await acme.push(PUBLIC)
    text = await rival.export()
    assert text == await acme.export()
    private = text.replace(b'"public"', b'"none"')
    await rival.push(private)
    assert await rival.export() == private
    assert await acme.export() == text
