"""What goes on all the time: providers' webhooks and executes, at a fixed rate, whatever the product does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from tests.chaos.changes import SERVICE, USER
from tests.chaos.ledger import Kind, Series
from tests.demo import github

ECHO = "echo"
_ANSWERED_WITHIN_S = 10.0
_BODY = b'{"action":"pushed"}'
_DELIVERED_OF_TEN = 8


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a provider sends webhooks of one kind."""

    path: str
    secret: str


class Load:
    """Keeps what was acknowledged, and how everything was answered."""

    def __init__(self, url: str, channels: Mapping[Kind, Channel], *, rate_per_s: float) -> None:
        self.acknowledged: dict[str, Kind] = {}
        self.sent_at_s: dict[str, float] = {}
        self.answered_after_s: list[float] = []
        self._webhooks = Series()
        self._executed = Series()
        self.answers: Counter[str] = Counter()
        self.executes: Counter[str] = Counter()
        self._url = url
        self._channels = channels
        self._rate_per_s = rate_per_s
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def sent(self) -> int:
        return len(self.sent_at_s)

    @property
    def refused(self) -> Counter[str]:
        """The webhooks that were not acknowledged, by how they were answered."""
        return Counter({status: count for status, count in self.answers.items() if status != "200"})

    @property
    def delivered_per_s(self) -> float:
        """How many a second are to arrive at their first attempt."""
        return self._rate_per_s * _DELIVERED_OF_TEN / 10

    @property
    def rates(self) -> list[tuple[Series, float]]:
        """What was acknowledged, and how many a second there are to be of it."""
        return [(self._webhooks, self.delivered_per_s), (self._executed, self._rate_per_s / 10)]

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWERED_WITHIN_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._url, timeout=timeout, connector=connector) as session:
            next_at_s = time.monotonic()
            try:
                while True:
                    await asyncio.sleep(max(0.0, next_at_s - time.monotonic()))
                    next_at_s += 1 / self._rate_per_s
                    self._start(session)
            finally:
                if self._under_way:
                    await asyncio.wait(self._under_way)

    def _start(self, session: aiohttp.ClientSession) -> None:
        number = self.sent + 1
        kind = {0: Kind.RETRIED, 5: Kind.DROPPED}.get(number % 10, Kind.DELIVERED)
        sending = [self._send(session, f"sent-{number}", kind)]
        if number % 10 == 7:
            sending.append(self._execute(session))
        self.sent_at_s[f"sent-{number}"] = time.monotonic()
        for each in sending:
            task = asyncio.create_task(each)
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _send(self, session: aiohttp.ClientSession, id: str, kind: Kind) -> None:
        channel = self._channels[kind]
        status = await _status(session, channel.path, _BODY, github.headers(_BODY, channel.secret, id))
        self.answers[status] += 1
        if status == "200":
            now_s = time.monotonic()
            self.acknowledged[id] = kind
            self.answered_after_s.append(now_s - self.sent_at_s[id])
            if kind is Kind.DELIVERED:
                self._webhooks.add(now_s)

    async def _execute(self, session: aiohttp.ClientSession) -> None:
        headers = {"api_key": "default", "Content-Type": "application/json"}
        path = f"/v1/service/{SERVICE}/action/{ECHO}/execute?userId={USER}"
        status = await _status(session, path, b"{}", headers)
        self.executes[status] += 1
        if status == "200":
            self._executed.add(time.monotonic())


async def _status(session: aiohttp.ClientSession, path: str, body: bytes, headers: Mapping[str, str]) -> str:
    """Of the answer, with the problem's code where there is one; else in words why there was none."""
    try:
        async with session.post(path, data=body, headers=headers) as response:
            raw = await response.read()
            if response.content_type != "application/problem+json":
                return str(response.status)
            return f"{response.status} {orjson.loads(raw)['code']}"
    except TimeoutError:
        return f"none within {_ANSWERED_WITHIN_S:g} s"
    except aiohttp.ClientConnectorError:
        return "nobody listens"
    except aiohttp.ClientError:
        return "connection lost"
