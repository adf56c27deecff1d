"""The text of a file as a service, with everything that is wrong with it in one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from itertools import islice
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator

from services.files.document import (
    SECURITY_MEMBERS,
    SERVICE_MEMBERS,
    VERSION_MEMBERS,
    Component,
    Document,
    Frozen,
    Key,
    Members,
    Row,
    Version,
    complete,
    defaults_of,
    title_of,
)
from services.files.kinds import Number, number_of
from services.files.refused import Refused

SCHEMA: dict[str, Any] = orjson.loads(files("services.files").joinpath("service.schema.json").read_bytes())
_VALIDATOR = Draft202012Validator(SCHEMA)
_MOST_FAILURES = 20
_LONGEST_MESSAGE = 200


def parsed(text: bytes) -> Document:
    """Raises Refused with every failure, each with its place as a JSON Pointer."""
    said = _json(text)
    failures = list(islice(_schema_failures(said), _MOST_FAILURES))
    failures = failures or [*_repeated_numbers(said), *_repeated_titles(said), *_dangling(said)]
    if failures:
        raise Refused("The file is not a service:\n" + "\n".join(f"  {failure}" for failure in failures))
    return _document(said)


def _json(text: bytes) -> Any:
    try:
        said = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        orjson.dumps(said)  # what it can't write, such as numbers of more than 64 bits, can't be sent either
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"The file is not valid JSON: {error}") from None
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, member in pairs:
        if name in said:
            raise ValueError(f"an object has the member {name!r} twice")
        said[name] = member
    return said


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _schema_failures(said: Any) -> Iterator[str]:
    for error in _VALIDATOR.iter_errors(said):
        yield f"{_pointer(*error.instance_path)}: {error.message[:_LONGEST_MESSAGE]}"


def _pointer(*steps: str | int) -> str:
    """RFC 6901."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in steps)


def _repeated_numbers(said: Members) -> Iterator[str]:
    for kind, named in said.get("components", {}).items():
        for name, component in named.items():
            numbers = [number_of(text) for text in component["versions"]]
            if len(set(numbers)) < len(numbers):
                yield f"{_pointer('components', kind, name, 'versions')}: two of them are the same number"


def _repeated_titles(said: Members) -> Iterator[str]:
    titles: set[str] = set()
    for place, security in enumerate(said.get("securities", [])):
        title = title_of(security)
        if title in titles:
            yield f"{_pointer('securities', place, 'label')}: another security's label begins with {title!r} too"
        titles.add(title)


def _dangling(said: Members) -> Iterator[str]:
    """What is named and not there."""
    titles = {title_of(each) for each in said.get("securities", [])}
    versions, components = said.get("versions", {}), said.get("components", {})
    default = said["service"].get("defaultVersion")
    if default is not None and default not in versions:
        yield f"/service/defaultVersion: the file has no version {default!r}"
    for place, name in enumerate(said.get("secrets", [])):
        if name not in components.get("variable", {}):
            yield f"{_pointer('secrets', place)}: the file has no variable {name!r}"
    for name, version in versions.items():
        security = version.get("defaultSecurity")
        if security is not None and security not in titles:
            yield f"{_pointer('versions', name, 'defaultSecurity')}: the file has no security {security!r}"
        yield from _dangling_frozen(name, version, components)


def _dangling_frozen(version_name: str, version: Members, components: Members) -> Iterator[str]:
    frozen = version.get("components", {})
    if frozen and not version.get("published"):
        yield f"{_pointer('versions', version_name, 'components')}: only a published version holds components"
    for kind, named in frozen.items():
        for name, held in named.items():
            place = _pointer("versions", version_name, "components", kind, name)
            rows = components.get(kind, {}).get(name, {}).get("versions", {})
            number = _held(held)["version"]
            if number_of(number) not in map(number_of, rows):
                yield f"{place}: the file has no {kind} {name!r} with the version {number}"
            unknown = sorted(_held(held).get("members", {}).keys() - defaults_of(kind).keys())
            if unknown:
                yield f"{place}/members: {kind}s have no {unknown[0]!r}"


def _held(said: str | Members) -> Members:
    return {"version": said} if isinstance(said, str) else said


def _document(said: Members) -> Document:
    named = {
        (kind, name): _component(kind, name, each)
        for kind, components in said.get("components", {}).items()
        for name, each in components.items()
    }
    components: dict[Key, Component] = {}
    for component in named.values():
        if component.key in components:
            raise Refused(f"Two {component.kind}s of the file have the identity {component.identity!r}.")
        components[component.key] = component
    service = said["service"]
    return Document(
        service=complete(service, SERVICE_MEMBERS),
        default_version=service.get("defaultVersion"),
        default_assumed="defaultVersion" not in service,
        securities={title_of(each): complete(each, SECURITY_MEMBERS) for each in said.get("securities", [])},
        versions={name: _version(name, each, named) for name, each in said.get("versions", {}).items()},
        components=components,
    )


def _component(kind: str, name: str, said: Members) -> Component:
    rows = {
        number_of(text): Row(row.get("published", True), complete(row, defaults_of(kind)))
        for text, row in said["versions"].items()
    }
    return Component(kind, name, said.get("identity", name), rows, assumed="identity" not in said)


def _version(name: str, said: Members, named: Mapping[Key, Component]) -> Version:
    members = complete(said, VERSION_MEMBERS)
    if not members["published"] or "components" not in said:
        return Version(name, members)
    frozen = {
        named[kind, each].key: _frozen(named[kind, each], _held(held))
        for kind, held_by_name in said["components"].items()
        for each, held in held_by_name.items()
    }
    return Version(name, members, frozen)


def _frozen(component: Component, said: Members) -> Frozen:
    number: Number = number_of(said["version"])
    members = {**component.rows[number].members, **said.get("members", {})}
    return Frozen(said.get("name", component.name), number, members)
