"""Services as the API answers them, rendered once for each of their revisions."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from typing import TypeAlias

import orjson

from libs.common.web.paging import Rendered
from services.catalog.authorship import Actor
from services.catalog.services.models import Service
from services.catalog.services.schemas import service_row

_HELD = 1_000

# An id may come again for another service, but not at the same time.
_Key: TypeAlias = tuple[str, int, datetime, bool]


class ServiceAnswers:
    """What a revision is rendered to never changes, so nothing has to be dropped but what is not asked for."""

    def __init__(self) -> None:
        self._rendered: OrderedDict[_Key, Rendered] = OrderedDict()

    def row(self, service: Service, actor: Actor) -> Rendered:
        key = (service.id, service.revision, service.updated_at, service.platform_id == actor.platform_id)
        rendered = self._rendered.get(key)
        if rendered is None:
            rendered = self._rendered[key] = Rendered(orjson.dumps(service_row(service, actor)))
            if len(self._rendered) > _HELD:
                self._rendered.popitem(last=False)
        return rendered
