"""Versions that share topics read each other's events: `previous` holds the examples of the version before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from libs.common.bus.port import Message
from libs.common.contracts.envelope import Event, decode
from libs.common.contracts.topics import TOPICS

_NOW = Path(__file__).parents[3] / "libs" / "common" / "contracts" / "examples"
_PREVIOUS = sorted((Path(__file__).parent / "previous").glob("*.json"), key=lambda path: path.name)
_TYPES = {event.type: event for topic in TOPICS.values() for event in topic.events}


def _read(type_: type[Event], attributes: dict[str, Any]) -> Event:
    heard = decode(Message(type_.topic, "key", orjson.dumps(attributes)), type_)
    assert heard is not None
    return heard.event


@pytest.mark.parametrize("path", _PREVIOUS, ids=lambda path: path.stem)
def test_what_the_version_before_says_is_understood(path: Path) -> None:
    attributes = orjson.loads(path.read_bytes())
    event = _read(_TYPES[attributes["type"]], attributes)
    assert attributes["data"].items() <= orjson.loads(orjson.dumps(event.members())).items()


@pytest.mark.parametrize("path", _PREVIOUS, ids=lambda path: path.stem)
def test_the_version_before_finds_what_it_knows_in_what_is_said_now(path: Path) -> None:
    before, now = (orjson.loads(each.read_bytes()) for each in (path, _NOW / path.name))
    assert before["data"].keys() <= now["data"].keys()
    assert {name: type(value) for name, value in before["data"].items()} == {
        name: type(now["data"][name]) for name in before["data"]
    }


@pytest.mark.parametrize("path", _PREVIOUS, ids=lambda path: path.stem)
def test_what_a_later_version_says_besides_is_ignored(path: Path) -> None:
    attributes = orjson.loads(path.read_bytes())
    known = _read(_TYPES[attributes["type"]], attributes)
    attributes["data"]["addedLater"] = {"by": ["the", "next", "version"]}
    assert _read(_TYPES[attributes["type"]], {**attributes, "extension": 1}) == known
