"""Platforms' values of services' variables: set, handed over by catalog, and answered to whoever runs logic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import ComponentGrant
from libs.common.contracts.credentials import (
    ValueHandle,
    ValueToKeep,
    VariablesGrant,
    VariablesQuestion,
    VariableValueChanged,
)
from libs.common.contracts.envelope import encode
from libs.common.contracts.identity import UserGrant
from libs.common.errors import Forbidden, NotFound
from libs.common.store.port import Cursor, DuplicateKey, RevisionConflict
from services.credentials.clients import Catalog
from services.credentials.models import VariableValue, handle_of
from services.credentials.repository import ValueRepository
from services.credentials.seals import Seals
from services.credentials.value_schema import check_value


class Values:
    """The verbs on variable values. A platform has at most one value per variable, under that variable's handle."""

    def __init__(self, repository: ValueRepository, seals: Seals, catalog: Catalog, clock: Clock) -> None:
        self._repository = repository
        self._seals = seals
        self._catalog = catalog
        self._clock = clock

    async def set(
        self, platform_id: str, user: UserGrant | None, service_ref: str, variable_ref: str, value: object
    ) -> None:
        """Raises NotFound, Forbidden, and Invalid when the value does not fit the variable's schema."""
        service = await self._catalog.service(platform_id, service_ref, user)
        if user is not None and not service.is_changed_by(user):
            raise Forbidden(
                "not_permitted",
                "userId: only the service's creator and admins of its groups may set its values; "
                "leave it out to act for the platform.",
            )
        variable = await self._catalog.variable(platform_id, service, variable_ref)
        check_value(variable.content.get("schema") or {}, value)
        kept = await self._keep(platform_id, service.id, variable.identity, value)
        try:
            await self._catalog.service(platform_id, service.id)
        except NotFound:  # deleted meanwhile: its cascade may have passed
            await self._remove_quietly(kept)
            raise

    async def keep(self, given: ValueToKeep) -> ValueHandle:
        """Seals what catalog hands over, in place of the value before."""
        kept = await self._keep(given.platform_id, given.service_id, given.variable_id, given.value)
        return ValueHandle(handle=kept.handle)

    async def grant(self, question: VariablesQuestion) -> VariablesGrant:
        """The platform's own values by variable name, and the required variables that it has none of.

        Drafts are not in effect: nobody but their author need know of them.
        """
        listed = await self._catalog.variables(question.service_id, ended=question.ended)
        variables = [variable for variable in listed if variable.published]
        kept = await self._repository.of_service(question.platform_id, question.service_id)
        by_identity = {value.variable_id: value for value in kept}
        values = {
            variable.name: await self._seals.open_value(by_identity[variable.identity])
            for variable in variables
            if variable.identity in by_identity
        }
        return VariablesGrant(values=values, missing=_missing(variables, values))

    async def remove_all(self, service_id: str, variable_id: str | None, until: datetime | None) -> None:
        """Those of a service, or of one variable of it, that were set by then."""
        after: Cursor | None = None
        while True:
            found, after = await self._repository.stretch(service_id, variable_id, after)
            for value in found:
                if until is None or value.updated_at <= until:
                    await self._remove_quietly(value)
            if after is None:
                return

    async def _remove_quietly(self, value: VariableValue) -> None:
        with suppress(RevisionConflict):
            await self._repository.remove(value, [self._changed(value)])

    async def _keep(self, platform_id: str, service_id: str, variable_id: str, value: object) -> VariableValue:
        handle = handle_of(platform_id, service_id, variable_id)
        now = self._clock.now()
        fresh = VariableValue(
            platform_id=platform_id,
            service_id=service_id,
            variable_id=variable_id,
            sealed=await self._seals.seal_value(platform_id, handle, value),
            inserted_at=now,
            updated_at=now,
        )
        while True:
            known = await self._repository.get(handle)
            taken_over = {"inserted_at": known.inserted_at, "revision": known.revision} if known is not None else {}
            value_now = fresh.model_copy(update=taken_over)
            with suppress(DuplicateKey, RevisionConflict):  # set at the same time: the later one counts
                return await self._repository.put(value_now, [self._changed(value_now)])

    def _changed(self, value: VariableValue) -> Message:
        event = VariableValueChanged(
            platform_id=value.platform_id,
            service_id=value.service_id,
            variable_id=value.variable_id,
            revision=value.revision + 1,
        )
        return encode(event, time=self._clock.now())


def _missing(variables: Sequence[ComponentGrant], values: Mapping[str, Any]) -> tuple[str, ...]:
    required = (variable.name for variable in variables if variable.content.get("required"))
    return tuple(name for name in required if name not in values)
