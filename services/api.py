"""The API of the whole product, whichever part of it a process runs: route tables, and the document made of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import orjson

from libs.common.clock import SystemClock
from libs.common.egress import Allow, EgressClient
from libs.common.engines import Engines, open_engines
from libs.common.keyring import KeyRing
from libs.common.peers import DirectPeers
from libs.common.service import Infra
from libs.common.settings import Settings
from libs.common.telemetry import Metrics, Tracing
from libs.common.web.openapi import About, openapi
from libs.common.web.routes import Route
from libs.logic.sandbox.pool import SandboxPool
from services.building import Builder
from services.roles import SERVICES

VERSION = "0.1.0"
_COMPONENT = "the row id of one of its versions, its identity, or its name"
_NAMED = {
    "serviceId": "the service's id or name",
    "versionId": "the version's id or name",
    "securityId": "the security's id or the first value of its label",
    **dict.fromkeys(("variableId", "actionId", "eventId", "triggerId", "condition_id", "datatypeId"), _COMPONENT),
    "userId": "the platform's own identifier of the user",
    "groupId": "the group's id",
    "tokenId": "the token's id",
    "subscriptionId": "the subscription's id",
    "deliveryId": "the delivery's id",
    "notificationId": "the notification's id",
    "executionId": "the execution's id",
}
_PASTED = ("POST", "/v1/service/{serviceId}/action/{actionId}/refreshVariables")
"""Its sample of an answer is another operation's."""
_NO_KEY = f"unused:{'A' * 43}="


def route_tables() -> dict[str, tuple[Route, ...]]:
    """Each service's routes, from services that are built on nothing that runs, and never started."""
    builder = unstarted(open_engines("sqlite::memory:", "local:", SystemClock()), SERVICES)
    return {service: builder.build(service).routes for service in SERVICES}


def unstarted(engines: Engines, services: Sequence[str]) -> Builder:
    """Builds services on these engines, and on nothing else that runs: for what they declare."""
    infra = _infra(engines)
    return Builder(services, lambda _: infra, SandboxPool(size=1), public_url="")


def document() -> dict[str, Any]:
    """The OpenAPI document of the whole API."""
    examples = samples()
    del examples[_PASTED]["response"]
    return openapi(route_tables().items(), About(VERSION, examples, _NAMED))


def samples() -> dict[tuple[str, str], dict[str, Any]]:
    """The request and response samples of the API reference, by method and path."""
    rows = orjson.loads(files("services").joinpath("samples.json").read_bytes())
    return {(row["method"], row["path"]): row for row in rows}


def _infra(engines: Engines) -> Infra:
    return Infra(
        settings=Settings(),
        clock=SystemClock(),
        store=engines.store,
        bus=engines.bus,
        peers=DirectPeers({}),
        egress=EgressClient(Allow(), user_agent=""),
        metrics=Metrics(),
        tracing=Tracing(),
        keys=KeyRing.parse(_NO_KEY),
    )
