"""What is changed through the API beside the load, and what must hold of it in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.api_client import ApiClient
from tests.chaos.ledger import Kind

SERVICE = "chaos"
USER = "ada"
SAYING = "saying"
SPENDING = "spending"
_GIVEN_UP_AFTER_S = 40.0
_SPENT_IN_THE_END = 5


class Refused(Exception):
    """The status that a change was answered with."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A user whose deletion was acknowledged, and what was theirs."""

    user: str
    subscription: str
    token: str


class Changes:
    """One after the other, every kind in turn. What isn't acknowledged may have come about or not."""

    def __init__(self, api: ApiClient, sink_url: str, security: str) -> None:
        self.acknowledged: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._api = api
        self._sink_url = sink_url
        self._security = security
        self._number = 0
        self._gone: list[Gone] = []
        self._removed: list[str] = []
        self._revoked: list[str] = []
        self._kept: set[str] = set()
        self._said = 0
        self._unanswered: set[int] = set()

    async def run(self, every_s: float) -> None:
        while True:
            for change in (
                self._guest_comes_and_goes,
                self._service_comes_and_goes,
                self._action_says_another_number,
                self._token_is_replaced,
            ):
                self._number += 1
                try:
                    async with asyncio.timeout(_GIVEN_UP_AFTER_S):
                        await change(self._number)
                except Refused as refusal:
                    self.refused[str(refusal)] += 1
                except (aiohttp.ClientError, TimeoutError):
                    self.refused["no answer"] += 1
                await asyncio.sleep(every_s)

    async def broken(self) -> list[str]:
        """Everything that does not hold, in words."""
        found = [f"a change was answered {status}" for status in self.refused if status.startswith("4")]
        found += [what for each in self._gone for what in await self._left_of(each)]
        found += [f"{place} went with its service and is there" for place in self._removed if await self._there(place)]
        found += [f"token {id} was deleted and is there" for id in self._revoked if await self._there(_token(id, USER))]
        found += [f"token {id} was made and is gone" for id in self._kept if not await self._there(_token(id, USER))]
        for id in self._revoked[-_SPENT_IN_THE_END:]:
            if await self._spend(id) == 200:
                found.append(f"token {id} was deleted and can be spent")
        for id in sorted(self._kept)[-_SPENT_IN_THE_END:]:
            if (status := await self._spend(id)) != 200:
                found.append(f"token {id} was made and spending it answers {status}")
        said = await self._api.post(f"/service/{SERVICE}/action/{SAYING}/execute?userId={USER}", {})
        if (number := said["output"]["number"]) not in {self._said, *self._unanswered}:
            found.append(f"the action says {number}, and should say {self._said}")
        return found

    async def _guest_comes_and_goes(self, number: int) -> None:
        user = f"guest{number}"
        await self._do("POST", "/user", {"userId": user})
        path = f"/service/{SERVICE}/trigger/{Kind.DROPPED}/subscription?userId={user}"
        wanted = {"url": f"{self._sink_url}/{Kind.DROPPED}", "variables": {}}
        subscription = (await self._do("POST", path, wanted))["id"]
        gone = Gone(user, subscription, await self._make_token(user))
        await self._do("DELETE", f"/user/{user}")
        self._gone.append(gone)
        self.acknowledged["users deleted"] += 1

    async def _service_comes_and_goes(self, number: int) -> None:
        """In use when it is deleted, so by force."""
        name = f"passing{number}"
        id = (await self._do("POST", f"/service?userId={USER}", {"name": name}))["id"]
        await self._do("POST", f"/service/{name}/trigger?userId={USER}", {"name": "t"})
        wanted = {"url": f"{self._sink_url}/{Kind.DROPPED}", "variables": {}}
        subscription = (await self._do("POST", f"/service/{name}/trigger/t/subscription?userId={USER}", wanted))["id"]
        await self._do("DELETE", f"/service/{name}?userId={USER}&force=true")
        self._removed += [f"/service/{id}", f"/service/{name}", f"/subscription/{subscription}"]
        self.acknowledged["services deleted"] += 1

    async def _action_says_another_number(self, number: int) -> None:
        """What was not answered can come about even later, when a process that was paused goes on."""
        self._unanswered.add(number)
        await self._do("PUT", f"/service/{SERVICE}/action/{SAYING}?userId={USER}&version=minor", saying(number))
        self._unanswered.discard(number)
        self._said = number
        self.acknowledged["actions updated"] += 1

    async def _token_is_replaced(self, number: int) -> None:
        """Spent once before it is deleted, so that it sits in caches; every second one stays."""
        token = await self._make_token(USER)
        if number % 2:
            self._kept.add(token)
            self.acknowledged["tokens made"] += 1
            return
        await self._spend(token)
        await self._do("DELETE", _token(token, USER))
        self._revoked.append(token)
        self.acknowledged["tokens deleted"] += 1

    async def _make_token(self, user: str) -> str:
        body = {"serviceSecurityId": self._security, "key": {"token": f"secret of {user}"}}
        return str((await self._do("POST", f"/user/{user}/token", body))["id"])

    async def _spend(self, token: str) -> int:
        path = f"/service/{SERVICE}/action/{SPENDING}/execute?userId={USER}&userCredentialId={token}"
        return (await self._api.ask("POST", path, {})).status

    async def _left_of(self, gone: Gone) -> list[str]:
        """Whoever comes anew under the id has nothing of it either."""
        places = (f"/user/{gone.user}", f"/subscription/{gone.subscription}", _token(gone.token, gone.user))
        left = [place for place in places if await self._there(place)]
        await self._api.ask("POST", "/user", {"userId": gone.user})
        left += [place for place in places[1:] if await self._there(place)]
        return [f"{gone.user} was deleted, and {place} is there" for place in left]

    async def _there(self, path: str) -> bool:
        return (await self._api.ask("GET", path)).status != 404

    async def _do(self, method: str, path: str, body: object = None) -> Any:
        answer = await self._api.ask(method, path, body)
        if answer.status not in (200, 201, 204):
            raise Refused(answer.status)
        return answer.json


def saying(number: int) -> dict[str, object]:
    """The action that is updated."""
    return {"name": SAYING, "logic": {"execute": {"number": number}}}


def _token(id: str, user: str) -> str:
    return f"/service/{SERVICE}/token/{id}?userId={user}"
