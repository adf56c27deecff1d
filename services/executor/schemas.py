"""Executor's bodies on the wire: what is executed, and executions as they are answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, NotRequired, TypeAlias

from pydantic import Field, with_config
from pydantic.alias_generators import to_camel
from typing_extensions import TypedDict

from libs.common.contracts.catalog import Kind
from libs.common.errors import Detail, invalid, invalid_request
from libs.common.web.body import Body
from libs.logic.compiler import TYPE
from services.executor.models import (
    ComponentRequest,
    LogicTest,
    NodeRequest,
    RefreshRequest,
    Status,
)
from services.executor.variables import title_of

Check: TypeAlias = Callable[[Any], str | None]
_LONGEST_NAME = 256
_MOST_STEPS = 500
_PATHS = ("source", "record_path")
_KINDS: dict[str, Kind | None] = {
    "ActionVersion": Kind.ACTION,
    "TriggerVersion": Kind.TRIGGER,
    "EventVersion": Kind.EVENT,
    "ConditionVersion": Kind.CONDITION,
    "DatatypeVersion": Kind.DATATYPE,
    "ServiceVersion": None,
}


def _name(value: Any) -> str | None:
    if isinstance(value, str) and 1 <= len(value) <= _LONGEST_NAME:
        return None
    return f"must be a text of 1 to {_LONGEST_NAME} characters"


def _optional_name(value: Any) -> str | None:
    return None if value is None else _name(value)


def _object(value: Any) -> str | None:
    return None if value is None or isinstance(value, dict) else "must be an object"


def _named_ids(value: Any) -> str | None:
    named = value is None or (isinstance(value, dict) and not any(_name(id) for id in value.values()))
    return None if named else "must be an object of services' names or ids to the ids of credentials"


_REQUIRED: dict[str, Check] = {TYPE: lambda value: None, "service": _name, "action": _name}
_MEMBERS: dict[str, Check] = {
    **_REQUIRED,
    "serviceVersion": _optional_name,
    "service_version": _optional_name,
    "actionVersion": _optional_name,
    "action_version": _optional_name,
    "input": _object,
    "userCredentialId": _optional_name,
    "user_credential_id": _optional_name,
    "credentials": _named_ids,
}
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=_LONGEST_NAME)]
ActionNode = TypedDict(
    "ActionNode",
    {
        "@type": Literal["action"],
        "service": Name,
        "action": Name,
        "serviceVersion": NotRequired[Name | None],
        "actionVersion": NotRequired[Name | None],
        "input": NotRequired[dict[str, Any] | None],
        "userCredentialId": NotRequired[Name | None],
        "credentials": NotRequired[dict[str, Name] | None],
    },
)
with_config(extra="forbid")(ActionNode)
ExecuteBody: TypeAlias = ActionNode | dict[str, Any] | list[Any]
_CAMEL = {name: to_camel(name) for name in _MEMBERS if "_" in name}


class ComponentInput(Body):
    """What a datatype or a condition is executed with."""

    input: dict[str, Any] | None = None


class VariablesToRefresh(Body):
    """The variables chosen so far, each with its `value`, and the title of the one that is needed next."""

    step: list[dict[str, Any]] = Field(max_length=_MOST_STEPS)
    target_field: Name

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterator[Detail]:
        """Each entry has a title of its own."""
        steps, seen = members.get("step"), set()
        for index, entry in enumerate(steps if isinstance(steps, list) else ()):
            title = title_of(entry) if isinstance(entry, dict) else None
            if not isinstance(title, str):
                yield Detail(f"step.{index}.title", "required, the title of a variable")
            elif title in seen:
                yield Detail(f"step.{index}.title", f"{title[:_LONGEST_NAME]!r} comes twice; give it once")
            seen.add(title if isinstance(title, str) else None)


Place: TypeAlias = list[str | int]


class LogicToTest(Body):
    """A place in the logic of one row, as `source` or `record_path`, and what the hook's input would be."""

    table: Literal[
        "ActionVersion", "TriggerVersion", "EventVersion", "ConditionVersion", "DatatypeVersion", "ServiceVersion"
    ]
    id: Name
    source: Place | list[Place] | None = None
    record_path: Place | list[Place] | None = None
    data: Any = None
    state: Any = None

    @classmethod
    def contradictions(cls, members: Mapping[str, Any]) -> Iterator[Detail]:
        """One path."""
        given = [name for name in _PATHS if members.get(name) is not None]
        if not given:
            yield Detail("source", 'required, a path inside the row\'s `logic` such as ["execute"]')
        elif len(given) > 1 and members["source"] != members["record_path"]:
            yield Detail("record_path", "differs from `source`, which means the same; give one of them")
        for name in given:
            if isinstance(members[name], list) and len(_path(members[name])) == 0:
                yield Detail(name, "must be a path that begins with a hook's name, or a list that holds one such path")


def is_action_node(body: Any) -> bool:
    return isinstance(body, dict) and body.get(TYPE) == "action"


def parse_node(body: Any) -> NodeRequest:
    """Any node but an action that is alone; beside its own members one may have `credentials`. Raises Invalid."""
    if not isinstance(body, dict | list):
        raise invalid("", "The body must be a node: a JSON object with `@type`, or an object or array that holds some.")
    if not isinstance(body, dict) or TYPE not in body or "credentials" not in body:
        return NodeRequest(body)
    message = _named_ids(body["credentials"])
    if message is not None:
        raise invalid("credentials", message)
    node = {name: member for name, member in body.items() if name != "credentials"}
    return NodeRequest(node, body["credentials"] or {})


def parse_refresh(service: str, action: str, body: VariablesToRefresh, credential_id: str | None) -> RefreshRequest:
    return RefreshRequest(service, action, body.step, body.target_field, credential_id)


def parse_test(body: LogicToTest, credential_id: str | None) -> LogicTest:
    member = "source" if body.source is not None else "record_path"
    return LogicTest(
        kind=_KINDS[body.table],
        row_id=body.id,
        path=_path(body.source if body.source is not None else body.record_path or []),
        path_member=member,
        data=body.data,
        state=body.state,
        credential_id=credential_id,
    )


def _path(given: list[Any]) -> tuple[str | int, ...]:
    """One path, which may stand in a list by itself; empty for what is none."""
    path = given[0] if len(given) == 1 and isinstance(given[0], list) else given
    return tuple(path) if all(isinstance(part, str | int) for part in path) else ()


def parse_action_node(body: Any) -> ComponentRequest:
    """Plain checks rather than a model, as this is on the way of every execution. Raises Invalid with all failures."""
    details = [Detail(name, "required") for name in _REQUIRED if name not in body]
    for name, value in body.items():
        check = _MEMBERS.get(name)
        message = check(value) if check is not None else "unknown member; remove it"
        if message is None and _CAMEL.get(name) in body:
            message = "comes in camelCase and in snake_case; give it once"
        if message is not None:
            details.append(Detail(name, message))
    if details:
        raise invalid_request(details, "body")
    return ComponentRequest(
        kind=Kind.ACTION,
        service=body["service"],
        name=body["action"],
        input=body.get("input") or {},
        service_version=body.get("serviceVersion", body.get("service_version")),
        version=body.get("actionVersion", body.get("action_version")),
        credential_id=body.get("userCredentialId", body.get("user_credential_id")),
        credentials=body.get("credentials") or {},
        input_path="input",
    )


def parse_status(text: str | None) -> Status | None:
    """Raises Invalid."""
    if text is None:
        return None
    try:
        return Status(text)
    except ValueError:
        raise invalid("status", f"give one of {', '.join(Status)}") from None
