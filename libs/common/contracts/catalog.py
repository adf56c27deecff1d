"""What catalog says and answers: services, their versions, securities and components."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from libs.common.contracts.calls import Call
from libs.common.contracts.envelope import Event, Record
from libs.common.contracts.identity import UserGrant

BUILT_IN_PLATFORM = "@built-in"
"""Whose the built-in service is; no key can be made for a platform of this name."""


class Kind(StrEnum):
    """The kinds of component that a service is made of."""

    VARIABLE = "variable"
    ACTION = "action"
    EVENT = "event"
    TRIGGER = "trigger"
    CONDITION = "condition"
    DATATYPE = "datatype"

    # An enumeration hashes by a method in Python; as a part of cache keys that is the hottest one there is.
    __hash__ = str.__hash__


class CatalogChanged(Event):
    """Something of a service changed: `noun` is `service`, `version`, `security` or a component's kind.

    `service_names` are the names under which caches may have filed the service: old and new at a rename.
    """

    topic: ClassVar[str] = "catalog.components"
    type: ClassVar[str] = "catalog.service.changed"

    service_id: str
    service_names: tuple[str, ...]
    noun: str
    id: str
    revision: int
    deleted: bool = False

    @property
    def key(self) -> str:
        return self.service_id


class ServiceQuestion(Record):
    """The service that `ref` (id or name) means to this platform: its own first, then a public one.

    With `ended` the one of that id too that was deleted, until what its subscriptions' `delete` hooks need is gone.
    """

    platform_id: str
    ref: str
    ended: bool = False


class ServiceGrant(Record):
    """A service that the platform may use. `owner_platform_id` is whose it is, `created_by` a user of theirs.

    With `sharing` `group` it is for the users of `group_ids`, and for its creator.
    """

    id: str
    name: str
    owner_platform_id: str
    sharing: str
    enabled: bool
    default_version_id: str | None
    created_by: str | None = None
    group_ids: tuple[str, ...] = ()

    def is_for(self, user: UserGrant | None) -> bool:
        """Whether this user of a platform that may use it may use it; without one the platform itself acts."""
        if self.sharing != "group" or user is None:
            return True
        if user.platform_id != self.owner_platform_id:  # user ids are a platform's own, so `created_by` is not theirs
            return False
        return user.user_id == self.created_by or not user.groups.isdisjoint(self.group_ids)

    def is_changed_by(self, user: UserGrant) -> bool:
        """Whether this user may change what is inside: its creator, or an admin of one of its groups."""
        if user.platform_id != self.owner_platform_id:
            return False
        return user.user_id == self.created_by or not user.admin_of.isdisjoint(self.group_ids)


class ComponentQuestion(Record):
    """A component of a service by row id, identity or name.

    By identity or name it resolves as executing does: through the named or default service version, to a
    published row. A row id answers that very row, draft or not. `version` picks an exact row version.
    With `ended` also what was deleted, as in ServiceQuestion; without it nothing of a deleted service is there.
    """

    service_id: str
    kind: Kind
    ref: str
    service_version: str | None = None
    version: str | None = None
    ended: bool = False


class BoundName(Record):
    """What a nested name of a row meant to its platform when it was saved: a service, whose it was, a component in it.

    Without an identity the component's name stays one: it was not there yet, or the name is a single row's.
    """

    kind: Kind
    service: str
    name: str
    service_id: str
    owner_platform_id: str
    identity: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind.value, self.service, self.name


class ComponentGrant(Record):
    """One row of a component, with all that running it takes."""

    row_id: str
    content_revision: int
    identity: str
    service_id: str
    kind: Kind
    name: str
    version: str
    published: bool
    content: dict[str, Any]
    bound: tuple[BoundName, ...] = ()


class ComponentsQuestion(Record):
    """All components of one kind, each as its latest published row, or its latest if none is.

    `ended` as in ServiceQuestion.
    """

    service_id: str
    kind: Kind
    ended: bool = False


class ComponentsGrant(Record):
    """The answer to ComponentsQuestion, in the order of the public list."""

    components: tuple[ComponentGrant, ...]


class SecurityQuestion(Record):
    """A security of a service by id or label; without `ref` the one used by default.

    Without `service_id` the security whose id is `ref`, whosever service it is: the caller checks that.
    `ended` as in ServiceQuestion.
    """

    service_id: str | None = None
    ref: str | None = None
    ended: bool = False


class SecurityGrant(Record):
    """How a user proves itself to the provider."""

    id: str
    service_id: str
    type: str
    label: dict[str, str]
    config: dict[str, Any]


class VersionQuestion(Record):
    """A service version by id or name; without `ref` the default one. `ended` as in ServiceQuestion."""

    service_id: str
    ref: str | None = None
    ended: bool = False


class VersionGrant(Record):
    """What webhooks needs of a service version: the values for the provider's form."""

    id: str
    service_id: str
    name: str
    setting: dict[str, Any]


class LogicQuestion(Record):
    """The logic of a row of this kind, without `kind` of a service version: whosever it is, the caller checks that."""

    kind: Kind | None
    id: str


class LogicGrant(Record):
    """The hooks of one row, draft or not, or of one service version."""

    service_id: str
    logic: dict[str, Any]
    bound: tuple[BoundName, ...] = ()


FIND_SERVICE = Call(
    "find-service",
    owner="catalog",
    callers=("credentials", "executor", "webhooks"),
    request=ServiceQuestion,
    answer=ServiceGrant,
)
FIND_COMPONENT = Call(
    "find-component",
    owner="catalog",
    callers=("credentials", "executor", "webhooks"),
    request=ComponentQuestion,
    answer=ComponentGrant,
)
LIST_COMPONENTS = Call(
    "list-components",
    owner="catalog",
    callers=("credentials", "executor", "webhooks"),
    request=ComponentsQuestion,
    answer=ComponentsGrant,
)
FIND_SECURITY = Call(
    "find-security",
    owner="catalog",
    callers=("credentials",),
    request=SecurityQuestion,
    answer=SecurityGrant,
)
FIND_VERSION = Call(
    "find-version",
    owner="catalog",
    callers=("webhooks",),
    request=VersionQuestion,
    answer=VersionGrant,
)
FIND_LOGIC = Call(
    "find-logic",
    owner="catalog",
    callers=("executor",),
    request=LogicQuestion,
    answer=LogicGrant,
)
