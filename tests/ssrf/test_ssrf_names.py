"""Names that lead somewhere else each time they are asked for."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from libs.common.egress import Rule
from libs.logic.errors import LogicError
from tests.runtime.provider import Provider
from tests.ssrf.conftest import PUBLIC_HOST, Names, Run, Trap, Watch

PUBLIC, LOOPBACK = ["8.8.8.8"], ["127.0.0.1"]


def get(url: str) -> dict[str, Any]:
    return {"@type": "http", "method": "GET", "url": url, "auth": "none"}


def fetch(url: str) -> dict[str, Any]:
    return {"@type": "script", "script": f"return (await fetch({url!r})).status"}


WAYS = pytest.mark.parametrize("way", [get, fetch])


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (LOOPBACK, Rule.LOOPBACK),
        ([*PUBLIC, *LOOPBACK], Rule.LOOPBACK),
        ([*LOOPBACK, *PUBLIC], Rule.LOOPBACK),
        (["2606:4700::1111", "::1"], Rule.LOOPBACK),
        (["8.8.8.8", "2606:4700::1111", "::ffff:7f00:1"], Rule.LOOPBACK),
        (["8.8.8.8", "169.254.169.254"], Rule.METADATA),
        (["0.0.0.0"], Rule.UNSPECIFIED),
    ],
)
@WAYS
async def test_a_name_that_answers_both_at_once_is_refused(
    run: Run, names: Names, watch: Watch, counted: Counter[str], way: Any, answer: list[str], rule: Rule
) -> None:
    names.answers["both.test"] = [answer]
    with pytest.raises(LogicError, match=r"^both\.test leads to"):
        await run(way("http://both.test/"))
    assert watch.connections == []
    assert counted == {rule: 1}


@WAYS
async def test_what_was_checked_is_what_is_connected_to(
    run: Run, names: Names, public: Provider, trap: Trap, watch: Watch, way: Any
) -> None:
    """The first answer is one that may be reached, every later one is loopback: nobody asks a second time."""
    asked: list[str] = []

    class Rebinding(list[list[str]]):
        def pop(self, _index: Any = 0) -> list[str]:
            asked.append("again")
            return super().pop(0)

    names.answers[PUBLIC_HOST] = Rebinding([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    await run(way(f"http://{PUBLIC_HOST}:{public.port}/"))
    assert asked == ["again"]
    assert watch.connections == [("127.0.0.1", public.port)]
    assert trap.heard == []


@WAYS
async def test_a_name_that_was_public_is_checked_anew(
    run: Run, names: Names, watch: Watch, counted: Counter[str], way: Any
) -> None:
    names.answers["turns.test"] = [LOOPBACK, [*PUBLIC, "10.0.0.1"], ["169.254.169.254"]]
    for _ in range(3):
        with pytest.raises(LogicError) as refused:
            await run(way("http://turns.test/"))
        assert "turns.test leads to" in refused.value.message
    assert watch.connections == []
    assert counted == {Rule.LOOPBACK: 1, Rule.PRIVATE: 1, Rule.METADATA: 1}
