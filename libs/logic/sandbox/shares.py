"""How much of a sandbox may be taken: by all calls together, and by one tenant's, of whatever there is half."""

from collections import Counter

from libs.logic.errors import LogicError


class Share:
    """One thing of which there is only so much, counted by tenant; nobody's in particular counts for all only."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._total = 0
        self._by_tenant: Counter[str] = Counter()

    def take(self, tenant: str, amount: int, what: str) -> None:
        """Raises LogicError `sandbox_full` when that is too much."""
        if self._total + amount > self._most:
            raise LogicError("sandbox_full", f"The sandbox is full: {what}; try again in a moment.")
        if tenant:
            if self._by_tenant[tenant] + amount > max(self._most // 2, 1):
                raise LogicError("sandbox_full", f"Your share of the sandbox is full: {what}; try again in a moment.")
            self._by_tenant[tenant] += amount
        self._total += amount

    def give_back(self, tenant: str, amount: int) -> None:
        self._total -= amount
        if tenant:
            self._by_tenant[tenant] -= amount
            if not self._by_tenant[tenant]:
                del self._by_tenant[tenant]


class Shares:
    """What the calls of a pool take: places, and memory while they wait for the host."""

    def __init__(self, *, most_calls: int, waiting_bytes: int) -> None:
        self._calls = Share(most_calls)
        self._waiting = Share(waiting_bytes)

    def enter(self, tenant: str) -> None:
        self._calls.take(tenant, 1, "too many scripts are running")

    def leave(self, tenant: str) -> None:
        self._calls.give_back(tenant, 1)

    def wait(self, tenant: str, size_bytes: int) -> None:
        self._waiting.take(tenant, size_bytes, "scripts that wait for requests hold too much memory")

    def go_on(self, tenant: str, size_bytes: int) -> None:
        self._waiting.give_back(tenant, size_bytes)
