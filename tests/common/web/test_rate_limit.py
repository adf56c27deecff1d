"""How often a key may ask: a bucket for each, and what the answers say of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from libs.common.errors import RateLimited
from libs.common.settings import Settings
from libs.common.web.rate_limit import RateLimits
from tests.product import running


class Watch:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def spent(limits: RateLimits, key: str = "key") -> str:
    """What the answer says, or how long to wait."""
    headers: dict[str, str] = {}
    try:
        limits.spend(key, headers)
    except RateLimited as refused:
        assert headers["RateLimit"].startswith('"key";r=0;')
        return f"wait {refused.retry_after_s}"
    return headers["RateLimit"]


def test_a_key_may_ask_as_often_as_its_bucket_fills() -> None:
    watch = Watch()
    limits = RateLimits(2, 4, monotonic=watch)
    assert [spent(limits) for _ in range(5)] == [
        '"key";r=3;t=1',
        '"key";r=2;t=1',
        '"key";r=1;t=2',
        '"key";r=0;t=2',
        "wait 1",
    ]
    watch.now_s = 0.5
    assert [spent(limits) for _ in range(2)] == ['"key";r=0;t=2', "wait 1"]
    watch.now_s = 60
    assert spent(limits) == '"key";r=3;t=1'


def test_a_slow_limit_says_how_long_it_takes() -> None:
    limits = RateLimits(0.1, 1, monotonic=Watch())
    assert [spent(limits), spent(limits)] == ['"key";r=0;t=10', "wait 10"]


def test_keys_have_a_bucket_each() -> None:
    limits = RateLimits(1, 1, monotonic=Watch())
    assert [spent(limits, key) for key in ("a", "b", "a")] == ['"key";r=0;t=1', '"key";r=0;t=1', "wait 1"]


def test_the_policy_is_told() -> None:
    headers: dict[str, str] = {}
    RateLimits(5, 20).spend("key", headers)
    assert headers["RateLimit-Policy"] == '"key";q=20;w=4'


def test_buckets_that_are_full_are_forgotten() -> None:
    watch = Watch()
    limits = RateLimits(1, 1, monotonic=watch)
    for number in range(10_000):
        spent(limits, f"key {number}")
    watch.now_s = 0.5
    assert spent(limits, "key 0") == "wait 1"
    watch.now_s = 1
    spent(limits, "one more")
    assert len(limits._buckets) == 1


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        ({}, None),
        ({"rate_limit_per_s": 1.5}, '"key";q=2;w=2'),
        ({"rate_limit_per_s": 2, "rate_limit_burst": 9}, '"key";q=9;w=5'),
    ],
)
def test_a_limit_is_set_by_the_rate(settings: Any, policy: str | None) -> None:
    limits = RateLimits.of(Settings(**settings))
    headers: dict[str, str] = {}
    if limits is not None:
        limits.spend("key", headers)
    assert headers.get("RateLimit-Policy") == policy


async def test_who_asks_too_often_is_turned_away_and_told_when_to_come_back() -> None:
    async with running(rate_limit_per_s=0.01, rate_limit_burst=2) as product:
        first = await product.api("GET", "/v1/user")
        assert (first.status, first.headers["RateLimit"]) == (200, '"key";r=1;t=100')
        posted = await product.api("POST", "/v1/user", json={}, headers={"Idempotency-Key": "k"})
        assert (posted.status, posted.headers["RateLimit-Policy"]) == (400, '"key";q=2;w=200')
        refused = await product.api("GET", "/v1/service")
        assert (refused.status, refused.body["code"]) == (429, "rate_limited")
        assert re.fullmatch(r'"key";r=0;t=(199|200)', refused.headers["RateLimit"])
        assert 90 < int(refused.headers["Retry-After"]) <= 100
        assert (await product.plain("GET", "/readyz")).status == 200
        assert (await product.plain("GET", "/v1/user", headers={"api_key": "unknown"})).status == 401


async def test_without_a_limit_nothing_is_said_of_one() -> None:
    async with running() as product:
        assert "RateLimit" not in (await product.api("GET", "/v1/user")).headers
