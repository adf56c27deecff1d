"""The API's documentation as it is served: the OpenAPI document, and a page that shows it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

import orjson
from aiohttp import web

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def docs_routes(document: Callable[[], dict[str, Any]]) -> list[web.RouteDef]:
    """`GET /openapi.json` and `GET /docs`; the document is made when it is first asked for, in a thread."""
    page = files("libs.common.web").joinpath("docs.html").read_text()
    headers = {"Content-Security-Policy": _policy(page), "X-Content-Type-Options": "nosniff"}
    rendering: list[asyncio.Task[bytes]] = []

    async def as_json(_request: web.Request) -> web.Response:
        if not rendering:
            rendering.append(asyncio.create_task(asyncio.to_thread(lambda: orjson.dumps(document()))))
        return web.Response(body=await asyncio.shield(rendering[0]), content_type="application/json")

    async def as_page(_request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", charset="utf-8", headers=headers)

    return [web.get("/openapi.json", as_json), web.get("/docs", as_page)]


def _policy(page: str) -> str:
    """Nothing but the page's own script and style, by their hashes, and the document from this very server."""
    script, style = (_hashes(tag.findall(page)) for tag in (_SCRIPT, _STYLE))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hashes(contents: Iterable[str]) -> str:
    digests = (hashlib.sha256(content.encode()).digest() for content in contents)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
