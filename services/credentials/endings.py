"""Ends what users and services had here: out of everybody's hands at once, purged once no `delete` hook needs it."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from libs.common.clock import CLOCKS_APART, Clock
from libs.common.contracts.webhooks import KEPT_FOR_HOOKS
from libs.common.store.port import RevisionConflict
from libs.common.workers import LeasedRows
from services.credentials.models import Ending, Step
from services.credentials.repository import EndingRepository
from services.credentials.tokens import Tokens
from services.credentials.values import Values

_LEASE = timedelta(minutes=5)
_SLOTS = 4


class Endings:
    """Each is recorded when it is heard of and advanced by the worker; cut off anywhere, it begins again."""

    def __init__(self, repository: EndingRepository, tokens: Tokens, values: Values, clock: Clock) -> None:
        self._repository = repository
        self._tokens = tokens
        self._values = values
        self._clock = clock
        self.worker = LeasedRows("credentials.endings", self.claim, self.advance, slots=_SLOTS)

    async def begin(self, ending: Ending) -> None:
        """Durable when it returns; one that is begun again is the same one."""
        await self._repository.add(ending)
        self.worker.wake()

    async def release(self, ending: Ending) -> None:
        """Nothing needs any more what it speaks of, if that was deleted by then; also if that is heard only later."""
        while True:
            known = await self._repository.of(ending.subject)
            meant = [each for each in known if each.deleted_at <= ending.deleted_at + CLOCKS_APART]
            try:
                for each in meant:
                    await self._repository.save(each.model_copy(update=_due(Step.PURGE, self._clock.now())))
                break
            except RevisionConflict:
                continue
        if not meant:
            await self._repository.add(ending)
        self.worker.wake()

    async def claim(self, limit: int) -> list[Ending]:
        return await self._repository.claim(_LEASE, limit)

    async def advance(self, ending: Ending) -> None:
        if ending.step is Step.PURGE:
            await self._purge(ending)
            return
        await self._tokens.end_all(ending.of, ending.until)
        later = _due(Step.PURGE, ending.deleted_at + KEPT_FOR_HOOKS)
        with suppress(RevisionConflict):  # released meanwhile: it is due as it is
            await self._repository.save(ending.model_copy(update=later))

    async def _purge(self, ending: Ending) -> None:
        await self._tokens.remove_all(ending.of, ending.until)
        if ending.service_id is not None:
            await self._values.remove_all(ending.service_id, None, ending.until)
        with suppress(RevisionConflict):
            await self._repository.remove(ending)


def _due(step: Step, due_at: datetime) -> dict[str, object]:
    return {"step": step, "due_at": due_at}
