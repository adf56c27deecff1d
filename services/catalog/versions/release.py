"""Whether what a service version pins can be published: that all of it runs, and names nothing that is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from libs.common.contracts.catalog import BoundName, Kind
from libs.common.errors import Conflict, Detail, summary
from libs.common.store.port import Cursor
from libs.logic.compiler import ComponentName
from libs.logic.errors import InvalidLogic
from libs.logic.program import Program, compile_hooks
from services.catalog.components.checks import ComponentCheck, datatypes_of
from services.catalog.components.compatibility import breaks
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Found
from services.catalog.components.naming import Naming
from services.catalog.components.repository import ContentRepository
from services.catalog.securities.hosts import unbound
from services.catalog.securities.repository import SecurityRepository
from services.catalog.services.models import Service
from services.catalog.versions.models import Pin, Version
from services.catalog.versions.repository import PinRepository

_BATCH = 200
_MOST_FAILURES = 200


class ReleaseCheck:
    """Checks pinned contents, which never change, so that nothing slips in between check and freeze."""

    def __init__(
        self,
        pins: PinRepository,
        contents: ContentRepository,
        naming: Naming,
        check: ComponentCheck,
        securities: SecurityRepository,
    ) -> None:
        self._pins = pins
        self._contents = contents
        self._naming = naming
        self._check = check
        self._securities = securities

    async def refuse_unfit(
        self, service: Service, version: Version, *, after: Version | None = None, public: bool = False
    ) -> None:
        """Raises Conflict with every failure of the version's pins, each with the component as its path.

        `after` is the version published before; `public` also refuses what other platforms could not use.
        """
        names = await self._names(version)
        failures = await self._unbound(service) if public else []
        failures += await self._dangling(service, version.logic, (), names, "version", public=public)
        async for found in self._pinned(version):
            place = f"{found.head.kind.value}.{found.head.name}"
            failures += await self._component(service, found, names, place, public=public)
            failures += await self._broken(found, after, place)
        if failures:
            raise Conflict(
                "not_publishable",
                f"Version {version.name!r} can't be published: {summary(failures)}",
                details=failures[:_MOST_FAILURES],
            )

    async def _unbound(self, service: Service) -> list[Detail]:
        """Securities that let users' credentials go anywhere."""
        found = [(each, unbound(each)) async for each in self._securities.all_of(service.id)]
        return [Detail(f"security.{each.title or each.id}.config", reason) for each, reason in found if reason]

    async def _component(
        self, service: Service, found: Found, names: Mapping[Kind, set[str]], place: str, *, public: bool
    ) -> list[Detail]:
        own = await self._check.failures(service, RULES[found.head.kind], found.members)
        if own:
            return [Detail(f"{place}.{each.path}", each.message) for each in own]
        dangling = [
            Detail(f"{place}.{each.path}", f"this version has no datatype {each.ref[:128]!r}")
            for each in datatypes_of(found.members.get("schema", {}))
            if each.ref not in names[Kind.DATATYPE]
        ]
        logic = found.members.get("logic", {})
        return dangling + await self._dangling(service, logic, found.bound, names, place, public=public)

    async def _dangling(
        self,
        service: Service,
        logic: dict[str, Any],
        bound: Sequence[BoundName],
        names: Mapping[Kind, set[str]],
        place: str,
        *,
        public: bool,
    ) -> list[Detail]:
        """What the logic names of this version or of other services, and is not there."""
        meant = {each.key: each for each in bound}
        failures: list[Detail] = []
        for program in _programs(logic):
            failures += _missing_variables(program, names[Kind.VARIABLE], place)
            for named in program.calls:
                message = await self._missing_component(service, named, meant.get(named.key), names, public=public)
                if message is not None:
                    failures.append(Detail(".".join((place, "logic", *map(str, named.path))), message))
        return failures

    async def _missing_component(
        self,
        service: Service,
        named: ComponentName,
        bound: BoundName | None,
        names: Mapping[Kind, set[str]],
        *,
        public: bool,
    ) -> str | None:
        kind = Kind(named.kind)
        other = await self._naming.service(service, named, bound)
        if other is None:
            return f"there is no service {named.service!r}"
        if other.id == service.id:
            known = {named.name, bound.identity if bound is not None else None} & names[kind]
            return None if known else f"this version has no published {kind} {named.name!r}"
        if public and not other.published:
            return f"the service {named.service!r} is not public, so other platforms could not run this"
        head = await self._naming.component(other, named, bound)
        if head is None or head.latest_published is None:
            return f"the service {named.service!r} has no published {kind} {named.name!r}"
        return None

    async def _broken(self, found: Found, after: Version | None, place: str) -> list[Detail]:
        """How the row breaks the one that was published before under the same major number."""
        if after is None or after.pin_set is None or "schema" not in found.members:
            return []
        pin = await self._pins.by_ref(after.pin_set, found.head.kind, found.head.identity)
        if pin is None or pin.row.id == found.row.id or pin.row.number[0] != found.row.number[0]:
            return []
        before = await self._contents.of(pin.head, pin.row)
        differences = breaks(found.head.kind, before.members["schema"], found.members["schema"]) if before else []
        told = f"(since {pin.row.version} of version {after.name}; give it a new major version)"
        return [Detail(f"{place}.{each.path}", f"{each.message} {told}") for each in differences]

    async def _names(self, version: Version) -> dict[Kind, set[str]]:
        """Everything that addresses what the version pins."""
        names: dict[Kind, set[str]] = {kind: set() for kind in Kind}
        async for pins in self._stretches(version):
            for pin in pins:
                names[pin.head.kind] |= {pin.head.name, pin.head.identity, pin.row.id}
        return names

    async def _pinned(self, version: Version) -> AsyncIterator[Found]:
        async for pins in self._stretches(version):
            for found in await self._contents.of_all([(pin.head, pin.row) for pin in pins]):
                yield found

    async def _stretches(self, version: Version) -> AsyncIterator[Sequence[Pin]]:
        after: Cursor | None = None
        while True:
            pins, after = await self._pins.of_set(version.pin_set or "", after, _BATCH)
            yield pins
            if after is None:
                return


def _programs(logic: dict[str, Any]) -> Iterator[Program]:
    try:
        yield from compile_hooks(logic).values()
    except InvalidLogic:
        return  # told already


def _missing_variables(program: Program, known: set[str], place: str) -> Iterator[Detail]:
    for named in program.variables:
        if named.name not in known:
            path = ".".join((place, "logic", *map(str, named.path)))
            yield Detail(path, f"this version has no variable {named.name!r}")
