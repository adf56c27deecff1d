"""Reading a service out of a running product."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic.alias_generators import to_camel

from services.files.client import ApiRefused, Client
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
    title_of,
)
from services.files.kinds import KINDS, SECURE_DEFAULT, Kind, number_of
from services.files.refused import Refused

_AT_ONCE = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """A service of a product, and what its API knows it by."""

    id: str
    created_by: str | None
    group_ids: tuple[str, ...]
    security_ids: Mapping[str, str]
    document: Document


async def find(client: Client, ref: str) -> Found | None:
    """The service of that id or name. Raises Refused for one that no file can hold."""
    try:
        row = await client.get("service", ref)
    except ApiRefused as refused:
        if refused.status == 404:
            return None
        raise
    return await _read(client, row)


async def find_own(client: Client, name: str) -> Found | None:
    """The platform's own service of that name; never another one's public service, which tells no creator."""
    found = await find(client, name)
    if found is None or found.document.name != name:
        return None
    return None if found.document.service["sharing"] == "public" and found.created_by is None else found


async def _read(client: Client, row: Members) -> Found:
    inside = ("service", str(row["id"]))
    securities = [each async for each in client.pages(*inside, "security")]
    versions = [each async for each in client.pages(*inside, "version")]
    named = [(kind, each) for kind in KINDS.values() async for each in client.pages(*inside, kind.name)]
    components = await _at_once(partial(_component, client, inside, kind, each) for kind, each in named)
    ids = _ids(securities)
    read = await _at_once(partial(_version, client, inside, each, ids) for each in versions)
    names = {str(each["id"]): str(each["name"]) for each in versions}
    document = Document(
        service=complete(row, SERVICE_MEMBERS),
        default_version=names.get(str(row["defaultVersionId"])),
        securities={title_of(each): complete(each, SECURITY_MEMBERS) for each in securities},
        versions={version.name: version for version in read},
        components={component.key: component for component in components},
    )
    return Found(str(row["id"]), row["createdBy"], tuple(row["groupIds"]), ids, document)


def _ids(securities: Iterable[Members]) -> dict[str, str]:
    ids: dict[str, str] = {}
    for security in securities:
        title = title_of(security)
        if title in ids:
            raise Refused(f"Two securities are called {title!r}, so that a file can't tell them apart; rename one.")
        ids[title] = str(security["id"])
    return ids


async def _component(client: Client, inside: tuple[str, ...], kind: Kind, row: Members) -> Component:
    identity = str(row.get(kind.identity) or row[to_camel(kind.identity)])
    rows = [each async for each in client.pages(*inside, kind.name, identity, "version")]
    handles = [each["schema"][SECURE_DEFAULT] for each in rows if SECURE_DEFAULT in each.get("schema", {})]
    return Component(
        kind=kind.name,
        name=str(rows[0]["name"]),
        identity=identity,
        rows={number_of(each["version"]): Row(each["published"], _content(kind, each)) for each in rows},
        handle=handles[0] if handles and kind.name == "variable" else None,
    )


def _content(kind: Kind, row: Members) -> Members:
    """Without the handle of a value."""
    content = complete(row, kind.members)
    if kind.name != "variable" or SECURE_DEFAULT not in content["schema"]:
        return content
    return {**content, "schema": {name: each for name, each in content["schema"].items() if name != SECURE_DEFAULT}}


async def _version(client: Client, inside: tuple[str, ...], row: Members, security_ids: Mapping[str, str]) -> Version:
    titles = {id: title for title, id in security_ids.items()}
    members = {**complete(row, VERSION_MEMBERS), "defaultSecurity": titles.get(str(row["defaultServiceSecurityId"]))}
    if not row["published"]:
        return Version(str(row["name"]), members)
    frozen: dict[Key, Frozen] = {}
    async for held in client.pages(*inside, "version", str(row["id"]), "component"):
        content = _content(KINDS[held["kind"]], held["content"])
        frozen[held["kind"], str(held["identity"])] = Frozen(str(held["name"]), number_of(held["version"]), content)
    return Version(str(row["name"]), members, frozen)


async def _at_once(reading: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """In the order given, a few at a time."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(read: Callable[[], Awaitable[T]]) -> T:
        async with places:
            return await read()

    tasks = [asyncio.create_task(one(read)) for read in reading]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
