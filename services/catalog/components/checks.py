"""What is checked of a component's members before any of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from libs.common.contracts.catalog import Kind
from libs.common.errors import Detail
from libs.common.verification import preset_of
from services.catalog.components.kinds import KindRules
from services.catalog.components.schema_check import SchemaCheck
from services.catalog.logic_check import LogicCheck, refuse


class ComponentCheck:
    """Refuses logic that would not run, schemas that would not validate, verification that is no declaration."""

    def __init__(self, logic: LogicCheck) -> None:
        self._logic = logic
        self._schemas = SchemaCheck()

    async def refuse_invalid(self, rules: KindRules, members: dict[str, Any]) -> None:
        """Raises Invalid with every failure, Unavailable while scripts can't be checked."""
        failures = list(_verification(members.get("config", {}))) if rules.kind is Kind.EVENT else []
        if "schema" in members:
            failures += self._schema(rules, members["schema"])
        if "logic" in members:
            failures += await self._logic.failures(members["logic"], rules.hooks)
        refuse(failures)

    def refuse_value(self, schema: dict[str, Any], value: object) -> None:
        """Raises Invalid, which never tells the value."""
        refuse(self._schemas.value_failures(schema, value))

    def _schema(self, rules: KindRules, schema: dict[str, Any]) -> list[Detail]:
        if rules.kind is Kind.VARIABLE:
            return self._schemas.one(schema, "schema")
        return self._schemas.declared(schema)


def _verification(config: dict[str, Any]) -> Iterator[Detail]:
    """Without a declaration an event is accepted, and its inbound answers 401 until there is one."""
    if "verify" not in config:
        return
    try:
        preset_of(config["verify"])
    except ValueError as error:
        yield Detail("config.verify", str(error))
