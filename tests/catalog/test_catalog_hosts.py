"""A public service names the hosts that users' credentials may go to."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog.world import World

_SECURITY = "/service/github/security"
_PUBLISH = "/service/github/publish?contributor_id=ann"
_BOUND = {"apply": {"hosts": ["api.github.com", "*.GitHub.com"]}}
OPEN: list[dict[str, Any]] = [
    {},
    {"apply": {"in": "header"}},
    {"apply": {"hosts": None}},
    {"apply": {"hosts": "api.github.com"}},
    {"apply": {"hosts": ["api.github.com", "*"]}},
    {"apply": {"hosts": ["*.com"]}},
    {"apply": {"hosts": ["evil.com#.github.com"]}},
    {"apply": {"hosts": ["api.github.com:443"]}},
    {"apply": []},
]


def security(config: dict[str, Any], label: str = "key") -> dict[str, Any]:
    return {"label": {"en": label}, "type": "bearer", "config": config}


@pytest.fixture(autouse=True)
async def _github(world: World) -> None:
    await world.make_service()
    await world.make("version", "1")


@pytest.mark.parametrize("config", OPEN)
async def test_a_service_whose_tokens_may_go_anywhere_can_not_be_published(
    world: World, config: dict[str, Any]
) -> None:
    await world.ok("POST", _SECURITY, security(_BOUND, "good"))
    await world.ok("POST", _SECURITY, security(config))
    problem = await world.refused(409, "POST", _PUBLISH, user=None)
    assert problem["code"] == "not_publishable"
    [detail] = problem["details"]
    assert detail["path"] == "security.key.config"
    assert "hosts" in detail["message"] or "config.apply must be an object" in detail["message"]
    assert (await world.ok("GET", "/service/github"))["sharing"] == "none"


async def test_once_public_it_stays_so(world: World) -> None:
    made = await world.ok("POST", _SECURITY, security(_BOUND))
    await world.ok("POST", _PUBLISH, user=None)
    for config in OPEN:
        for method, path in (("PUT", f"{_SECURITY}/{made['id']}"), ("POST", _SECURITY)):
            problem = await world.refused(409, method, path, security(config))
            assert problem["code"] == "hosts_required"
    narrowed = {"apply": {"hosts": []}}
    await world.ok("PUT", f"{_SECURITY}/{made['id']}", security(narrowed))
    assert (await world.ok("GET", f"{_SECURITY}/key"))["config"] == narrowed
    assert len(await world.ok("GET", _SECURITY)) == 1


async def test_an_own_service_may_leave_it_open(world: World) -> None:
    for number, config in enumerate(OPEN):
        await world.ok("POST", _SECURITY, security(config, f"key-{number}"))
