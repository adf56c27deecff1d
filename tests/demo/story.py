"""The story: from an empty product to a verified webhook at a subscriber, every step checked."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
from standardwebhooks import Webhook

from tests.api_client import ApiClient
from tests.demo import components, github
from tests.demo.narrator import Narrator
from tests.demo.servers import Provider, Received, Subscriber, listening
from tests.process import Product

_USER = "ada"
_SERVICE = components.SERVICE["name"]
_ARRIVES_WITHIN_S = 10.0


class Story:
    """One telling, against a fresh product."""

    def __init__(self, product: Product, api: ApiClient, narrator: Narrator) -> None:
        self._product = product
        self._api = api
        self._tell = narrator
        self._token = "ghp_" + secrets.token_hex(18)
        self._provider = Provider(self._token)
        self._subscriber = Subscriber()
        self._inbound_path = ""
        self._inbound_secret = ""
        self._subscription_id = ""
        self._signing_secret = ""
        self._body = github.push_body()

    async def play(self) -> None:
        """Raises at the first step that does not hold."""
        async with listening(self._provider.app()) as provider_url, listening(self._subscriber.app()) as url:
            self._tell.chapter("An author describes a service")
            await self._describe_service()
            await self._describe_actions(provider_url)
            await self._describe_webhook()
            self._tell.chapter("A user connects")
            await self._connect(url)
            self._tell.chapter("Actions run")
            await self._run_script()
            await self._run_http()
            self._tell.chapter("A webhook goes all the way through")
            await self._webhook_is_delivered()
            await self._forgeries_are_refused()
            await self._redelivery_changes_nothing()

    async def _describe_service(self) -> None:
        with self._tell.step("a user of the platform") as step:
            made = await self._api.post("/user", {"userId": _USER, "email": "ada@example.com", "name": "Ada"})
            _same(made, {"id": _USER})
            step.detail = f"POST /v1/user → {made['id']}"
        with self._tell.step("a service from JSON") as step:
            made = await self._api.post(f"/service?userId={_USER}", components.SERVICE)
            step.detail = f"POST /v1/service → {made['id']}"
        with self._tell.step("its first version, with what the provider's webhook form takes"):
            await self._make("version", components.VERSION)
        with self._tell.step("how a user proves itself there: an API key in a header, for one host only"):
            await self._make("security", components.SECURITY)

    async def _describe_actions(self, provider_url: str) -> None:
        with self._tell.step("a variable; its value is sealed and not answered"):
            value = f"{provider_url}/user/repos"
            made = await self._make("variable", components.variable("repositories_url", value))
            _holds(value not in orjson.dumps(made).decode(), f"the value was answered: {made}")
        with self._tell.step("an action in JavaScript, and one that is an HTTP request"):
            await self._make("action", components.GREET)
            await self._make("action", components.LIST_REPOSITORIES)

    async def _describe_webhook(self) -> None:
        with self._tell.step("an event that believes what GitHub signed, and a trigger") as step:
            await self._make("event", components.EVENT)
            await self._make("trigger", components.PUSHED)
            step.detail = "config.verify: github"
        with self._tell.step("the inbound URL and its secret, for the provider's form") as step:
            setting = await self._api.get(f"/service/{_SERVICE}/webhookSetting?userId={_USER}")
            _same([setting["Payload URL"], setting["Secret"]], [setting["url"], setting["secret"]])
            url = urlsplit(setting["url"])
            self._inbound_path, self._inbound_secret = f"{url.path}?{url.query}", setting["secret"]
            step.detail = setting["url"]

    async def _connect(self, url: str) -> None:
        with self._tell.step("the user's API key for the provider, sealed") as step:
            securities = await self._api.get(f"/service/{_SERVICE}/security")
            body = {"name": "my token", "serviceSecurityId": securities[0]["id"], "key": {"token": self._token}}
            made = await self._api.post(f"/user/{_USER}/token", body)
            listed = await self._api.get(f"/service/{_SERVICE}/token?userId={_USER}")
            _same([row["id"] for row in listed], [made["id"]])
            _holds(self._token not in orjson.dumps(listed).decode(), "a list of tokens showed the secret")
            step.detail = f"POST /v1/user/{_USER}/token → {made['id']}"
        with self._tell.step("a subscription to the trigger, at a url of the platform's own") as step:
            path = f"/service/{_SERVICE}/trigger/{components.PUSHED['name']}/subscription?userId={_USER}"
            made = await self._api.post(path, {"url": f"{url}/deliveries", "variables": {}}, status=201)
            self._subscription_id, self._signing_secret = made["id"], made["secret"]
            step.detail = f"{url}/deliveries"

    async def _run_script(self) -> None:
        given, wanted = {"name": "Ada"}, {"greeting": "Hello, Ada!", "letters": 3}
        await self._run_both_ways("JavaScript", str(components.GREET["name"]), given, lambda output: output, wanted)

    async def _run_http(self) -> None:
        name, wanted = str(components.LIST_REPOSITORIES["name"]), "harbour-lab/tide-tables"
        await self._run_both_ways("HTTP", name, {}, lambda output: output["body"][0]["full_name"], wanted)
        with self._tell.step("the provider believed the token each time"):
            _same(self._provider.refused, 0)

    async def _run_both_ways(
        self, kind: str, action: str, given: dict[str, Any], part: Callable[[Any], Any], wanted: Any
    ) -> None:
        with self._tell.step(f"the {kind} action as a node") as step:
            node = {"@type": "action", "service": _SERVICE, "action": action, "input": given}
            output = await self._api.post(f"/execute?userId={_USER}", node)
            _same(part(output), wanted)
            step.detail = f"POST /v1/execute → {orjson.dumps(part(output)).decode()}"
        with self._tell.step(f"the {kind} action by its name") as step:
            path = f"/service/{_SERVICE}/action/{action}/execute?userId={_USER}"
            answer = await self._api.post(path, given)
            _same([answer["input"], part(answer["output"])], [given, wanted])
            step.detail = f"POST /v1{path}"

    async def _webhook_is_delivered(self) -> None:
        with self._tell.step("a push, as GitHub sends it, is verified and made durable") as step:
            await self._push("first", status=200)
            step.detail = f"{len(self._body)} bytes, X-Hub-Signature-256 → 200"
        with self._tell.step("the subscriber has it, shaped by the trigger") as step:
            received = await self._arrival()
            delivery = orjson.loads(received.body)
            _same(delivery["data"]["repository"], "harbour-lab/tide-tables")
            _same([delivery["trigger"], delivery["userId"]], [components.PUSHED["name"], _USER])
            step.detail = orjson.dumps(delivery["data"]).decode()
        with self._tell.step("the official standardwebhooks package verifies its signature") as step:
            Webhook(self._signing_secret).verify(received.body, received.headers)
            step.detail = f"webhook-id {received.headers['webhook-id']}"

    async def _forgeries_are_refused(self) -> None:
        with self._tell.step("a wrong signature gets 401"):
            await self._push("forged", secret="not the secret", status=401)
        with self._tell.step("a missing signature gets 401"):
            await self._push("unsigned", without="X-Hub-Signature-256", status=401)
        with self._tell.step("an altered byte gets 401"):
            await self._push("altered", altered=True, status=401)
        with self._tell.step("and nothing of them is stored"):
            _same(await self._notifications(), 1)

    async def _redelivery_changes_nothing(self) -> None:
        with self._tell.step("the same delivery id once more is answered alike"):
            await self._push("first", status=200)
        with self._tell.step("and delivered no second time, while the next push is") as step:
            await self._eventually("the repetition is recognised", self._repetition_recognised)
            await self._push("second", status=200)
            await self._arrival()
            rows = await self._api.get(f"/subscription/{self._subscription_id}/delivery?userId={_USER}")
            _same([self._subscriber.count, len(rows), await self._notifications()], [2, 2, 2])
            step.detail = "3 webhooks, 2 notifications, 2 deliveries"

    async def _make(self, noun: str, body: dict[str, Any]) -> Any:
        return await self._api.post(f"/service/{_SERVICE}/{noun}?userId={_USER}", body)

    async def _push(
        self, id: str, *, status: int, secret: str | None = None, without: str = "", altered: bool = False
    ) -> None:
        headers = github.headers(self._body, secret or self._inbound_secret, id)
        headers.pop(without, None)
        body = self._body.replace(b'"ada"', b'"eve"', 1) if altered else self._body
        answer = await self._api.send("POST", self._inbound_path, body, headers)
        _same(answer.status, status)

    async def _arrival(self) -> Received:
        async with asyncio.timeout(_ARRIVES_WITHIN_S):
            return await self._subscriber.arrived.get()

    async def _notifications(self) -> int:
        return len(await self._api.get(f"/service/{_SERVICE}/notification"))

    async def _repetition_recognised(self) -> bool:
        async with ApiClient(self._product.metrics_url) as metrics:
            text = (await metrics.send("GET", "")).raw.decode()
        return 'interactor_notifications_total{outcome="duplicate"} 1.0' in text

    async def _eventually(self, what: str, condition: Callable[[], Awaitable[bool]]) -> None:
        for _ in range(int(_ARRIVES_WITHIN_S / 0.05)):
            if await condition():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{what}: not within {_ARRIVES_WITHIN_S} s")


def _same(found: Any, wanted: Any) -> None:
    _holds(found == wanted, f"expected {wanted!r}, found {found!r}")


def _holds(condition: bool, otherwise: str) -> None:
    if not condition:
        raise AssertionError(otherwise)
