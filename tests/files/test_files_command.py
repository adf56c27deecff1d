"""`python -m services export` and `push`, beside a running product."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from libs.common.settings import Settings
from services.command_line import parse
from tests.files.files import component, file
from tests.product import Running

Run = Callable[..., Awaitable[int]]


@pytest.fixture
def run(product: Running, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line against the product; answers the exit code."""
    monkeypatch.setenv("INTERACTOR_URL", product.url)
    monkeypatch.delenv("INTERACTOR_API_KEY", raising=False)

    async def command(*line: object) -> int:
        arguments = await asyncio.to_thread(parse, [str(part) for part in line])
        code: int = await arguments.command(Settings(), arguments)
        return code

    return command


async def test_a_service_goes_out_and_in(
    product: Running, run: Run, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    path = tmp_path / "service.json"
    path.write_bytes(file(components={"variable": {"id": component()}}))
    values = tmp_path / "values.json"
    values.write_text('{"id": "hush"}')
    assert await run("push", path, "--user", "ada", "--check") == 2
    assert await run("push", path, "--user", "ada", "--values", values) == 0
    assert b"hush" not in capfdbinary.readouterr().out
    assert await run("export", "github") == 0
    said = capfdbinary.readouterr().out
    path.write_bytes(said)
    assert await run("push", path, "--check") == 0
    assert b"Nothing would change." in capfdbinary.readouterr().out
    assert b"hush" not in said


async def test_a_refusal_is_a_sentence_and_exit_code_1(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refused(*line: object) -> str:
        assert await run(*line) == 1
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    broken = tmp_path / "broken.json"
    broken.write_text("{")
    (tmp_path / "key").write_text("no-such-key\n")
    values = tmp_path / "values.json"
    values.write_text('"hush"')
    service = tmp_path / "service.json"
    service.write_bytes(file())
    assert (await refused("export", "none")).startswith("There is no service 'none' at http://127.0.0.1:")
    assert (
        await refused("push", tmp_path / "none.json")
        == f"{tmp_path}/none.json can't be read: No such file or directory.\n"
    )
    assert (await refused("push", broken)).startswith("The file is not valid JSON: ")
    assert "hush" not in await refused("push", service, "--values", values)
    assert "the key is not known there" in await refused("export", "none", "--key-file", tmp_path / "key")
    monkeypatch.setenv("INTERACTOR_API_KEY", "no-such-key")
    assert "the key is not known there" in await refused("export", "none")


async def test_values_may_come_from_a_pipe(
    product: Running, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await product.ok("POST", "/v1/user", json={"userId": "ada"})
    path = tmp_path / "service.json"
    path.write_bytes(file(components={"variable": {"id": component()}}))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"id": "hush"}')))
    assert await run("push", path, "--user", "ada", "--values", "-") == 0
    assert "Values set: id." in capsys.readouterr().out


def test_help_says_where_the_key_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("export", "push"):
        with pytest.raises(SystemExit):
            parse([command, "--help"])
        assert "INTERACTOR_API_KEY" in capsys.readouterr().out
