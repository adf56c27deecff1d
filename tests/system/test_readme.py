"""What README.md shows is true: its commands answer as it says, its table of settings is complete."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from pydantic.fields import FieldInfo

from libs.common.settings import Settings
from tests.process import running

_ROOT = Path(__file__).parent.parent.parent
_README = (_ROOT / "README.md").read_text()
_BLOCK = re.compile(r"```bash\n(.*?)```", re.DOTALL)
_WITHIN_S = 20.0
_ANSWER = re.compile(r"^# → (.*)$", re.MULTILINE)


@pytest.mark.system
async def test_the_first_five_minutes_go_as_the_readme_says(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as product:
        script = "\n".join(_BLOCK.findall(_README))
        script = script.replace("http://127.0.0.1:1290", product.url).replace("8000", str(_free_port()))
        said = await _bash(script)
    position = 0
    for answer in _ANSWER.findall(script):
        pattern = ".*?".join(map(re.escape, answer.split("…")))
        found = re.compile(pattern).search(said, position)
        assert found, f"{answer!r} does not follow in:\n{said[position:]}"
        position = found.end()


def test_the_readme_lists_every_setting_with_its_default() -> None:
    rows = "\n".join(_row(name, field) for name, field in Settings.model_fields.items())
    assert rows in _README, f"the table in README.md should be:\n{rows}"


async def _bash(script: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=_ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(_WITHIN_S):
            said = (await process.communicate())[0].decode()
    finally:
        with suppress(ProcessLookupError):  # what runs in its background ends too
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said
    return said


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _row(name: str, field: FieldInfo) -> str:
    default = "" if field.default in (None, "") else f"`{str(field.default).lower()}`"
    choices = f" One of {_choices(field)}." if get_origin(field.annotation) is Literal else ""
    return f"| `{name.upper()}` | {default} | {field.description}{choices} |"


def _choices(field: FieldInfo) -> str:
    return ", ".join(f"`{choice}`" for choice in get_args(field.annotation))
