"""Asks a running product over HTTP, as a platform does with its key."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `json` is None where the body is empty or no JSON."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        try:
            return orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            return None


class ApiClient:
    """`url` is the product's, without `/v1`; it may change when the product was started again."""

    def __init__(self, url: str, key: str = "default") -> None:
        self.url = url
        self.key = key
        self._session = aiohttp.ClientSession(headers={"api_key": key})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        async with self._session.request(method, self.url + path, data=body, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def ask(self, method: str, path: str, body: object = None) -> Answer:
        """One operation of /v1 with a JSON body; `path` starts after `/v1`."""
        content = None if body is None else orjson.dumps(body)
        return await self.send(method, f"/v1{path}", content, {"Content-Type": "application/json"})

    async def get(self, path: str) -> Any:
        return _expected(await self.ask("GET", path), path, 200)

    async def post(self, path: str, body: object, *, status: int = 200) -> Any:
        return _expected(await self.ask("POST", path, body), path, status)

    async def put(self, path: str, body: object) -> Any:
        return _expected(await self.ask("PUT", path, body), path, 200)


def _expected(answer: Answer, path: str, status: int) -> Any:
    if answer.status != status:
        raise AssertionError(f"{path} answered {answer.status}, not {status}: {answer.raw.decode(errors='replace')}")
    return answer.json
