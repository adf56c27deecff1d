"""Securities on the wire: camelCase."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from libs.common.clock import wire_time
from libs.common.web.answers import Timestamp
from libs.common.web.body import Body
from services.catalog.securities.models import Security, SecurityType
from services.catalog.wire import JsonObject, Label, Name


class SecurityUpdate(Body):
    """What can be changed of a security."""

    server_owned = frozenset({"id", "service_id"})

    label: Label = {}
    scheme: str = ""
    type: SecurityType = "oauth2"
    config: JsonObject = {}


class SecurityCreate(SecurityUpdate):
    """A new security, or the one of `id` to be merged into."""

    id: Name | None = None
    type: SecurityType

    def members(self) -> dict[str, Any]:
        return {name: value for name, value in self.given().items() if name != "id"}


class SecurityRow(TypedDict):
    """How users prove themselves to the provider."""

    id: str
    label: dict[str, str]
    scheme: str
    type: SecurityType
    config: JsonObject
    insertedAt: Timestamp
    updatedAt: Timestamp
    serviceId: str


def security_row(security: Security) -> SecurityRow:
    """A security as it is answered."""
    return {
        "id": security.id,
        "label": security.label,
        "scheme": security.scheme,
        "type": security.type,
        "config": security.config,
        "insertedAt": wire_time(security.inserted_at),
        "updatedAt": wire_time(security.updated_at),
        "serviceId": security.service_id,
    }
