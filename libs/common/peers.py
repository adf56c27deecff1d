"""Calls to other services: directly in one process, or by HTTP to the internal port of another one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast

import aiohttp
import orjson
import structlog
from aiohttp import web
from pydantic import BaseModel
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from libs.common.contracts.calls import Answers, Call, Peers
from libs.common.errors import BY_STATUS, Detail, ServiceError, Unavailable
from libs.common.role_tokens import NOT_ALLOWED, REFUSED, TokenSigner

Q = TypeVar("Q", bound=BaseModel)
A = TypeVar("A", bound=BaseModel)

log = structlog.get_logger()
_JSON = "application/json"
_PROBLEM_MEMBERS = frozenset({"type", "title", "status", "detail", "error", "code", "requestId", "details"})


class DirectPeers:
    """Peers in the same process. `answers` may be filled after this is made, but before it is asked."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def ask(self, call: Call[Q, A], question: Q) -> A | None:
        answer = self._answers.get(call)
        if answer is None:
            raise unavailable(call.owner)
        return cast("A | None", await answer(question))


class PeersByOwner:
    """Asks the owners in `here` by one way, and all others by the other."""

    def __init__(self, here: Collection[str], direct: Peers, elsewhere: Peers) -> None:
        self._here = here
        self._direct = direct
        self._elsewhere = elsewhere

    async def ask(self, call: Call[Q, A], question: Q) -> A | None:
        peers = self._direct if call.owner in self._here else self._elsewhere
        return await peers.ask(call, question)


class HttpPeers:
    """Peers in other processes, each at its base URL; `session` is called when the first is asked.

    Only a connection that could not be made is tried again, for `connect_for_s`; whatever was sent is not.
    """

    def __init__(
        self,
        signer: TokenSigner,
        urls: Mapping[str, str],
        session: Callable[[], aiohttp.ClientSession],
        *,
        connect_for_s: float = 2.0,
        answer_within_s: float = 10.0,
    ) -> None:
        self._signer = signer
        self._urls = {owner: url.rstrip("/") for owner, url in urls.items()}
        self._session = session
        self._connect_for_s = connect_for_s
        self._timeout = aiohttp.ClientTimeout(total=answer_within_s, sock_connect=connect_for_s)

    async def ask(self, call: Call[Q, A], question: Q) -> A | None:
        raw = orjson.dumps(question.model_dump(mode="json", by_alias=True))
        try:
            async for attempt in self._attempts():
                with attempt:
                    status, answer = await self._post(call, raw)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("peer.unreachable", owner=call.owner, call=call.name, error=repr(error))
            raise unavailable(call.owner) from None
        return None if status == web.HTTPNoContent.status_code else _parsed(call, answer)

    def _attempts(self) -> AsyncRetrying:
        return AsyncRetrying(
            retry=retry_if_exception_type(aiohttp.ClientConnectorError)
            & retry_if_not_exception_type(aiohttp.ClientSSLError),
            stop=stop_after_delay(self._connect_for_s),
            wait=wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )

    async def _post(self, call: Call[Q, A], raw: bytes) -> tuple[int, bytes]:
        if call.owner not in self._urls:
            raise unavailable(call.owner)
        headers = {"Authorization": f"Bearer {self._signer.token(call)}", "Content-Type": _JSON}
        url = f"{self._urls[call.owner]}/internal/{call.name}"
        async with self._session().post(
            url, data=raw, headers=headers, timeout=self._timeout, allow_redirects=False
        ) as response:
            answer = await response.read()
            if response.status not in (200, 204):
                raise _remote_error(call, response, answer)
            return response.status, answer


def unavailable(owner: str) -> Unavailable:
    return Unavailable(f"{owner}_unavailable", f"{owner} can't be reached just now; try again.", retry_after_s=1)


def mismatch(call: Call[Any, Any], part: str) -> ServiceError:
    """The two sides run versions that don't fit; nothing that the client could mend."""
    return ServiceError("contract_mismatch", f"The {part} of {call.owner}'s {call.name} is not of this version's form.")


def _parsed(call: Call[Q, A], answer: bytes) -> A:
    try:
        return call.answer.model_validate(orjson.loads(answer))
    except ValueError:
        raise mismatch(call, "answer") from None


def _remote_error(call: Call[Any, Any], response: aiohttp.ClientResponse, raw: bytes) -> ServiceError:
    """The owner's error as it raised it; what the owner did not say itself (a proxy did) means that it is down."""
    try:
        error = _rebuilt(response, orjson.loads(raw))
    except (ValueError, KeyError, TypeError):
        return unavailable(call.owner)
    if error.code not in (REFUSED, NOT_ALLOWED):
        return error
    log.error("peer.refused", owner=call.owner, call=call.name, reason=error.message)
    return ServiceError("internal_error", f"{call.owner} does not believe this service; their role keys don't fit.")


def _rebuilt(response: aiohttp.ClientResponse, body: Any) -> ServiceError:
    retry_after = response.headers.get("Retry-After")
    return BY_STATUS.get(response.status, ServiceError)(
        body["code"],
        body["detail"],
        details=[Detail(each["path"], each["message"]) for each in body.get("details", ())],
        retry_after_s=int(retry_after) if retry_after else None,
        extra={name: value for name, value in body.items() if name not in _PROBLEM_MEMBERS},
    )
