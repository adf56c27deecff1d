"""Components: made or merged by row id, versioned, renamed, deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from libs.common.bus.port import Message
from libs.common.clock import Clock
from libs.common.contracts.catalog import Kind
from libs.common.errors import Conflict, NotFound, invalid
from libs.common.ids import new_id
from libs.common.store.port import DuplicateKey, RevisionConflict
from services.catalog.authorship import Actor, made_by
from services.catalog.changes import said
from services.catalog.components import numbers
from services.catalog.components.kinds import RULES
from services.catalog.components.models import Found, Head, Row
from services.catalog.components.planning import Plan, plan_update
from services.catalog.components.promises import Promises, refuse_change_of_public
from services.catalog.components.reading import ReadComponents
from services.catalog.components.repository import HeadRepository, head_id_of
from services.catalog.components.retirement import Retirement
from services.catalog.components.writing import ContentWriter
from services.catalog.refusals import changed_meanwhile, id_taken, name_taken
from services.catalog.services.models import Service
from services.catalog.services.services import Services


@dataclass(frozen=True, slots=True)
class Given:
    """What a client gave to create or update a component; a create makes the ids that are left open."""

    name: str | None
    members: dict[str, Any] = field(repr=False)
    id: str | None = None
    identity: str | None = None
    published: bool | None = None


class Components:
    """The writing verbs on components of a service that the caller may change."""

    def __init__(
        self,
        heads: HeadRepository,
        reading: ReadComponents,
        contents: ContentWriter,
        services: Services,
        retirement: Retirement,
        clock: Clock,
    ) -> None:
        self._heads = heads
        self._reading = reading
        self._contents = contents
        self._promises = Promises(reading)
        self._services = services
        self._retirement = retirement
        self._clock = clock

    async def create(self, service: Service, kind: Kind, actor: Actor, given: Given) -> Found:
        """Makes a component with its first row, or merges into the row of that id.

        Raises Invalid, Conflict, Unavailable.
        """
        row_id, identity = given.id or new_id(), given.identity or new_id()
        owner = await self._heads.get(head_id_of(row_id))
        if owner is None and given.id is not None:
            owner = await self._heads.by_row(row_id)
        if owner is not None:
            return await self._merge(service, kind, actor, owner, row_id, given)
        name = given.name or identity
        head = Head(id=head_id_of(row_id), service_id=service.id, kind=kind, name=name, identity=identity, rows=())
        await self._refuse_taken(head, row_id)
        members = await self._contents.accept(service, head, dict(RULES[kind].members), given.members)
        row = await self._written(
            service, head, self._made(kind, row_id, numbers.FIRST, actor, given.published), members
        )
        return Found(await self._add(service, head.having(row)), row, members)

    async def update(
        self, service: Service, kind: Kind, ref: str, actor: Actor, version: str | None, given: Given
    ) -> Found:
        """Raises NotFound, Invalid, Conflict, Unavailable."""
        head = await self._reading.head(service, kind, ref)
        plan = plan_update(head, ref, version)
        return await self._carry_out(service, head, plan, actor, given)

    async def delete(self, service: Service, kind: Kind, ref: str) -> None:
        """The row of that id, or by identity or name the component. Raises NotFound, Conflict."""
        head = await self._reading.head(service, kind, ref)
        row, now = head.row(ref), self._clock.now()
        try:
            if row is not None and len(head.rows) > 1:
                await self._retirement.take_row(head, row, [_said(service, head, now)])
            else:
                await self._retirement.take_all(head, now, [_said(service, head, now, deleted=True)])
        except RevisionConflict:
            raise changed_meanwhile() from None

    async def _merge(self, service: Service, kind: Kind, actor: Actor, owner: Head, row_id: str, given: Given) -> Found:
        row = owner.row(row_id)
        if row is None or owner.service_id != service.id or owner.kind is not kind:
            raise id_taken()
        return await self._carry_out(service, owner, Plan(row), actor, given)

    async def _refuse_taken(self, head: Head, row_id: str) -> None:
        """Raises Conflict early, before a value is handed over; the store decides once more at the write."""
        member = RULES[head.kind].identity
        if row_id == head.identity:
            raise invalid(member, "must differ from id: one names a version, the other the component")
        for other in await self._heads.holding(head.service_id, head.kind, (head.name, head.identity, row_id)):
            if other.name == head.name:
                raise name_taken(head.kind.value, head.name)
            if other.identity == head.identity or other.row(head.identity) is not None:
                raise id_taken(member)
            if other.identity == row_id:
                raise id_taken()

    async def _add(self, service: Service, head: Head) -> Head:
        try:
            added = await self._heads.add(head, [_said(service, head, self._clock.now())])
        except DuplicateKey as taken:
            raise _refusal(taken, head) from None
        try:
            await self._services.confirm(service.id)
        except NotFound:
            await self._heads.remove(added)
            raise
        return added

    async def _carry_out(self, service: Service, head: Head, plan: Plan, actor: Actor, given: Given) -> Found:
        """Writes the planned row's content where it changes, then the head that names it."""
        public = (await self._services.fresh(service.id)).published
        base = await self._reading.content(head, plan.base)
        members = await self._contents.accept(service, head, base.members, given.members)
        now = self._clock.now()
        row = self._planned(head.kind, plan, actor, now, given.published)
        renamed = head.model_copy(update={"name": given.name or head.name})
        if public:
            refuse_change_of_public(base, row, renamed.name, members)
        await self._promises.refuse_breaking(head, row, members)
        if row.id != base.row.id or members != base.members:
            row = await self._written(service, head, row, members)
        saved = await self._save(service, renamed.having(row), now)
        if not public:
            await self._undo_if_public(service, base, saved, row, members)
        return Found(saved, row, members)

    async def _undo_if_public(
        self, service: Service, before: Found, saved: Head, row: Row, members: dict[str, Any]
    ) -> None:
        """The service may have become public between the look at it and the write. Raises Conflict then."""
        if not (await self._services.fresh(service.id)).published:
            return
        try:
            refuse_change_of_public(before, row, saved.name, members)
        except Conflict:
            restored = before.head.model_copy(update={"revision": saved.revision})
            await self._save(service, restored, self._clock.now())
            raise

    def _planned(self, kind: Kind, plan: Plan, actor: Actor, now: datetime, published: bool | None) -> Row:
        if plan.new_version is not None:
            return self._made(kind, new_id(), plan.new_version, actor, published)
        return plan.base.changed(actor, now, **({} if published is None else {"published": published}))

    def _made(self, kind: Kind, id: str, version: str, actor: Actor, published: bool | None) -> Row:
        """A new row, whose content is still to be written."""
        return Row.model_validate(
            {
                "id": id,
                "version": version,
                "published": RULES[kind].published_at_first if published is None else published,
                "content_revision": 0,
                **made_by(actor, self._clock.now()),
            }
        )

    async def _written(self, service: Service, head: Head, row: Row, members: dict[str, Any]) -> Row:
        revision = await self._contents.write(service, head, row.id, members, after=row.content_revision)
        return row.model_copy(update={"content_revision": revision})

    async def _save(self, service: Service, head: Head, now: datetime) -> Head:
        try:
            return await self._heads.save(head, [_said(service, head, now)])
        except DuplicateKey as taken:
            raise _refusal(taken, head) from None
        except RevisionConflict:
            raise changed_meanwhile() from None


def _refusal(taken: DuplicateKey, head: Head) -> Conflict:
    if "name" in taken.fields:
        return name_taken(head.kind.value, head.name)
    if "identity" in taken.fields:
        return id_taken(RULES[head.kind].identity)
    return changed_meanwhile()


def _said(service: Service, head: Head, at: datetime, *, deleted: bool = False) -> Message:
    return said(service, head.kind.value, head.identity, revision=head.revision + 1, at=at, deleted=deleted)
