"""The public API of a running product, as somebody with a key speaks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import orjson
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from yarl import URL

from services.files.refused import Refused

_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
_ATTEMPTS = 6
_LONGEST_WAIT_S = 30.0
_BUSY = (429, 503)
_BACKOFF = wait_random_exponential(multiplier=0.2, max=5)


class ApiRefused(Refused):
    """An answer that is no success."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _Busy(Exception):
    """To be asked again, after `wait_s` if the product said so."""

    def __init__(self, refused: Refused, wait_s: float | None = None) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.wait_s = wait_s


class Client:
    """Asks again where the product is busy or the line broke; creating is protected by an idempotency key."""

    def __init__(self, url: str, key: str) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        if not base.startswith(("http://", "https://")):
            raise Refused(f"{url!r} is no URL of a product; give one such as http://127.0.0.1:1290.")
        self.url = base
        self._session = aiohttp.ClientSession(
            headers={"x-api-key": key}, timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def get(self, *path: str, **query: str) -> Any:
        """Raises ApiRefused."""
        return (await self._ask("GET", path_of(*path), query))[0]

    async def pages(self, *path: str) -> AsyncIterator[Any]:
        """The rows of a list, whatever number of pages they come in. Raises ApiRefused."""
        rows, following = await self._ask("GET", path_of(*path), {})
        while True:
            for row in rows:
                yield row
            if following is None:
                return
            rows, following = await self._ask("GET", following, {})

    async def write(self, method: str, path: tuple[str, ...], body: object, query: Mapping[str, str]) -> Any:
        """Raises ApiRefused."""
        return (await self._ask(method, path_of(*path), query, body))[0]

    async def _ask(
        self, method: str, path: str, query: Mapping[str, str], body: object = None
    ) -> tuple[Any, str | None]:
        headers = {"Content-Type": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        url = URL(f"{self.url}{path}", encoded=True).extend_query(query)
        content = None if body is None else orjson.dumps(body)
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(_Busy), stop=stop_after_attempt(_ATTEMPTS), wait=_wait, reraise=True
            ):
                with attempt:
                    return await self._once(method, url, headers, content)
        except _Busy as busy:
            raise busy.refused from None
        raise AssertionError("unreachable")

    async def _once(
        self, method: str, url: URL, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[Any, str | None]:
        try:
            async with self._session.request(
                method, url, headers=headers, data=content, allow_redirects=False
            ) as response:
                raw, status, following = await response.read(), response.status, response.links.get("next")
        except (aiohttp.ClientError, TimeoutError) as error:
            told = str(error) or type(error).__name__
            raise _Busy(Refused(f"{self.url} can't be reached: {told}. --url names another product.")) from None
        if status in _BUSY:
            raise _Busy(_refused(method, url, status, raw), _seconds(response.headers.get("Retry-After")))
        if status not in (200, 201):
            raise _refused(method, url, status, raw)
        return _json(raw), _inside(str(following["url"])) if following is not None else None


def path_of(*segments: str) -> str:
    return "/v1/" + "/".join(map(_segment, segments))


def _inside(url: str) -> str:
    """The path of a next page, wherever a gateway may have put the API."""
    return "/v1/" + URL(url).raw_path_qs.partition("/v1/")[2]


def _segment(text: str) -> str:
    """Dots alone would be taken for a way up."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _refused(method: str, url: URL, status: int, raw: bytes) -> ApiRefused:
    answer = _json(raw)
    said = answer.get("error") if isinstance(answer, dict) else None
    if status == 401:
        said = "the key is not known there; INTERACTOR_API_KEY or --key-file gives it"
    told = said or "that is no answer of an Interactor Engine; see whether --url names one"
    return ApiRefused(f"{method} {url.path} was answered with {status}: {told}", status)


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() else None


def _wait(state: RetryCallState) -> float:
    """What the product asked for, within reason, else exponential with jitter."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked = error.wait_s if isinstance(error, _Busy) else None
    return min(asked, _LONGEST_WAIT_S) if asked is not None else float(_BACKOFF(state))
