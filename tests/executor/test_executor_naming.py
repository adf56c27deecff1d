"""Names in components, in the product: bound when they are saved, whatever is called so later."""

from __future__ import annotations

from typing import Any

import pytest

from tests.product import Running

AS_ADA = "userId=ada"


@pytest.fixture
async def ada(product: Running) -> Running:
    """A platform whose service `crm` calls `send` of its service `mail`."""
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    await make(product, "mail", send="as meant")
    await make(product, "crm", caller={"@type": "action", "service": "mail", "action": "send"})
    return product


async def make(product: Running, service: str, **actions: Any) -> None:
    await product.ok("POST", f"/v1/service?{AS_ADA}", json={"name": service})
    for name, execute in actions.items():
        body = {"name": name, "logic": {"execute": execute}}
        await product.ok("POST", f"/v1/service/{service}/action?{AS_ADA}", json=body)


async def called(product: Running) -> Any:
    return (await product.ok("POST", f"/v1/service/crm/action/caller/execute?{AS_ADA}", json={}))["output"]


async def test_what_was_renamed_is_called_still_and_not_what_took_its_name(ada: Running) -> None:
    assert await called(ada) == "as meant"
    await ada.ok("PUT", f"/v1/service/mail/action/send?{AS_ADA}&version=1.0.0", json={"name": "send it"})
    body = {"name": "send", "logic": {"execute": "another"}}
    await ada.ok("POST", f"/v1/service/mail/action?{AS_ADA}", json=body)
    await ada.ok("PUT", f"/v1/service/mail?{AS_ADA}", json={"name": "post"})
    await make(ada, "mail", send="of another service")
    assert await called(ada) == "as meant"
    row = await ada.ok("GET", "/v1/service/crm/action/caller")
    test = {"table": "ActionVersion", "id": row["id"], "source": ["execute"], "data": {}}
    assert await ada.ok("POST", "/v1/test/logic", json=test) == "as meant"


async def test_what_is_made_anew_takes_the_place_of_what_was_deleted(ada: Running) -> None:
    assert await called(ada) == "as meant"
    await ada.ok("DELETE", f"/v1/service/mail?{AS_ADA}")
    assert (await ada.api("POST", f"/v1/service/crm/action/caller/execute?{AS_ADA}", json={})).status == 404
    await make(ada, "mail", send="anew")
    assert await called(ada) == "anew"
