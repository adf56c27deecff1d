"""A platform with one of everything, and a mark in every text that it holds: who may not see it must not find it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from libs.common.contracts.catalog import Kind
from tests.product import Answer

NOWHERE = "http://127.0.0.1:9/"
UNKNOWN_ID = "01890000-0000-7000-8000-000000000000"
IDENTITIES = {
    Kind.VARIABLE: "component_id",
    Kind.ACTION: "component_id",
    Kind.EVENT: "event_id",
    Kind.TRIGGER: "trigger_id",
    Kind.CONDITION: "conditionId",
    Kind.DATATYPE: "datatype_id",
}


@dataclass(frozen=True)
class Marks:
    """`private` is for the platform alone, `hidden` for ann and her group, `secret` for nobody."""

    private: str
    hidden: str
    secret: str

    @classmethod
    def of(cls, platform: str) -> Marks:
        return cls(*(f"{kind}-mark-of-{platform}" for kind in ("private", "hidden", "secret")))


@dataclass
class Furnished:
    """A service with one of everything in it. `refs` are by path parameter: ids, names where there are such, and
    `drafts` what is not published."""

    id: str
    name: str
    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)
    draft_versions: dict[str, str] = field(default_factory=dict)

    @property
    def draft_ids(self) -> tuple[str, ...]:
        return (*self.drafts.values(), *self.draft_versions.values())


class House:
    """A platform, its three services, and its users: ann made everything, mia is in her group, mallory in none."""

    def __init__(self, platform: str, key: str, url: str, session: aiohttp.ClientSession) -> None:
        self.platform = platform
        self.key = key
        self.marks = Marks.of(platform)
        self.ann = f"ann {self.marks.private}"
        self.mia = "mia"
        self.mallory = "mallory"
        self.group_id = ""
        self._url = url
        self._session = session

    async def ask(
        self, method: str, path: str, *, user: str | None = None, key: str | None = None, **options: Any
    ) -> Answer:
        """Asks with the platform's key; `key` is another one, empty for none."""
        sent = self.key if key is None else key
        headers = {**({"api_key": sent} if sent else {}), **options.pop("headers", {})}
        query = {**options.pop("query", {}), **({"userId": user} if user is not None else {})}
        async with self._session.request(
            method, f"{self._url}{path}", headers=headers, params=query, **options
        ) as response:
            raw = await response.read()
            return Answer(response.status, raw, response.headers)

    async def ok(self, method: str, path: str, body: Any = None, *, user: str | None = None, **query: str) -> Any:
        options = {} if body is None else {"json": body}
        answer = await self.ask(method, path, user=user, query=query, **options)
        assert answer.status in (200, 201), f"{method} {path}: {answer.status} {answer.body}"
        return json.loads(answer.body)

    async def furnish(self) -> None:
        """Everything, through the API."""
        mail = f"{self.marks.private}@example.com"
        await self.ok("POST", "/v1/user", {"userId": self.ann, "email": mail, "name": f"Ann {self.marks.private}"})
        for user in (self.mia, self.mallory):
            await self.ok("POST", "/v1/user", {"userId": user})
        group = {"name": f"group {self.marks.hidden}", "authorization": {"note": self.marks.hidden}}
        self.group_id = (await self.ok("POST", "/v1/group", group, user=self.ann))["id"]
        await self.ok("POST", f"/v1/group/{self.group_id}/user", {"userId": self.mia}, user=self.ann)
        self.plain = await self._service("plain", self.marks.private, sharing="none")
        self.team = await self._service("team", self.marks.hidden, sharing="group", groupIds=[self.group_id])
        self.shop = await self._service(f"shop of {self.platform}", "", sharing="none")
        await self.ok("POST", f"/v1/service/{self.shop.id}/publish", {}, user=self.ann, contributor_id=self.ann)
        for service in (self.plain, self.team, self.shop):
            await self._use(service)

    async def _service(self, name: str, mark: str, **members: Any) -> Furnished:
        name = f"{name} {mark}".strip()
        made = await self.ok(
            "POST", "/v1/service", {"name": name, "type": f"type {mark}", "icon": mark, **members}, user=self.ann
        )
        service = Furnished(made["id"], name, {"serviceId": made["id"]}, {"serviceId": name})
        await self._security(service, mark)
        for kind in Kind:
            await self._component(service, kind, mark)
            await self._drafts(service, kind)
        await self._versions(service, mark)
        service.ids |= {"groupId": self.group_id, "userId": self.ann}
        return service

    async def _security(self, service: Furnished, mark: str) -> None:
        body = {
            "type": "apiKey",
            "label": {"en": f"key {mark}"},
            "scheme": mark,
            "config": {"in": "header", "name": "X-Key", "note": mark, "apply": {"hosts": ["127.0.0.1"]}},
        }
        made = await self.ok("POST", f"/v1/service/{service.id}/security", body, user=self.ann)
        service.ids["securityId"], service.names["securityId"] = made["id"], f"key {mark}"

    async def _component(self, service: Furnished, kind: Kind, mark: str) -> None:
        """One published row."""
        path, parameter = f"/v1/service/{service.id}/{kind}", _parameter(kind)
        name = f"{kind} {mark}".strip()
        body = {"name": name, "published": True, **_content(kind, mark)}
        if kind is Kind.VARIABLE:
            body["value"] = self.marks.secret
        made = await self.ok("POST", path, body, user=self.ann)
        service.ids[parameter], service.names[parameter] = made["id"], name
        if kind is Kind.ACTION:
            service.ids["rowId"] = made["id"]  # what is tested has no other name

    async def _drafts(self, service: Furnished, kind: Kind) -> None:
        """A component that was never published, and an unpublished row of the one that is."""
        path, parameter, mark = f"/v1/service/{service.id}/{kind}", _parameter(kind), self.marks.private
        draft = {"name": f"draft {kind} {mark}", "published": False, **_content(kind, mark)}
        service.drafts[parameter] = (await self.ok("POST", path, draft, user=self.ann))["id"]
        row = await self.ok(
            "PUT",
            f"{path}/{service.ids[parameter]}",
            {"published": False, **_content(kind, mark)},
            user=self.ann,
            version="7.7.7",
        )
        service.draft_versions[parameter] = row["id"]

    async def _versions(self, service: Furnished, mark: str) -> None:
        path = f"/v1/service/{service.id}/version"
        setting = {"webhook": {"input": {"note": mark}}}
        name = f"1.0.0 {mark}".strip()
        version = {"name": name, "label": {"en": f"first {mark}"}, "setting": setting}
        made = await self.ok("POST", path, version, user=self.ann)
        service.ids["versionId"], service.names["versionId"] = made["id"], name
        draft = {"name": f"2.0.0 {self.marks.private}", "label": {"en": self.marks.private}, "setting": setting}
        service.drafts["versionId"] = (await self.ok("POST", path, draft, user=self.ann))["id"]

    async def _use(self, service: Furnished) -> None:
        """What ann has of it: a token, an execution, and a subscription with what it heard."""
        hidden = self.marks.hidden
        token = {
            "serviceId": service.id,
            "name": f"token {hidden}",
            "virtualId": hidden,
            "serviceUrl": f"{NOWHERE}{hidden}",
            "key": {"token": self.marks.secret},
        }
        service.ids["tokenId"] = (await self.ok("POST", f"/v1/user/{self.ann}/token", token))["id"]
        run = f"/v1/service/{service.id}/action/{service.ids['actionId']}/execute"
        executed = await self.ask("POST", run, user=self.ann, json={"note": hidden})
        assert executed.status == 200, executed.body
        service.ids["executionId"] = executed.headers["x-execution-id"]
        trigger = f"/v1/service/{service.id}/trigger/{service.ids['triggerId']}/subscription"
        wanted = {"url": f"{NOWHERE}{hidden}", "variables": {"note": hidden}}
        subscription = (await self.ok("POST", trigger, wanted, user=self.ann))["id"]
        await self.ok("PUT", f"/v1/subscription/{subscription}", {"headers": {"x-note": hidden}}, user=self.ann)
        service.ids["subscriptionId"] = subscription
        await self._notify(service)

    async def _notify(self, service: Furnished) -> None:
        setting = await self.ok(
            "GET", f"/v1/service/{service.id}/webhookSetting", user=self.ann, event=service.ids["eventId"]
        )
        body = json.dumps({"note": self.marks.hidden})
        sent = {"x-token": setting["secret"], "content-type": "application/json"}
        async with self._session.post(setting["url"], data=body, headers=sent) as response:
            assert response.status == 200, await response.text()
        deliveries: list[Mapping[str, Any]] = []
        while not deliveries:
            deliveries = await self.ok("GET", f"/v1/subscription/{service.ids['subscriptionId']}/delivery")
        service.ids["deliveryId"] = deliveries[0]["id"]
        service.ids["notificationId"] = deliveries[0]["notificationId"]


def _parameter(kind: Kind) -> str:
    return "condition_id" if kind is Kind.CONDITION else f"{kind}Id"


def _content(kind: Kind, mark: str) -> dict[str, Any]:
    """Members of a component with the mark in each of them."""
    label, note = {"en": f"{kind} {mark}"}, {"note": mark or "nothing"}
    schema = {"variables": [{"title": "note", "type": "string", "description": mark}], "output": {"title": mark}}
    match kind:
        case Kind.VARIABLE:
            return {"label": label, "config": note, "schema": {"type": "string", "description": mark}}
        case Kind.EVENT:
            verify = {"scheme": "token", "header": "x-token"}
            return {
                "type": "webhook",
                "config": {"verify": verify, **note},
                "logic": {"route": f"trigger {mark}".strip()},
            }
        case Kind.TRIGGER:
            return {"label": label, "schema": schema, "logic": {"trigger": note}}
        case Kind.DATATYPE:
            return {"schema": {"data": {"type": "string", "description": mark}}, "logic": {"values": note}}
        case _:
            return {"label": label, "schema": schema, "logic": {"execute": note}}
