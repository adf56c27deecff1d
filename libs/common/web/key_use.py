"""When keys were last used: gathered while requests are served, told to identity once a minute and at the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from libs.common.contracts.calls import Peers
from libs.common.contracts.identity import KEYS_USED, KeysUsed
from libs.common.errors import ServiceError
from libs.common.web.access import Access

log = structlog.get_logger()
_LAST_WORD_WITHIN_S = 3.0
_AT_ONCE = 500


class KeyUse:
    """A worker beside the edge of a process. What could not be told goes with the next round."""

    name = "keys.used"

    def __init__(self, access: Access, peers: Peers, *, interval_s: float = 60.0) -> None:
        self._access = access
        self._peers = peers
        self._interval_s = interval_s

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._interval_s)
                await self.tell()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORD_WITHIN_S):
                    await self.tell()

    async def tell(self) -> None:
        """Tells of the keys that were used since it was told the last time."""
        used = sorted(self._access.take_used())
        for start in range(0, len(used), _AT_ONCE):
            try:
                await self._peers.ask(KEYS_USED, KeysUsed(key_ids=tuple(used[start : start + _AT_ONCE])))
            except ServiceError as error:
                log.warning("keys.use_untold", code=error.code)
                self._access.used.update(used[start:])
                return
