"""What the doctor finds, and that it makes nothing worse."""

from __future__ import annotations

import argparse
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from libs.common.settings import Settings
from services.doctor import diagnose
from services.topics import make_topics
from tests.engines.fixtures import EngineUrls


async def _found(capsys: pytest.CaptureFixture[str], settings: Settings, *roles: str) -> tuple[int, dict[str, str]]:
    """The exit code, and by what it is about the worst that was said."""
    code = await diagnose(settings, argparse.Namespace(roles=roles, json=True))
    said: dict[str, str] = {}
    for each in orjson.loads(capsys.readouterr().out):
        said[each["of"]] = f"{said.get(each['of'], '')}{each['level']}: {each['what']}\n"
    return code, said


async def test_a_local_product_is_well(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, said = await _found(capsys, Settings(data_dir=tmp_path))
    assert code == 0
    assert (said["store"][:3], said["bus"][:3], said["peers"][:3]) == ("ok:", "ok:", "ok:")


async def test_each_part_that_is_wrong_is_a_sentence_without_secrets(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path, store_url="mongodb://me:hush@127.0.0.1:1/a.b", bus_url="kafka://me:hush@127.0.0.1:1"
    )
    code, said = await _found(capsys, settings, "executor")
    assert code == 1
    assert "prefix" in said["store"]
    assert "can't be reached" in said["bus"]
    assert "PEER_URLS names no" in said["peers"]
    assert "hush" not in str(said)


@pytest.mark.engines
async def test_topics_that_are_missing_are_told_and_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, engine_urls: EngineUrls
) -> None:
    prefix = f"doctor{uuid4().hex[:8]}"
    settings = Settings(
        data_dir=tmp_path, store_url=f"{engine_urls.store}/{prefix}", bus_url=f"{engine_urls.bus}/{prefix}"
    )
    code, said = await _found(capsys, settings)
    assert code == 0
    assert "lacks topics" in said["bus"]
    assert await make_topics(settings, argparse.Namespace()) == 0
    assert f"made {prefix}.webhooks.notifications\n" in capsys.readouterr().out
    code, said = await _found(capsys, settings)
    assert code == 0
    assert "lacks topics" not in said["bus"]
    assert "is missing" not in said["store"]
