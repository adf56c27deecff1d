"""The one client that every outgoing request of the product goes through."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp

from libs.common.egress.allow import Allow
from libs.common.egress.connections import Connector
from libs.common.egress.errors import EgressDenied, EgressFailed, EgressTimeout, ResponseTooLarge, Rule
from libs.common.egress.failures import failure
from libs.common.egress.messages import (
    Admit,
    EgressResponse,
    Hop,
    check_request,
    joined_headers,
    redirect_target,
    redirected,
)
from libs.common.egress.resolver import CheckedResolver, Resolve, SystemLookup
from libs.common.egress.rules import EgressRules, literal

MAX_REDIRECTS = 5
_MAX_HEADER_BYTES = 32 * 1024
_MAX_PLAIN_BODY_BYTES = 1 << 20
_NO_HEADERS: Mapping[str, str] = {}
# One deadline over all hops replaces aiohttp's timers, which would run per hop.
_NO_TIMERS = aiohttp.ClientTimeout(total=None, sock_connect=None)

OnData: TypeAlias = Callable[[int], None]


class EgressClient:
    """Requests with the egress rules applied to every hop, over one pool of kept connections.

    `on_denied` hears the rule of each refusal. `resolve` gives a host's addresses, by default the system's.
    """

    def __init__(
        self,
        allow: Allow,
        *,
        user_agent: str,
        resolve: Resolve | None = None,
        on_denied: Callable[[Rule], None] | None = None,
        max_connections_per_host: int = 128,
    ) -> None:
        self._rules = EgressRules(allow)
        self._lookup = SystemLookup()
        self._resolver = CheckedResolver(self._rules, resolve or self._lookup)
        self._on_denied = on_denied
        self._user_agent = user_agent
        self._max_connections_per_host = max_connections_per_host
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        connector = Connector(
            resolver=self._resolver,
            limit=0,  # a full pool would let slow hosts hold up all others
            limit_per_host=self._max_connections_per_host,
            keepalive_timeout=30,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent},
            timeout=_NO_TIMERS,
            trust_env=False,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
        self._lookup.close()

    async def request(  # noqa: PLR0913 - the independent, keyword-only parts of one HTTP request
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_s: float = 30,
        max_bytes: int = 10 << 20,
        max_redirects: int = 0,
        sensitive_headers: frozenset[str] = frozenset(),
        on_data: OnData | None = None,
        admit: Admit | None = None,
    ) -> EgressResponse:
        """Raises EgressDenied, EgressTimeout, EgressFailed or ResponseTooLarge, which are all EgressErrors.

        At most MAX_REDIRECTS are followed; with 0 a redirect is the answer. `sensitive_headers` leave the
        origin as little as `authorization` and `cookie` do. `max_bytes` counts the decompressed body. `on_data`
        is told the bytes of each part of it as it comes, of redirects' too; what it raises ends the request.
        `admit` is asked before each hop is sent, the first included, and raises EgressDenied to refuse it.
        """
        try:
            async with asyncio.timeout(timeout_s):
                hop = self._first_hop(method, url, headers or _NO_HEADERS, params, body)
                limit = min(max_redirects, MAX_REDIRECTS)
                reader = _BodyReader(max_bytes, on_data)
                return await self._follow(hop, limit, reader, sensitive_headers, admit)
        except EgressDenied as denied:
            self._count(denied)
            raise
        except TimeoutError as error:
            raise EgressTimeout(f"No complete answer came within {timeout_s:g} seconds.") from error

    async def check(self, url: str, *, timeout_s: float = 5) -> None:
        """Raises as a request to `url` would until it is connected, and sends nothing."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._check_host_of(url)
        except EgressDenied as denied:
            self._count(denied)
            raise
        except TimeoutError as error:
            raise EgressTimeout(f"The URL's host was not found within {timeout_s:g} seconds.") from error

    async def _check_host_of(self, text: str) -> None:
        url = self._rules.parse(text)
        host = url.raw_host or ""
        if literal(host) is not None:
            return
        try:
            await self._resolver.resolve(host, url.port or 0)
        except OSError as error:
            raise EgressFailed("dns", f"No address was found for {host}.") from error

    def _count(self, denied: EgressDenied) -> None:
        if self._on_denied is not None:
            self._on_denied(denied.rule)

    def _first_hop(
        self, method: str, url: str, headers: Mapping[str, str], params: Mapping[str, str] | None, body: bytes | None
    ) -> Hop:
        check_request(method, headers)
        checked = self._rules.parse(url)
        return Hop(method, checked.extend_query(params) if params else checked, headers, body)

    async def _follow(
        self, hop: Hop, max_redirects: int, reader: _BodyReader, sensitive_headers: frozenset[str], admit: Admit | None
    ) -> EgressResponse:
        redirects = 0
        while True:
            if admit is not None:
                admit(hop)
            answer = await self._exchange(hop, reader)
            location = redirect_target(answer) if max_redirects else None
            if location is None:
                return answer
            if redirects == max_redirects:
                raise EgressFailed("too_many_redirects", f"More than {max_redirects} redirects came one after another.")
            redirects += 1
            hop = redirected(hop, answer.status, self._rules.parse(location, base=hop.url), sensitive_headers)

    async def _exchange(self, hop: Hop, reader: _BodyReader) -> EgressResponse:
        if self._session is None:
            raise RuntimeError("the egress client was not started")
        try:
            response = await self._session.request(
                hop.method, hop.url, headers=hop.headers, data=_payload(hop.body), allow_redirects=False
            )
            body = await reader.read(response)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise failure(error, hop.url.raw_host or "") from error
        return EgressResponse(response.status, joined_headers(response.headers), body, str(hop.url))


def _payload(body: bytes | None) -> bytes | io.BytesIO | None:
    """Large bodies as a stream, which aiohttp writes in parts."""
    return io.BytesIO(body) if body is not None and len(body) > _MAX_PLAIN_BODY_BYTES else body


@dataclass(frozen=True, slots=True)
class _BodyReader:
    max_bytes: int
    on_data: OnData | None

    async def read(self, response: aiohttp.ClientResponse) -> bytes:
        """aiohttp inflates only as much ahead as it buffers, so that a small bomb is not unpacked to be counted."""
        chunks: list[bytes] = []
        left_bytes = self.max_bytes
        try:
            while chunk := await response.content.readany():
                left_bytes -= len(chunk)
                if left_bytes < 0:
                    raise ResponseTooLarge(f"The answer's body is larger than {self.max_bytes} bytes.")
                if self.on_data is not None:
                    self.on_data(len(chunk))
                chunks.append(chunk)
        except BaseException:
            response.close()
            raise
        return b"".join(chunks)
