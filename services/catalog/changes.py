"""The event that says that something of a service changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from libs.common.bus.port import Message
from libs.common.contracts.catalog import CatalogChanged
from libs.common.contracts.envelope import encode
from services.catalog.services.models import Service


def said(
    service: Service,
    noun: str,
    id: str,
    *,
    revision: int,
    at: datetime,
    deleted: bool = False,
    names: Iterable[str] = (),
) -> Message:
    """`revision` is what the document has once this is written; `names` adds to the service's own."""
    event = CatalogChanged(
        platform_id=service.platform_id,
        service_id=service.id,
        service_names=tuple(dict.fromkeys((*names, service.name))),
        noun=noun,
        id=id,
        revision=revision,
        deleted=deleted,
    )
    return encode(event, time=at)
