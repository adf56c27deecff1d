"""A body that has the name of another."""

from __future__ import annotations

from libs.common.web.body import Body


class ThingBody(Body):
    colour: str
