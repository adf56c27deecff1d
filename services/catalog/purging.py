"""Deleting everything of a service in one collection."""

from __future__ import annotations

import asyncio

from libs.common.store.port import Documents

_BATCH = 200


async def purge_service(documents: Documents, service_id: str) -> None:
    """Says nothing: the service's own deletion has been said."""
    while found := await documents.find({"service_id": service_id}, limit=_BATCH):
        await asyncio.gather(*(documents.delete(document.id) for document in found))
