"""What the doctor finds out without any server, and that it makes nothing worse."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from libs.common.clock import SystemClock
from libs.common.engines import open_engines
from libs.common.findings import Level, examined
from libs.common.settings import Settings
from services.doctor.command import diagnose
from services.topics import make_topics
from tests.operators.certificates import Certificates
from tests.operators.examination import Doctor, arguments


async def test_a_fresh_checkout_is_well_and_stays_as_it_is(doctor: Doctor, tmp_path: Path) -> None:
    found = await doctor()
    assert (found.code, found.worst) == (0, "")
    assert "the first start makes it" in found.about["store"]
    assert _names(tmp_path) == []


async def test_it_may_be_asked_beside_a_server(doctor: Doctor, tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    engines = open_engines(f"sqlite:{path}", "local:", SystemClock())
    await engines.start()
    found = await doctor(store_url=f"sqlite:{path}")
    await engines.close()
    assert found.about["store"] == f"ok: a server is using {path}\nok: a write was kept\n"
    assert "no server is using it" in (await doctor(store_url=f"sqlite:{path}")).about["store"]


async def test_a_file_that_is_no_database_is_told(doctor: Doctor, tmp_path: Path) -> None:
    path = tmp_path / "engine.db"
    path.write_bytes(b"not a database" * 100)
    found = await doctor(store_url=f"sqlite:{path}")
    assert found.code == 1
    assert "is not a SQLite database; name another file" in found.about["store"]


async def test_a_store_that_a_process_would_lose_is_told(doctor: Doctor) -> None:
    found = await doctor(store_url="sqlite::memory:")
    assert found.code == 0
    assert found.about["store"].startswith("warn: in memory")


async def test_each_part_that_is_wrong_is_told_whatever_else_is(doctor: Doctor) -> None:
    found = await doctor(
        "executor", store_url="mongodb://me:hush@127.0.0.1:1/a.b", bus_url="kafka://me:hush@127.0.0.1:1"
    )
    assert found.code == 1
    assert "INTERACTOR_ENV is local" in found.about["settings"]
    assert "prefix" in found.about["store"]
    assert "it refuses connections" in found.about["bus"]
    assert "PEER_URLS names no catalog" in found.about["peers"]


async def test_engines_that_do_not_go_together_are_told(doctor: Doctor) -> None:
    found = await doctor(store_url="sqlite::memory:", bus_url="kafka://me:hush@127.0.0.1:1")
    assert "BUS_URL must be 'local:' with this STORE_URL" in found.about["settings"]


async def test_all_that_production_lacks_is_told_at_once(doctor: Doctor) -> None:
    found = await doctor(interactor_env="production")
    assert found.code == 1
    assert found.about["settings"].count("fail: INTERACTOR_ENV=production needs") == 2


async def test_the_embedded_store_can_not_serve_some_of_the_roles(doctor: Doctor) -> None:
    assert "fail: The embedded store serves one process" in (await doctor("webhooks:edge")).about["settings"]


async def test_keys_that_are_none_are_told(doctor: Doctor) -> None:
    found = await doctor(credentials_keys="k1:hush")
    assert "fail: CREDENTIALS_KEYS: entry 1" in found.about["settings"]


@pytest.mark.parametrize(
    ("ends_in_days", "said"), [(31, "ok: INTERNAL_TLS_CERT_FILE is good"), (29, "warn: "), (-1, "fail: ")]
)
async def test_a_certificate_that_ends_is_told_in_time(
    doctor: Doctor, tmp_path: Path, ends_in_days: int, said: str
) -> None:
    found = await doctor(**Certificates(tmp_path).settings(ends_in_days=ends_in_days))
    assert said in found.about["certificates"]
    assert "ok: INTERNAL_TLS_CA_FILE" in found.about["certificates"]
    assert found.code == (1 if said == "fail: " else 0)


async def test_a_key_that_is_not_the_certificates_own_is_told(doctor: Doctor, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    found = await doctor(**certificates.settings(ends_in_days=100, key=certificates.authority.key))
    assert "fail: INTERNAL_TLS_CERT_FILE and INTERNAL_TLS_KEY_FILE can't be used" in found.about["settings"]


async def test_files_that_are_not_there_are_told(doctor: Doctor, tmp_path: Path) -> None:
    found = await doctor(internal_tls_ca_file=tmp_path / "none.pem")
    assert "fail: INTERNAL_TLS_CA_FILE can't be used (No such file" in found.about["settings"]


async def test_people_read_lines_and_a_summary(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, interactor_env="production", credentials_keys=f"k1:{'A' * 43}=")
    assert await diagnose(settings, arguments(json=False)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fail  settings: INTERACTOR_ENV=production needs PUBLIC_URL")
    assert lines[-1] == "1 failure, 0 warnings, 4 ok"


async def test_what_never_answers_and_what_breaks_is_told() -> None:
    async def hang() -> list[Any]:
        await asyncio.Event().wait()
        return []

    async def break_off() -> list[Any]:
        raise ZeroDivisionError("hush")

    (late,) = await examined("it", hang, 0.01)
    assert (late.level, late.what[:22]) == (Level.FAIL, "no answer within 0.01 ")
    (broken,) = await examined("it", break_off)
    assert broken.what == "could not be examined (ZeroDivisionError)"


async def test_an_embedded_bus_needs_no_topics(capsys: pytest.CaptureFixture[str]) -> None:
    assert await make_topics(Settings(), arguments()) == 0
    assert "no topics to make" in capsys.readouterr().out


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
