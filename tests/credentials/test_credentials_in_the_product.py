"""Credentials between the real identity and catalog."""

import asyncio
from typing import Any

from libs.common.bus.port import Message
from libs.common.contracts.credentials import CredentialChanged
from libs.common.contracts.envelope import decode
from tests.product import Running


async def _mailer(product: Running) -> str:
    """A user `ann` and a service `mailer` with one security; answers the security's id."""
    await product.ok("POST", "/v1/user", json={"userId": "ann"})
    await product.ok("POST", "/v1/service?userId=ann", json={"name": "mailer"})
    security = {"type": "apiKey", "label": {"en": "key"}, "config": {"in": "header", "name": "X-Api-Key"}}
    made = await product.ok("POST", "/v1/service/mailer/security?userId=ann", json=security)
    return str(made["id"])


async def test_a_security_is_found_alone_by_its_service_and_by_label(product: Running) -> None:
    security_id = await _mailer(product)
    key = {"key": {"token": "k"}}
    named: tuple[dict[str, Any], ...] = (
        {"serviceSecurityId": security_id},
        {"serviceId": "mailer"},
        {"serviceId": "mailer", "serviceSecurityId": "key"},
    )
    for names in named:
        row = await product.ok("POST", "/v1/user/ann/token", json={**names, **key})
        assert row["serviceSecurityId"] == security_id
    assert len(await product.ok("GET", "/v1/service/mailer/token?userId=ann")) == len(named)


async def test_a_value_is_taken_for_a_variable_of_catalogs(product: Running) -> None:
    await _mailer(product)
    variable = {"name": "client_id", "schema": {"type": "string"}, "required": True}
    row = await product.ok("POST", "/v1/service/mailer/variable?userId=ann", json=variable)
    for ref in ("client_id", row["id"], row["component_id"]):
        path = f"/v1/service/mailer/variable/{ref}/value"
        assert await product.ok("PUT", path, json={"value": "abc"}) == {}
        assert (await product.api("PUT", path, json={"value": 5})).status == 400


async def test_the_creator_of_a_service_may_set_its_values_and_no_other_user(product: Running) -> None:
    await _mailer(product)
    await product.ok("POST", "/v1/user", json={"userId": "bob"})
    await product.ok("POST", "/v1/service/mailer/variable?userId=ann", json={"name": "client_id"})
    path = "/v1/service/mailer/variable/client_id/value"
    assert await product.ok("PUT", f"{path}?userId=ann", json={"value": "abc"}) == {}
    assert (await product.api("PUT", f"{path}?userId=bob", json={"value": "abc"})).status == 403


async def test_deleting_the_user_ends_its_tokens(product: Running) -> None:
    await _mailer(product)
    token = await product.ok("POST", "/v1/user/ann/token", json={"serviceId": "mailer", "key": {"token": "k"}})
    ended = asyncio.Event()

    def hear(message: Message) -> None:
        heard = decode(message, CredentialChanged)
        if heard is not None and heard.event.deleted:
            ended.set()

    product.product.engines.bus.follow(CredentialChanged.topic, hear)
    await product.ok("DELETE", "/v1/user/ann")
    await ended.wait()
    assert (await product.api("GET", f"/v1/service/mailer/token/{token['id']}?userId=ann")).status == 404
