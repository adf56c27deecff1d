"""The services of examples/ are as `export` would print them, and work on a fresh product."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from services.files.client import Client
from services.files.export import find
from services.files.parsing import parsed
from services.files.push import Options, push
from services.files.serializing import serialized
from tests.product import Answer, Running
from tests.webhooks.story import subscriber

EXAMPLES = sorted((Path(__file__).parent.parent.parent / "examples").glob("*.json"))


@pytest.fixture
async def pushed(product: Running) -> Running:
    """A product that has all of them, of the user `ada`."""
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    told: list[str] = []
    async with Client(product.url, "default") as client:
        for path in EXAMPLES:
            assert await push(client, parsed(_text(path)), Options(user="ada"), told.append) == 0
    return product


def _text(path: Path) -> bytes:
    return path.read_bytes()


async def test_each_pushes_to_a_fresh_product_and_comes_back_as_it_was(pushed: Running) -> None:
    assert [path.stem for path in EXAMPLES] == ["github", "openweather", "slack"]
    async with Client(pushed.url, "default") as client:
        for path in EXAMPLES:
            found = await find(client, path.stem)
            assert found is not None
            assert serialized(found.document).decode() == _text(path).decode()
            told: list[str] = []
            await push(client, found.document, Options(), told.append)
            assert any("Nothing to change" in line for line in told), told


async def test_slack_is_answered_its_challenge_and_its_messages_reach_who_asked_for_the_channel(
    pushed: Running,
) -> None:
    setting = await pushed.ok("GET", "/v1/service/slack/webhookSetting?userId=ada")
    assert setting["Request URL"] == setting["url"]
    answer = await _slack(pushed, setting, {"type": "url_verification", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY"})
    assert (answer.status, answer.body) == (200, b"3eZbrw1aBm2rZgRNFdxV2595E9CY")
    async with subscriber() as taking:
        body = {"url": taking.url, "variables": {"channel": "C1"}}
        await pushed.ok("POST", "/v1/service/slack/trigger/message.posted/subscription?userId=ada", json=body)
        for channel in ("C2", "C1"):
            event = {"type": "message", "channel": channel, "user": "U1", "text": "hello", "ts": "1700000000.000100"}
            sent = {"type": "event_callback", "event_id": f"Ev{channel}", "event": event}
            assert (await _slack(pushed, setting, sent)).status == 200
        (delivered,) = await taking.wait_for(1)
    assert delivered["data"] == {
        "channel": "C1",
        "id": "1700000000.000100",
        "by": "U1",
        "text": "hello",
        "thread": None,
    }


async def _slack(product: Running, setting: dict[str, Any], content: dict[str, Any]) -> Answer:
    """As https://docs.slack.dev/authentication/verifying-requests-from-slack signs it."""
    body, at = json.dumps(content).encode(), str(int(time.time()))
    signature = hmac.new(setting["secret"].encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": f"v0={signature}",
    }
    return await product.plain("POST", setting["url"].removeprefix(product.url), data=body, headers=headers)
