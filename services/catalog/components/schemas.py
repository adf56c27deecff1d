"""Components on the wire: bodies in either case, rows in snake_case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.contracts.catalog import Kind
from libs.common.web.answers import Created, Timestamp
from libs.common.web.body import Body
from services.catalog.components.components import Given
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Found
from services.catalog.wire import AuthoredRow, JsonObject, Label, Name

EventType = Literal["standard", "automation", "target", "user", "serviceUrl", "webhook"]
_ROW_OWNED = frozenset({"id", "service_id", "version"})


class ComponentUpdate(Body):
    """What can be changed of every component."""

    name: Name = ""
    published: bool = False

    def unwrapped(self) -> Given:
        """`schema` can't be a field's name in pydantic, hence `schema_`."""
        members = {name.rstrip("_"): value for name, value in self.given().items()}
        return Given(
            name=members.pop("name", None),
            published=members.pop("published", None),
            id=members.pop("id", None),
            identity=members.pop(self.identity_member(), None),
            members=members,
        )

    @classmethod
    def identity_member(cls) -> str:
        return next(iter(cls.server_owned - _ROW_OWNED))


class VariableUpdate(ComponentUpdate):
    """A variable; its `value` goes to credentials and is never answered."""

    server_owned = _ROW_OWNED | {"component_id"}

    label: Label = {}
    config: JsonObject = {}
    required: bool = False
    schema_: JsonObject = Field({}, alias="schema")
    value: Any = Field(None, repr=False)

    @field_validator("value")
    @classmethod
    def _some_value(cls, value: Any) -> Any:
        if value is None:
            raise ValueError("null is no value; leave it out to keep the one before")
        return value


class ActionUpdate(ComponentUpdate):
    """Something to do."""

    server_owned = _ROW_OWNED | {"component_id"}

    label: Label = {}
    tag: list[str] | None = None
    schema_: JsonObject = Field({}, alias="schema")
    logic: JsonObject = {}


class EventUpdate(ComponentUpdate):
    """An inbound channel."""

    server_owned = _ROW_OWNED | {"event_id"}

    type: EventType = "standard"
    config: JsonObject = {}
    logic: JsonObject = {}
    setting: JsonObject = {}


class TriggerUpdate(ComponentUpdate):
    """Something that happens to a user's account."""

    server_owned = _ROW_OWNED | {"trigger_id"}

    label: Label = {}
    schema_: JsonObject = Field({}, alias="schema")
    logic: JsonObject = {}


class ConditionUpdate(ComponentUpdate):
    """A question, answered by yes or no."""

    server_owned = _ROW_OWNED | {"condition_id"}

    label: Label = {}
    schema_: JsonObject = Field({}, alias="schema")
    logic: JsonObject = {}


class DatatypeUpdate(ComponentUpdate):
    """What a field can hold, and how to list its values."""

    server_owned = _ROW_OWNED | {"datatype_id"}

    schema_: JsonObject = Field({}, alias="schema")
    logic: JsonObject = {}


class VariableCreate(VariableUpdate):
    """A new variable, named by its identity if not otherwise, or the one to be merged into."""

    id: Name | None = None
    component_id: Name | None = None


class ActionCreate(ActionUpdate):
    """A new action, or the one to be merged into."""

    id: Name | None = None
    component_id: Name | None = None
    name: Name


class EventCreate(EventUpdate):
    """A new event, or the one to be merged into."""

    id: Name | None = None
    event_id: Name | None = None
    name: Name


class TriggerCreate(TriggerUpdate):
    """A new trigger, or the one to be merged into."""

    id: Name | None = None
    trigger_id: Name | None = None
    name: Name


class ConditionCreate(ConditionUpdate):
    """A new condition, or the one to be merged into."""

    id: Name | None = None
    condition_id: Name | None = None
    name: Name


class DatatypeCreate(DatatypeUpdate):
    """A new datatype, or the one to be merged into."""

    id: Name | None = None
    datatype_id: Name | None = None
    name: Name


class ComponentRow(TypedDict):
    """What the rows of most kinds have in common: one version of a component."""

    id: str
    name: str
    published: bool
    version: str
    created_by: str | None
    inserted_at: Timestamp
    updated_by: str | None
    updated_at: Timestamp
    service_id: str


class VariableRow(ComponentRow):
    """A version of a variable; its value is never answered."""

    label: dict[str, str]
    config: JsonObject
    required: bool
    schema: JsonObject
    component_id: str


class ActionRow(ComponentRow):
    """A version of an action."""

    label: dict[str, str]
    tag: list[str] | None
    schema: JsonObject
    logic: JsonObject
    component_id: str


class EventRow(ComponentRow):
    """A version of an event."""

    type: EventType
    config: JsonObject
    logic: JsonObject
    setting: JsonObject
    event_id: str


class TriggerRow(ComponentRow):
    """A version of a trigger."""

    label: dict[str, str]
    schema: JsonObject
    logic: JsonObject
    trigger_id: str


class ConditionRow(AuthoredRow):
    """A version of a condition."""

    id: str
    name: str
    label: dict[str, str]
    schema: JsonObject
    logic: JsonObject
    published: bool
    version: str
    serviceId: str
    conditionId: str


class DatatypeRow(ComponentRow):
    """A version of a datatype."""

    schema: JsonObject
    logic: JsonObject
    datatype_id: str


@dataclass(frozen=True, slots=True)
class Bodies:
    """A kind's bodies: of requests, of a row, and what creating one answers."""

    create: type[ComponentUpdate]
    update: type[ComponentUpdate]
    row: Any
    created: Any


BODIES: Mapping[Kind, Bodies] = {
    Kind.VARIABLE: Bodies(VariableCreate, VariableUpdate, VariableRow, VariableRow),
    Kind.ACTION: Bodies(ActionCreate, ActionUpdate, ActionRow, ActionRow),
    Kind.EVENT: Bodies(EventCreate, EventUpdate, EventRow, EventRow),
    Kind.TRIGGER: Bodies(TriggerCreate, TriggerUpdate, TriggerRow, TriggerRow),
    Kind.CONDITION: Bodies(ConditionCreate, ConditionUpdate, ConditionRow, Created),
    Kind.DATATYPE: Bodies(DatatypeCreate, DatatypeUpdate, DatatypeRow, Created),
}


def component_row(found: Found) -> dict[str, Any]:
    """One row as it is answered: a condition in camelCase, every other kind in snake_case."""
    if found.head.kind is Kind.CONDITION:
        return {to_camel(member): value for member, value in _row(found).items()}
    return _row(found)


def created_row(found: Found) -> dict[str, Any]:
    """What creating one answers: of a condition or datatype its row's id alone."""
    if BODIES[found.head.kind].created is Created:
        return {"id": found.row.id}
    return component_row(found)


def _row(found: Found) -> dict[str, Any]:
    rules, row = RULES[found.head.kind], found.row
    return {
        "id": row.id,
        "name": found.head.name,
        **{member: found.members[member] for member in rules.members},
        "published": row.published,
        "version": row.version,
        "created_by": row.created_by,
        "inserted_at": wire_time(row.inserted_at),
        "updated_by": row.updated_by,
        "updated_at": wire_time(row.updated_at),
        "service_id": found.head.service_id,
        rules.identity: found.head.identity,
    }
