"""Sends the reference's samples to a running product, and compares what comes back with them and the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from libs.common.contracts.catalog import BUILT_IN_PLATFORM
from tests.product import Answer, Running
from tests.reference.described import undescribed
from tests.reference.matching import differences
from tests.reference.reference import BY_TITLE, added_to, sample_of

USER = "051466ff-fb74-4128-96cf-cf1bad07fe6e"
"""The user that the reference makes: whoever a sample's query names stands for this one."""


@dataclass
class Replay:
    """`ids` are what stands for a path's parameters; `replayed` are the titles of the operations so far."""

    product: Running
    ids: dict[str, str] = field(default_factory=lambda: {"userId": USER})
    replayed: list[str] = field(default_factory=list)

    async def play(self, title: str, *, query: Mapping[str, str] | None = None, **changed: Any) -> Any:
        """One operation with its sample; `changed` members refer to what is there. Answers the body."""
        operation = BY_TITLE[title]
        answer = await self.send(operation, {**_asked(operation), **(query or {})}, changed)
        assert answer.status == operation.get("statuses", [200])[0], f"{title}: {answer.status} {answer.body}"
        content_type = answer.headers["Content-Type"]
        assert list(undescribed(operation["method"], operation["path"], answer.status, content_type, answer.body)) == []
        assert list(differences(sample_of(title), _made(answer.body), added_to(title))) == [], title
        self.replayed.append(title)
        return answer.body

    async def send(self, operation: Mapping[str, Any], query: Mapping[str, str], changed: Mapping[str, Any]) -> Answer:
        path = operation["path"]
        for name, id in self.ids.items():
            path = path.replace(f"{{{name}}}", quote(id, safe=""))
        body = {**operation["request"], **changed} if "request" in operation else None
        return await self.product.api(operation["method"], path, params=query, json=body)

    async def prepare(self, method: str, path: str, body: object) -> Any:
        """What a sample refers to and no sample makes."""
        return await self.product.ok(method, f"/v1{path}", params={"userId": USER}, json=body)


def _made(body: Any) -> Any:
    """Without the built-in service, which nobody made and which has no sample."""
    return [each for each in body if each.get("platformId") != BUILT_IN_PLATFORM] if isinstance(body, list) else body


def _asked(operation: Mapping[str, Any]) -> dict[str, str]:
    """The query of a sample's curl command, on behalf of the user that is there; a payload is sent by that user."""
    if "curl" not in operation:
        return {} if operation["path"].startswith(("/v1/user", "/v1/group")) else {"userId": USER}
    asked = dict(parse_qsl(urlsplit(operation["curl"]["url"]).query))
    return asked | {name: USER for name in asked if name in ("userId", "contributor_id")}
