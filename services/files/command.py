"""`python -m services export` and `push`: a service as a file, over the public API of any deployment."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import orjson

from libs.common.settings import Settings
from services.files.client import Client
from services.files.export import find
from services.files.parsing import parsed
from services.files.push import Options, push
from services.files.refused import Refused
from services.files.serializing import serialized

_URL, _KEY = "INTERACTOR_URL", "INTERACTOR_API_KEY"
_KEY_HELP = f"The key comes from {_KEY} or --key-file, `default` where neither is given."


def add_export(parser: argparse.ArgumentParser) -> None:
    parser.description = f"Prints a service of a running product as one JSON file, without any secret. {_KEY_HELP}"
    parser.add_argument("service", metavar="SERVICE", help="its name or id")
    _add_connection(parser)
    parser.set_defaults(command=export_service)


def add_push(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Brings a service of a running product to what a file says: shows what differs, sends what is needed for it, "
        f"and nothing the next time. What was cut off goes on when it is pushed again. {_KEY_HELP}"
    )
    parser.epilog = "Ends with 0 when it is done, with 1 and a sentence when it is not."
    parser.add_argument("file", type=Path, metavar="FILE", help="as `export` prints it; examples/ has some")
    _add_connection(parser)
    parser.add_argument("--user", metavar="USER_ID", help="who acts; the service's creator where it is left out")
    parser.add_argument("--dry-run", action="store_true", help="only show what differs")
    parser.add_argument("--check", action="store_true", help="like --dry-run, and end with 2 when something differs")
    parser.add_argument("--prune", action="store_true", help="remove what is there and not in the file")
    parser.add_argument("--values", type=Path, metavar="FILE", help="values of variables by name, as JSON; - for stdin")
    parser.add_argument(
        "--group", action="append", default=[], metavar="ID", help="share a service of `sharing` `group` with it"
    )
    parser.set_defaults(command=push_file)


def _add_connection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--url",
        default=os.environ.get(_URL, "http://127.0.0.1:1290"),
        help=f"where the product is; {_URL}, else http://127.0.0.1:1290",
    )
    parser.add_argument("--key-file", type=Path, metavar="FILE", help="a file that holds the API key alone")


async def export_service(_settings: Settings, arguments: argparse.Namespace) -> int:
    return await _spoken(_export(arguments))


async def push_file(_settings: Settings, arguments: argparse.Namespace) -> int:
    return await _spoken(_push(arguments))


async def _spoken(work: Coroutine[Any, Any, int]) -> int:
    try:
        return await work
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
        return 1


async def _export(arguments: argparse.Namespace) -> int:
    async with Client(arguments.url, await _key(arguments)) as client:
        found = await find(client, arguments.service)
    if found is None:
        raise Refused(f"There is no service {arguments.service!r} at {client.url} for this key.")
    sys.stdout.buffer.write(serialized(found.document))
    sys.stdout.flush()
    return 0


async def _push(arguments: argparse.Namespace) -> int:
    document = parsed(await _read(arguments.file))
    options = Options(
        user=arguments.user,
        groups=arguments.group,
        prune=arguments.prune,
        dry_run=arguments.dry_run,
        check=arguments.check,
        values=_values(await _read(arguments.values)) if arguments.values is not None else {},
    )
    async with Client(arguments.url, await _key(arguments)) as client:
        return await push(client, document, options, _tell)


def _tell(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


async def _key(arguments: argparse.Namespace) -> str:
    if arguments.key_file is None:
        return os.environ.get(_KEY) or "default"
    return (await _read(arguments.key_file)).decode(errors="replace").strip()


async def _read(path: Path) -> bytes:
    try:
        return await asyncio.to_thread(sys.stdin.buffer.read if str(path) == "-" else path.read_bytes)
    except OSError as error:
        raise Refused(f"{path} can't be read: {error.strerror}.") from None


def _values(text: bytes) -> dict[str, Any]:
    """Never told what was in it."""
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict):
        raise Refused('--values: give a JSON object such as {"client_id": "…"}.')
    return values
