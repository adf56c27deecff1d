"""No secret leaves credentials but to whom it belongs, and none is plain at rest."""

from __future__ import annotations

import base64
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from libs.common.contracts.credentials import KEEP_VALUE, ValueToKeep
from libs.common.errors import Conflict
from services.credentials.models import Token, VariableValue, handle_of
from services.credentials.repository import TokenRepository, ValueRepository
from tests.credentials.world import Answer, World, running_world


class Canaries:
    """Secrets that look like nothing else, and whether one is found in a text or file."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self.laid: list[str] = []

    def lay(self) -> str:
        self.laid.append(f"canary-{next(self._numbers)}-5eCr3t")
        return self.laid[-1]

    def found_in(self, content: str | bytes) -> list[str]:
        raw = content.encode() if isinstance(content, str) else content
        return [canary for canary in self.laid if any(form in raw for form in _forms(canary))]


def _forms(canary: str) -> Iterator[bytes]:
    yield canary.encode()
    yield base64.b64encode(canary.encode()).rstrip(b"=")[:-1]


async def _use_everything(world: World, canaries: Canaries) -> list[Answer]:
    """Every operation, successful or refused, with a canary in each member that holds a secret."""
    answers = [await world.api(*asked) for asked in _refused(canaries)]
    for security, credential in _credentials(canaries):
        created = await world.connect(serviceSecurityId=security, **credential)
        path = f"/service/mailer/token/{created['id']}?userId=ann"
        answers += [await world.api("PUT", path, change) for change in _changes(canaries)]
        answers.append(await world.api("PUT", path, credential))
        answers.append(await world.api("GET", path))
        await world.credential(id=created["id"])
    answers.append(await world.api("GET", "/service/mailer/token?userId=ann"))
    answers.append(await world.api("PUT", "/service/mailer/variable/count/value", {"value": canaries.lay()}))
    answers.append(await world.api("PUT", "/service/mailer/variable/broken/value", {"value": canaries.lay()}))
    answers.append(await world.api("PUT", "/service/mailer/variable/id/value", {"value": canaries.lay()}))
    given = ValueToKeep(
        platform_id="acme", service_id="id-mailer", variable_id="identity-secret", value={"k": canaries.lay()}
    )
    await world.infra.peers.ask(KEEP_VALUE, given)
    await world.variables()
    return answers


def _credentials(canaries: Canaries) -> list[tuple[str, dict[str, Any]]]:
    oauth = {"token": canaries.lay(), "code": canaries.lay(), "refreshToken": canaries.lay()}
    return [
        ("mailer-apiKey", {"key": {"token": canaries.lay()}}),
        ("mailer-basic", {"basic": {"username": canaries.lay(), "password": canaries.lay()}}),
        ("mailer-oauth2", {"oauth": oauth}),
    ]


def _changes(canaries: Canaries) -> list[dict[str, Any]]:
    """Flat ones of an update; which of them are taken depends on the token's kind."""
    return [
        {"token": canaries.lay()},
        {"refreshToken": canaries.lay()},
        {"code": canaries.lay()},
        {"token": [canaries.lay()]},
        {"key": {"token": canaries.lay(), "more": canaries.lay()}},
    ]


def _refused(canaries: Canaries) -> list[tuple[str, str, dict[str, Any]]]:
    bodies: list[dict[str, Any]] = [
        {"serviceId": "nothing", "key": {"token": canaries.lay()}},
        {"serviceId": "mailer", "basic": {"username": canaries.lay(), "password": canaries.lay()}},
        {"serviceId": "mailer", "basic": {"username": canaries.lay() + ":", "password": "\n" + canaries.lay()}},
        {"serviceId": "mailer", "oauth": {"code": canaries.lay()}},
        {"serviceId": "mailer", "key": {"token": canaries.lay() * 2000}},
        {"serviceId": "mailer", "key": canaries.lay()},
    ]
    return [("POST", "/user/ann/token", body) for body in bodies]


def _furnish(world: World) -> None:
    world.catalog.add_security("mailer", "basic")
    world.catalog.add_security("mailer", "oauth2")
    world.catalog.add_variable("mailer", "id", {"type": "string"})
    world.catalog.add_variable("mailer", "secret", {})
    world.catalog.add_variable("mailer", "count", {"type": "integer"})
    world.catalog.add_variable("mailer", "broken", {"type": 3})


