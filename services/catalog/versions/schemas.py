"""Service versions on the wire: camelCase."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator
from typing_extensions import TypedDict

from libs.common.contracts.catalog import Kind
from libs.common.web.body import Body
from services.catalog.authorship import Actor
from services.catalog.components.models import Found
from services.catalog.services.models import Service
from services.catalog.versions.models import Version
from services.catalog.wire import AuthoredRow, JsonObject, Label, Name, authored_row, shown_to

_SCOPES = ("standard", "automation", "target", "user", "serviceUrl")


class VersionUpdate(Body):
    """What can be changed of a service version."""

    server_owned = frozenset({"id", "service_id"})

    name: Name = ""
    label: Label = {}
    published: bool = False
    logic: JsonObject = {}
    setting: JsonObject = {}
    default_service_security_id: str | None = None

    @field_validator("setting")
    @classmethod
    def _webhook(cls, setting: JsonObject) -> JsonObject:
        webhook = setting.get("webhook", {})
        if not isinstance(webhook, dict) or not isinstance(webhook.get("input", {}), dict):
            raise ValueError("webhook and webhook.input are objects")
        if webhook.get("type", "standard") not in _SCOPES:
            raise ValueError(f"webhook.type is one of {', '.join(_SCOPES)}")
        return setting


class VersionCreate(VersionUpdate):
    """A new service version, or the one of `id` to be merged into."""

    id: Name | None = None
    name: Name

    def members(self) -> dict[str, Any]:
        return {name: value for name, value in self.given().items() if name != "id"}


class VersionRow(AuthoredRow):
    """A version of a service."""

    id: str
    name: str
    label: dict[str, str]
    published: bool
    logic: JsonObject
    setting: JsonObject
    serviceId: str
    defaultServiceSecurityId: str | None


class HeldRow(TypedDict):
    """A component, as a version of its service holds it."""

    kind: Kind
    name: str
    identity: str
    rowId: str
    version: str
    content: JsonObject


def version_row(version: Version, service: Service, actor: Actor) -> VersionRow:
    """A service version as it is answered."""
    row: VersionRow = {
        "id": version.id,
        "name": version.name,
        "label": version.label,
        "published": version.published,
        "logic": version.logic,
        "setting": version.setting,
        **authored_row(version),
        "serviceId": version.service_id,
        "defaultServiceSecurityId": version.default_service_security_id,
    }
    return shown_to(actor, service, row)


def held_row(found: Found) -> HeldRow:
    """A component as a version holds it: under the name and with the content that it had when that was frozen."""
    return {
        "kind": found.head.kind,
        "name": found.head.name,
        "identity": found.head.identity,
        "rowId": found.row.id,
        "version": found.row.version,
        "content": found.members,
    }
