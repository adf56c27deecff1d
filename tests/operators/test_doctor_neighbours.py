"""What the doctor says of the services in other processes."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.settings import Settings
from tests.operators.certificates import Certificates
from tests.operators.examination import Doctor
from tests.operators.internal_port import KEYS, OWNERS, asking, believing, internal_port


async def test_neighbours_that_answer_and_believe_are_well(doctor: Doctor) -> None:
    async with internal_port() as url:
        found = await doctor("executor", **asking(url))
    for owner in OWNERS:
        assert found.about[f"peer {owner}"] == "ok: answers, and believes executor\n"


async def test_one_that_is_away_is_told_beside_those_that_are_there(doctor: Doctor) -> None:
    async with internal_port() as url:
        found = await doctor("executor", **asking(url, identity="http://127.0.0.1:1"))
    assert found.about["peer identity"].startswith("fail: http://127.0.0.1:1 can't be reached (Connection refused)")
    assert found.about["peer catalog"].startswith("ok: ")


async def test_one_that_does_not_believe_this_role_is_told(doctor: Doctor) -> None:
    others = believing({**KEYS, "executor": Ed25519PrivateKey.generate()})
    async with internal_port(others) as url:
        found = await doctor("executor", **asking(url))
    assert "does not believe this service; their role keys don't fit" in found.about["peer identity"]


async def test_tls_is_verified(doctor: Doctor, tmp_path: Path) -> None:
    ours, theirs = Certificates(tmp_path / "ours").settings(), Certificates(tmp_path / "theirs").settings()
    async with internal_port(tls=Settings(**ours)) as url:
        assert "ok: " in (await doctor("executor", **asking(url), **ours)).about["peer catalog"]
        by_another = await doctor("executor", **asking(url), **theirs)
        by_address = await doctor("executor", **asking(url.replace("localhost", "127.0.0.1")), **ours)
        without = await doctor("executor", **asking(url.replace("https", "http")), **ours)
    assert "shows a certificate that isn't trusted (" in by_another.about["peer catalog"]
    assert "shows a certificate that isn't trusted (" in by_address.about["peer catalog"]
    assert "with https:// where that has a certificate" in without.about["peer catalog"]


async def test_tls_that_is_not_there_is_told(doctor: Doctor, tmp_path: Path) -> None:
    ours = Certificates(tmp_path / "ours").settings()
    async with internal_port() as url:
        found = await doctor("executor", **asking(url.replace("http:", "https:")), **ours)
    assert "doesn't speak TLS there" in found.about["peer catalog"]


async def test_a_neighbour_that_is_none_is_told(doctor: Doctor) -> None:
    async with internal_port() as url:
        found = await doctor("executor", **asking(url, identity=f"{url}/elsewhere"))
    assert "answers 404 to /healthz; PEER_URLS must name its internal port" in found.about["peer identity"]
