"""Writing contents: checked, with a secret value handed over, under a revision that never comes again."""

from __future__ import annotations

from typing import Any

from libs.common.clock import Clock, to_microseconds
from libs.common.store.port import DuplicateKey
from services.catalog.components.checks import ComponentCheck
from services.catalog.components.clients import ValueKeeper
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Content, Head
from services.catalog.components.naming import Naming
from services.catalog.components.repository import ContentRepository
from services.catalog.refusals import changed_meanwhile
from services.catalog.services.models import Service

SECURE_DEFAULT = "x-secure-default"
_VALUE = "value"


class ContentWriter:
    """Makes a row's next content. What it wrote counts only once a head names it."""

    def __init__(
        self, contents: ContentRepository, check: ComponentCheck, naming: Naming, values: ValueKeeper, clock: Clock
    ) -> None:
        self._contents = contents
        self._check = check
        self._naming = naming
        self._values = values
        self._clock = clock

    async def accept(self, service: Service, head: Head, base: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """The content that `base` becomes by what was given. Raises Invalid, Unavailable."""
        rules = RULES[head.kind]
        changes = {name: value for name, value in given.items() if name in rules.members}
        await self._check.refuse_invalid(service, rules, changes)
        members = {**base, **changes}
        if _VALUE not in given:
            return members
        self._check.refuse_value(members["schema"], given[_VALUE])
        handle = await self._values.keep(service, head.identity, given[_VALUE])
        return {**members, "schema": {**members["schema"], SECURE_DEFAULT: handle}}

    async def write(self, service: Service, head: Head, row_id: str, members: dict[str, Any], *, after: int = 0) -> int:
        """The revision under which the content now is; it is larger than `after`. Raises Conflict.

        It is the time in microseconds: a row that is deleted and made again under its id must not repeat a
        revision, as others keep what they compiled by row id and revision.
        """
        now = self._clock.now()
        revision = max(to_microseconds(now), after + 1)
        bound = await self._naming.bound(service, members.get("logic", {}))
        content = Content(f"{row_id}.{revision}", head.service_id, head.id, now, members, bound)
        try:
            await self._contents.add(content)
        except DuplicateKey:
            raise changed_meanwhile() from None
        return revision
