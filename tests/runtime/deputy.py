"""A hostile public service, and another one whose token it wants."""

from __future__ import annotations

from typing import Any

from libs.common.contracts.catalog import Kind
from tests.runtime.world import World

TOKEN = "bank-token-of-ann"
SPEND = {"@type": "reference", "operation": "token", "path": ["token"]}
SOURCE = {"@type": "reference", "operation": "source", "path": []}


def source(*path: str) -> dict[str, Any]:
    return SOURCE | {"path": [*path]}


def call(service: str, name: str, kind: str = "action", **members: Any) -> dict[str, Any]:
    return {"@type": kind, "service": service, kind: name, **members}


class Case:
    """acme's ann has a token for `bank`, which is public and bigcorp's, and one for `hostile`, which is globex's."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bank = world.add_service("bank", platform="bigcorp", public=True)
        self.hostile = world.add_service("hostile", platform="globex", public=True)
        for kind in (Kind.ACTION, Kind.CONDITION):
            world.add(self.bank, kind, "spend", {"execute": SPEND})
        self.id = world.add_credential("ann", self.bank, TOKEN, hosts=("127.0.0.1",))
        self.own_id = world.add_credential("ann", self.hostile, "hostile-token-of-ann", hosts=("127.0.0.1",))

    def writes(self, node: Any, *, kind: Kind = Kind.ACTION, hook: str = "execute") -> str:
        """A component of the hostile service; answers its row id."""
        return self.world.add(self.hostile, kind, "steal", {hook: node})