async def test_secrets_are_found_nowhere_but_in_the_answer_of_a_create(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    canaries = Canaries()
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as logs:
        async with running_world(f"sqlite:{tmp_path / 'store.db'}") as world:
            _furnish(world)
            answers = await _use_everything(world, canaries)
            body = {"serviceId": "mailer", "key": {"token": canaries.lay()}}
            await world.api("POST", "/user/ann/token", body, headers={"Idempotency-Key": "k"})
            shown = {"answers": repr(answers), "events": repr(world.heard), "logs": f"{logs} {caplog.text}"}
            kept_while_running = _bytes_in(tmp_path)
    kept = _bytes_in(tmp_path)
    assert {answer.status for answer in answers} == {200, 400, 404, 409}
    assert b"mailer-apiKey" in kept
    assert canaries.found_in(kept_while_running + kept) == []
    assert {where: found for where, text in shown.items() if (found := canaries.found_in(text))} == {}


async def test_the_search_for_secrets_would_find_one(world: World) -> None:
    canaries = Canaries()
    row = await world.connect(key={"token": canaries.lay()})
    assert canaries.found_in(repr(row)) == canaries.laid
    assert canaries.found_in(base64.b64encode(canaries.laid[0].encode())) == canaries.laid


async def test_a_sealed_secret_moved_to_another_row_does_not_open(world: World) -> None:
    one, other = await world.connect("ann"), await world.connect("ann")
    tokens = TokenRepository(world.infra.store)
    sealed = (await _token(tokens, other["id"])).sealed
    await tokens.save((await _token(tokens, one["id"])).model_copy(update={"sealed": sealed}), [])
    with structlog.testing.capture_logs() as logs, pytest.raises(Conflict, match="can't be opened") as refused:
        await world.credential("ann", id=one["id"])
    assert refused.value.code == "credential_invalid"
    assert [line["event"] for line in logs] == ["credentials.token_unreadable"]


@pytest.mark.parametrize(("platform_id", "user_id"), [("acme", "bob"), ("rival", "ann")])
async def test_a_row_given_to_another_owner_does_not_open(world: World, platform_id: str, user_id: str) -> None:
    created = await world.connect("ann")
    tokens = TokenRepository(world.infra.store)
    owner = {"platform_id": platform_id, "user_row_id": f"row-{platform_id}-{user_id}"}
    await tokens.save((await _token(tokens, created["id"])).model_copy(update=owner), [])
    with pytest.raises(Conflict, match="can't be opened"):
        await world.credential(user_id, platform_id=platform_id)


async def test_two_secrets_of_one_row_can_not_trade_places(world: World) -> None:
    world.catalog.add_security("mailer", "basic")
    created = await world.connect(serviceSecurityId="mailer-basic", basic={"username": "u", "password": "p"})
    tokens = TokenRepository(world.infra.store)
    token = await _token(tokens, created["id"])
    traded = {"username": token.sealed["password"], "password": token.sealed["username"]}
    await tokens.save(token.model_copy(update={"sealed": traded}), [])
    with pytest.raises(Conflict, match="can't be opened"):
        await world.credential(id=created["id"])


async def test_a_value_moved_to_another_variable_or_platform_does_not_open(world: World) -> None:
    world.catalog.add_variable("mailer", "id", {})
    world.catalog.add_variable("mailer", "secret", {})
    for name in ("id", "secret"):
        await world.api("PUT", f"/service/mailer/variable/{name}/value", {"value": name})
    values = ValueRepository(world.infra.store)
    stolen = await _value(values, "identity-secret")
    await values.put((await _value(values, "identity-id")).model_copy(update={"sealed": stolen.sealed}), [])
    with pytest.raises(Conflict, match="can't be opened; set it again"):
        await world.variables()


async def test_rows_as_they_are_printed_hold_no_sealed_text(world: World) -> None:
    created = await world.connect("ann")
    token = await _token(TokenRepository(world.infra.store), created["id"])
    assert token.sealed["token"].startswith("v1.")
    assert "v1." not in repr(token)


def _bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def _token(tokens: TokenRepository, id: str) -> Token:
    token = await tokens.get("acme", id)
    assert token is not None
    return token


async def _value(values: ValueRepository, variable_id: str) -> VariableValue:
    value = await values.get(handle_of("acme", "id-mailer", variable_id))
    assert value is not None
    return value
