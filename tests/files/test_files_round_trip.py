"""Two platforms with the same file end up equal, whatever their services went through."""

from __future__ import annotations

import pytest

from tests.files.platforms import Broken, Platform

SCRIPT = {"@type": "script", "script": "return 1"}


async def make_service(platform: Platform) -> None:
    """One with something of everything, versions frozen and changed since."""
    ok, inside = platform.ok, "/service/github"
    await ok("POST", "/service", {"name": "github", "displayOrder": 3, "type": "code", "enabled": False})
    await ok("POST", f"{inside}/security", {"label": {"ko": "토큰", "en": "Token"}, "type": "apiKey"})
    await ok("POST", f"{inside}/variable", {"name": "client_id", "schema": {"type": "string"}, "value": "hush"})
    data = {"data": {"type": "string"}}
    await ok("POST", f"{inside}/datatype", {"name": "Repository", "schema": data, "logic": {"values": SCRIPT}})
    issue = {"variables": [{"title": "repository", "x-dataType": "Repository"}]}
    await ok("POST", f"{inside}/datatype", {"name": "Issue", "schema": issue})
    await ok("POST", f"{inside}/condition", {"name": "is.open", "logic": {"execute": SCRIPT}})
    await ok("POST", f"{inside}/action", {"name": "issue.create", "schema": issue, "label": {"en": "Create"}})
    await ok("POST", f"{inside}/event", {"name": "notification", "config": {"verify": "github"}})
    await ok("POST", f"{inside}/trigger", {"name": "pushed", "trigger_id": "the-push"})
    await ok("POST", f"{inside}/version", {"name": "1", "published": True, "defaultServiceSecurityId": "토큰"})
    await ok("PUT", f"{inside}/action/issue.create?version=1.0.0", {"label": {"en": "Open"}, "name": "issue.open"})
    await ok("PUT", f"{inside}/action/issue.open?version=major", {"logic": {"execute": SCRIPT}, "tag": ["write"]})
    await ok("PUT", f"{inside}/event/notification", {"published": True})
    await ok("POST", f"{inside}/version", {"name": "2", "published": True, "label": {"en": "Second"}})
    await ok("PUT", f"{inside}/datatype/Issue?version=minor", {"published": False})
    await ok("POST", f"{inside}/version", {"name": "10", "setting": {"webhook": {"type": "standard"}}})
    await ok("PUT", inside, {"defaultVersionId": "2"})


async def test_two_platforms_end_up_equal(acme: Platform, rival: Platform) -> None:
    await make_service(acme)
    text = await acme.export()
    assert b"hush" not in text
    assert b"x-secure-default" not in text
    assert await rival.push(text) == 0
    assert (await rival.export()).decode() == text.decode()


async def test_a_second_push_changes_nothing(acme: Platform, rival: Platform) -> None:
    await make_service(acme)
    text = await acme.export()
    for platform in (acme, rival):
        await platform.push(text)
        assert await platform.push(text) == 0
        assert platform.writes == 0
        assert any("Nothing to change" in line for line in platform.told)


async def test_what_was_cut_off_goes_on_by_pushing_again(acme: Platform, rival: Platform) -> None:
    await make_service(acme)
    text = await acme.export()
    await rival.push(text)
    total = rival.writes
    for done in range(total):
        await rival.remove()
        rival.client.breaks_before = done
        with pytest.raises(Broken):
            await rival.push(text)
        rival.client.breaks_before = None
        assert await rival.push(text) == 0
        assert await rival.export() == text
