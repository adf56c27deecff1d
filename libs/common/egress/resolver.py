"""From a host's name to the addresses that were checked, which are the only ones connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from typing import TypeAlias
from weakref import WeakValueDictionary

from aiohttp.abc import AbstractResolver, ResolveResult

from libs.common.egress.rules import EgressRules

Resolve: TypeAlias = Callable[[str, int], Awaitable[list[str]]]
_LOOKUP_THREADS = 32
_LOOKUPS_OF_A_DOMAIN = 8


class SystemLookup:
    """The system's resolver on threads of its own: the loop's few would all hang on a few dead name servers.

    Nor can those of one domain hold up the rest: under it only so many names are looked up at a time, counted
    until the system comes back, which may be long after anybody waits for it.
    """

    def __init__(self, lookup: Callable[[str, int], list[str]] | None = None) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUP_THREADS, thread_name_prefix="egress-lookup")
        self._lookup = lookup or _lookup
        self._turns: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __call__(self, host: str, port: int) -> list[str]:
        loop, domain = asyncio.get_running_loop(), ".".join(host.removesuffix(".").split(".")[-2:])
        turn = self._turns.setdefault(domain, asyncio.Semaphore(_LOOKUPS_OF_A_DOMAIN))

        def finished(_found: Future[list[str]]) -> None:
            with suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(turn.release)

        await turn.acquire()
        found = self._threads.submit(self._lookup, host, port)
        found.add_done_callback(finished)
        return await asyncio.wrap_future(found)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _lookup(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class CheckedResolver(AbstractResolver):
    """What aiohttp connects by; it never sees an address that the rules refuse."""

    def __init__(self, rules: EgressRules, resolve: Resolve) -> None:
        self._rules = rules
        self._resolve = resolve

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises EgressDenied, or OSError when the host has no address."""
        addresses = [ip_address(text) for text in await self._resolve(host, port)]
        if not addresses:
            raise OSError(f"{host} has no address")
        self._rules.check_addresses(host, addresses)
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held here; whoever made `resolve` closes it."""
