"""Scripts that run for ever slow nobody else's down."""

from __future__ import annotations

import asyncio
import time

from tests.product import Running


async def _action(product: Running, name: str, script: str) -> None:
    execute = {"@type": "script", "language": "javascript", "script": script}
    await product.ok("POST", "/v1/service/s/action?userId=ada", json={"name": name, "logic": {"execute": execute}})


async def test_a_crowd_of_endless_scripts_leaves_room_for_a_short_one(product: Running) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "s"})
    await _action(product, "loop", "while (true) {}")
    await _action(product, "short", "return 1")
    path = "/v1/service/s/action/{}/execute?userId=ada"
    loops = [asyncio.create_task(product.api("POST", path.format("loop"), json={})) for _ in range(6)]
    await asyncio.sleep(0.3)
    started = time.monotonic()
    assert (await product.api("POST", path.format("short"), json={})).body["output"] == 1
    assert time.monotonic() - started < 0.9  # one endless script alone takes a second until it is ended
    answers = await asyncio.gather(*loops)
    assert {answer.body["code"] for answer in answers} == {"budget_exceeded"}


async def test_a_component_holds_so_many_scripts_and_no_more(product: Running) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    await product.ok("POST", "/v1/service?userId=ada", json={"name": "s"})
    scripts = [{"@type": "script", "language": "javascript", "script": "return 1"}] * 201
    body = {"name": "many", "logic": {"execute": scripts}}
    answer = await product.api("POST", "/v1/service/s/action?userId=ada", json=body)
    assert answer.status == 400
    assert answer.body["details"][0]["path"] == "logic"
