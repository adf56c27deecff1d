"""The product in a thread of its own, for tools that ask it as any client does: over HTTP, without an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Self

import requests

from tests.product import running


@contextmanager
def served(**settings: Any) -> Iterator[str]:
    """The URL of a product with these settings."""
    url: Future[str] = Future()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve() -> None:
        try:
            async with running(**settings) as product:
                url.set_result(product.url)
                await ended.wait()
        except BaseException as error:
            if not url.done():
                url.set_exception(error)
            raise

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield url.result()
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


class World:
    """Resources to which a request can refer; `ids` are by the names of parameters in paths."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["api_key"] = "default"
        self.ids: dict[str, str] = {}
        self._made_before = 0

    @property
    def user(self) -> str:
        return self.ids["userId"]

    def __enter__(self) -> Self:
        self.make()
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def make(self) -> None:
        """A service with one of everything, and a user who has to do with it."""
        self._made_before += 1
        self.ids = {"userId": f"user {self._made_before}"}
        self._post("/user", {"userId": self.user})
        self._made("group", "/group", {"name": "group"})
        self._made("service", "/service", {"name": f"service {self._made_before}"})
        service = f"/service/{self.ids['serviceId']}"
        for kind in ("variable", "action", "event", "trigger", "condition", "datatype"):
            self._made(kind, f"{service}/{kind}", {"name": kind, "published": True})
        self.ids["condition_id"] = self.ids["conditionId"]
        config = {"in": "header", "name": "x-api-key"}
        self._made("security", f"{service}/security", {"type": "apiKey", "label": {"en": "key"}, "config": config})
        security = {"defaultServiceSecurityId": self.ids["securityId"]}
        self._made("version", f"{service}/version", {"name": "1", **security})
        self._made(
            "token", f"/user/{self.user}/token", {"serviceId": self.ids["serviceId"], "key": {"token": "secret"}}
        )
        self._made("subscription", f"{service}/trigger/{self.ids['triggerId']}/subscription", {})

    def _made(self, noun: str, path: str, body: Any) -> None:
        self.ids[f"{noun}Id"] = self._post(path, body)["id"]

    def _post(self, path: str, body: Any) -> Any:
        user = {} if path == "/user" else {"userId": self.user}
        answer = self.session.post(f"{self.url}/v1{path}", json=body, params=user)
        assert answer.ok, answer.text
        return answer.json()
