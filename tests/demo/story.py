"""The story: from an empty product to a verified webhook at a subscriber, every step checked."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from standardwebhooks import Webhook

from tests.api_client import ApiClient
from tests.demo import command, components, github
from tests.demo.components import REPOSITORY, SERVICE, USER
from tests.demo.narrator import Narrator
from tests.demo.servers import Provider, Received, Subscriber, listening
from tests.process import Product

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
            self._tell.chapter("An author describes a service as a file")
            await self._push_service(provider_url)
            await self._add_an_action()
            self._tell.chapter("A user connects")
            await self._connect(url)
            self._tell.chapter("Actions run")
            await self._run_script()
            await self._run_http()
            self._tell.chapter("A webhook goes all the way through")
            await self._webhook_is_delivered()
            await self._forgeries_are_refused()
            await self._redelivery_changes_nothing()
            await self._end_subscription()

    async def _push_service(self, provider_url: str) -> None:
        with self._tell.step("a user of the platform") as step:
            made = await self._api.post("/user", {"userId": USER, "email": "ada@example.com", "name": "Ada"})
            _same(made, {"id": USER})
            step.detail = f"POST /v1/user → {made['id']}"
        with tempfile.TemporaryDirectory(prefix="interactor-demo-") as folder:
            file, values = Path(folder) / "github.json", Path(folder) / "values.json"
            file.write_text(components.service_file())
            values.write_bytes(orjson.dumps({"api_url": provider_url}))
            with self._tell.step("GitHub as a file, and one value that is no part of it") as step:
                said = await self._command("push", str(file), "--user", USER, "--values", str(values))
                _holds("The service is as the file says." in said, said)
                step.detail = (
                    f"push {components.EXAMPLE.name} → {next(line for line in said.splitlines() if 'requests' in line)}"
                )
            with self._tell.step("the same file once more changes nothing"):
                said = await self._command("push", str(file))
                _holds("Nothing to change" in said, said)
        with self._tell.step("what comes out is what went in, and the value is in nothing that is answered"):
            said = await self._command("export", SERVICE)
            _same(said, components.service_file())
            listed = await self._api.get(f"/service/{SERVICE}/variable")
            _holds(provider_url not in orjson.dumps(listed).decode(), f"the value was answered: {listed}")

    async def _add_an_action(self) -> None:
        with self._tell.step("an action in JavaScript, added through the API, is in the file from then on"):
            await self._make("action", components.GREET)
            said = orjson.loads(await self._command("export", SERVICE))
            _holds(components.GREET["name"] in said["components"]["action"], f"the action is not in {said}")

    async def _connect(self, url: str) -> None:
        with self._tell.step("the user's API key for the provider, sealed") as step:
            security = await self._api.get(f"/service/{SERVICE}/security/Personal%20access%20token")
            body = {"name": "my token", "serviceSecurityId": security["id"], "key": {"token": self._token}}
            made = await self._api.post(f"/user/{USER}/token", body)
            listed = await self._api.get(f"/service/{SERVICE}/token?userId={USER}")
            _same([row["id"] for row in listed], [made["id"]])
            _holds(self._token not in orjson.dumps(listed).decode(), "a list of tokens showed the secret")
            step.detail = f"POST /v1/user/{USER}/token → {made['id']}"
        with self._tell.step("a subscription to the pushes of a repository, at a url of the platform's own") as step:
            path = f"/service/{SERVICE}/trigger/repository.pushed/subscription?userId={USER}"
            wanted = {"url": f"{url}/deliveries", "variables": {"repository": REPOSITORY}}
            made = await self._api.post(path, wanted, status=201)
            self._subscription_id, self._signing_secret = made["id"], made["secret"]
            step.detail = f"{url}/deliveries"
        with self._tell.step("has made the webhook at the provider") as step:
            [hook] = self._provider.hooks.values()
            _same(["/".join(hook["repository"]), hook["events"]], [REPOSITORY, ["push"]])
            inbound = urlsplit(hook["url"])
            self._inbound_path, self._inbound_secret = f"{inbound.path}?{inbound.query}", hook["secret"]
            step.detail = hook["url"]

    async def _run_script(self) -> None:
        given, wanted = {"name": "Ada"}, {"greeting": "Hello, Ada!", "letters": 3}
        await self._run_both_ways("JavaScript", str(components.GREET["name"]), given, lambda output: output, wanted)

    async def _run_http(self) -> None:
        await self._run_both_ways("HTTP", "repository.list", {}, lambda output: output[0]["name"], REPOSITORY)
        with self._tell.step("the provider believed the token each time"):
            _same(self._provider.refused, 0)

    async def _run_both_ways(
        self, kind: str, action: str, given: dict[str, Any], part: Callable[[Any], Any], wanted: Any
    ) -> None:
        with self._tell.step(f"the {kind} action as a node") as step:
            node = {"@type": "action", "service": SERVICE, "action": action, "input": given}
            output = await self._api.post(f"/execute?userId={USER}", node)
            _same(part(output), wanted)
            step.detail = f"POST /v1/execute → {orjson.dumps(part(output)).decode()}"
        with self._tell.step(f"the {kind} action by its name") as step:
            path = f"/service/{SERVICE}/action/{action}/execute?userId={USER}"
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
            _same(delivery["data"]["repository"], REPOSITORY)
            _same([delivery["trigger"], delivery["userId"]], ["repository.pushed", USER])
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
            rows = await self._api.get(f"/subscription/{self._subscription_id}/delivery?userId={USER}")
            _same([self._subscriber.count, len(rows), await self._notifications()], [2, 2, 2])
            step.detail = "3 webhooks, 2 notifications, 2 deliveries"

    async def _end_subscription(self) -> None:
        with self._tell.step("ending the subscription removes the webhook at the provider"):
            answer = await self._api.ask("DELETE", f"/subscription/{self._subscription_id}?userId={USER}")
            _same(answer.status, 200)
            _same(self._provider.hooks, {})
            await self._eventually("the endpoint is closed", self._closed)

    async def _closed(self) -> bool:
        answer = await self._api.send("POST", self._inbound_path, self._body, {})
        return answer.status == 404

    async def _command(self, *arguments: str) -> str:
        return await command.services(*arguments, url=self._api.url, key=self._api.key)

    async def _make(self, noun: str, body: dict[str, Any]) -> Any:
        return await self._api.post(f"/service/{SERVICE}/{noun}?userId={USER}", body)

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
        return len(await self._api.get(f"/service/{SERVICE}/notification"))

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
