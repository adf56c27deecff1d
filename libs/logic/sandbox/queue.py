"""Calls that wait for a process: taken from each tenant in turn, so that many of one are no wait for another's."""

from collections import deque
from collections.abc import Collection

from libs.logic.sandbox.calls import Call


class FairQueue:
    def __init__(self) -> None:
        self._waiting: dict[str, deque[Call]] = {}
        """In the order in which tenants have their turn; nobody's is empty."""

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def put(self, call: Call) -> None:
        self._waiting.setdefault(call.tenant, deque()).append(call)

    def put_back(self, call: Call) -> None:
        """As the next of its tenant, who has the next turn."""
        waiting = self._waiting.pop(call.tenant, deque())
        waiting.appendleft(call)
        self._waiting = {call.tenant: waiting, **self._waiting}

    def take(self, passed_over: Collection[str] = ()) -> Call | None:
        """The next call that is still wanted, of the next tenant that is not passed over."""
        for tenant in list(self._waiting):
            if tenant in passed_over:
                continue
            waiting = self._waiting.pop(tenant)
            call = _next_wanted(waiting)
            if waiting:
                self._waiting[tenant] = waiting
            if call is not None:
                return call
        return None

    def take_older(self, than_s: float) -> list[Call]:
        """Takes the calls that have waited since before then."""
        older = []
        for tenant, waiting in list(self._waiting.items()):
            while waiting and waiting[0].queued_s < than_s:
                older.append(waiting.popleft())
            if not waiting:
                del self._waiting[tenant]
        return older

    def take_all(self) -> list[Call]:
        calls = [call for waiting in self._waiting.values() for call in waiting]
        self._waiting.clear()
        return calls


def _next_wanted(waiting: deque[Call]) -> Call | None:
    while waiting:
        call = waiting.popleft()
        if not call.future.done():
            return call
    return None
