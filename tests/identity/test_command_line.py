"""The command line: what it refuses is one sentence on stderr, never a trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from libs.common.errors import EngineRefused
from libs.common.settings import Settings, SettingsRefused
from services.__main__ import main
from services.product import Product


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PORT", "many", "PORT: "),
        ("INTERACTOR_ENV", "staging", "INTERACTOR_ENV: "),
        ("BODY_LIMIT_BYTES", "0", "BODY_LIMIT_BYTES: "),
        ("CREDENTIALS_KEYS", "hush", "CREDENTIALS_KEYS"),
    ],
)
def test_a_wrong_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(setting, value)
    assert main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
    assert "hush" not in said.err


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"store_url": "mysql://root:hush@db"}, "STORE_URL must be"),
        ({"bus_url": "kafka://hush@db"}, "BUS_URL must be"),
        ({"interactor_env": "production"}, "CREDENTIALS_KEYS"),
        ({"data_dir": Path("/dev/null/data")}, "DATA_DIR=/dev/null/data: can't be written"),
        ({"egress_allow": "300.1.1.1/99"}, "EGRESS_ALLOW: '300.1.1.1/99' is not a network"),
        ({"host": "192.0.2.1"}, "PORT=0: can't listen on 192.0.2.1"),
    ],
)
def test_a_product_that_can_not_run_says_why(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises((SettingsRefused, EngineRefused), match=sentence) as refused:
        Product(Settings(**wrong))
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("roles", "sentence"),
    [
        (["catlog"], "There is no role 'catlog'; the roles are catalog, credentials,"),
        (["run", "identity", "catlog"], "There is no role 'catlog'"),
        (["catalog"], "The embedded store serves one process that runs all services"),
        (["catalog", "credentials", "executor", "identity", "webhooks:edge"], "The embedded store serves one process"),
    ],
)
def test_roles_that_can_not_run_are_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], roles: list[str], sentence: str
) -> None:
    assert main(roles) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1


def test_a_command_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "--platform", "a b"]) == 1
    assert capsys.readouterr().err == "platform: use letters, digits, `-` and `_`\n"


def test_a_key_is_all_that_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert main(["keys", "create", "--platform", "acme"]) == 0
    assert capsys.readouterr().out.startswith("ik_")
    assert main(["keys", "list", "--platform", "acme"]) == 0
    assert "active" in capsys.readouterr().out


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(name in said for name in ("run", "keys", "openapi", "webhooks:workers"))
