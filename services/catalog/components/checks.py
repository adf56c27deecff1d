"""What is checked of a component's members before any of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from libs.common.component_schemas import DatatypeName, datatypes_named
from libs.common.contracts.catalog import Kind
from libs.common.errors import Detail
from libs.common.verification import preset_of
from services.catalog.components.kinds import KindRules
from services.catalog.components.repository import HeadRepository
from services.catalog.components.schema_check import SchemaCheck
from services.catalog.logic_check import LogicCheck, refuse
from services.catalog.services.models import Service


class ComponentCheck:
    """Finds logic that would not run, schemas that would not validate, verification that is no declaration."""

    def __init__(self, logic: LogicCheck, heads: HeadRepository) -> None:
        self._logic = logic
        self._heads = heads
        self._schemas = SchemaCheck()

    async def failures(self, service: Service, rules: KindRules, members: dict[str, Any]) -> list[Detail]:
        """Everything that is wrong with these members. Raises Unavailable while scripts can't be checked."""
        failures = list(_verification(members.get("config", {}))) if rules.kind is Kind.EVENT else []
        if "schema" in members:
            failures += self._schema(rules, members["schema"])
        if "logic" in members:
            failures += await self._logic.failures(members["logic"], rules.hooks, service.platform_id)
        return failures

    async def refuse_invalid(self, service: Service, rules: KindRules, members: dict[str, Any]) -> None:
        """Raises Invalid with every failure, a datatype that is not there yet included; Unavailable."""
        failures = await self.failures(service, rules, members)
        named = datatypes_of(members.get("schema", {}))
        known = await self._heads.refs_held(service.id, Kind.DATATYPE, (each.ref for each in named))
        refuse(failures + [_no_datatype(each) for each in named if each.ref not in known])

    def refuse_value(self, schema: dict[str, Any], value: object) -> None:
        """Raises Invalid, which never tells the value."""
        refuse(self._schemas.value_failures(schema, value))

    def _schema(self, rules: KindRules, schema: dict[str, Any]) -> list[Detail]:
        if rules.kind is Kind.VARIABLE:
            return self._schemas.one(schema, "schema")
        return self._schemas.declared(schema)


def datatypes_of(schema: dict[str, Any]) -> list[DatatypeName]:
    """Every datatype that a component's schema names; an empty name is refused as a keyword already."""
    return [each for each in datatypes_named(schema) if each.ref]


def _no_datatype(named: DatatypeName) -> Detail:
    return Detail(named.path, f"this service has no datatype {named.ref[:128]!r}; make it first")


def _verification(config: dict[str, Any]) -> Iterator[Detail]:
    """Without a declaration an event is accepted, and its inbound answers 401 until there is one."""
    if "verify" not in config:
        return
    try:
        preset_of(config["verify"])
    except ValueError as error:
        yield Detail("config.verify", str(error))
