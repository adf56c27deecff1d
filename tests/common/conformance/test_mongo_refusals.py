"""What is wrong with a MongoDB, or with what the settings say of it, is told in words that hold no password."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pymongo
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from libs.common.errors import EngineRefused, Unavailable
from libs.common.store.mongo import MongoStore
from tests.clock import FakeClock
from tests.common.conformance.mongo_engine import MONGO_OPTIONS
from tests.common.conformance.mongo_opened import Said, fail, opened
from tests.common.conformance.store_suite import JOBS, job
from tests.engines.native_mongo import NativeMongo

pytestmark = pytest.mark.engines
MakeMongo = Callable[..., NativeMongo]
_PASSWORD = "hush-hush"
_IMPATIENT = replace(MONGO_OPTIONS, select_s=1.0)


def _with_user(server: NativeMongo, *roles: dict[str, str]) -> str:
    """A URL for a user with these roles."""
    with pymongo.MongoClient(server.url) as client:
        client.admin.command("createUser", "root", pwd="root", roles=[{"role": "root", "db": "admin"}])
    with pymongo.MongoClient(server.url.replace("//", "//root:root@")) as client:
        client.admin.command("createUser", "me", pwd=_PASSWORD, roles=list(roles))
    return f"{server.url.replace('//', f'//me:{_PASSWORD}@')}/shop"


async def _refusal(url: str) -> str:
    """What the start says, and nothing of the password."""
    store = MongoStore(url, FakeClock(), Said(), _IMPATIENT)
    store.collection(JOBS)
    with pytest.raises((EngineRefused, Unavailable)) as refused:
        await store.start()
    told = str(refused.value)
    assert "hush" not in f"{told}{store!r}{vars(store)!r}{refused.value!r}"
    return told


async def test_a_wrong_password_is_told(own_mongo: MakeMongo) -> None:
    server = await asyncio.to_thread(own_mongo, "--auth")
    url = await asyncio.to_thread(_with_user, server)
    assert "refuses the user or password" in await _refusal(url.replace("me:", "me:more"))


@pytest.mark.parametrize(("role", "database"), [("read", "shop_suite"), ("readWrite", "interactor_suite")])
async def test_a_user_without_the_right_to_write_is_told_which_one_is_needed(
    own_mongo: MakeMongo, role: str, database: str
) -> None:
    server = await asyncio.to_thread(own_mongo, "--auth")
    url = await asyncio.to_thread(_with_user, server, {"role": role, "db": database})
    assert "give it the role readWrite on the service's database" in await _refusal(url)


async def test_the_role_that_the_sentence_names_is_enough(own_mongo: MakeMongo, said: Said) -> None:
    server = await asyncio.to_thread(own_mongo, "--auth")
    url = await asyncio.to_thread(_with_user, server, {"role": "readWrite", "db": "shop_suite"})
    async with opened(url, said) as (store, jobs):
        await store.ping()
        await jobs.insert(job("1", payload=bytes(300) * 3000))
        await store.sweep_payloads()


async def test_a_store_that_becomes_read_only_is_unavailable_in_words(url: str, said: Said) -> None:
    async with opened(url, said) as (store, jobs):
        for code, sentence in ((13, "may not do that"), (14031, "disk is full")):
            await fail(url, ["update", "insert"], times=2, errorCode=code)
            with pytest.raises(Unavailable, match=sentence):
                await store.ping()
            with pytest.raises(Unavailable, match=sentence):
                await jobs.insert(job("1"))


async def test_a_certificate_of_an_unknown_authority_is_told(own_mongo: MakeMongo, tmp_path: Path, said: Said) -> None:
    certificate, key = _certificate(tmp_path)
    server = await asyncio.to_thread(own_mongo, "--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    assert "name it with tlsCAFile" in await _refusal(f"{server.url}/?tls=true")
    assert "can't be reached" in await _refusal(server.url)
    async with opened(f"{server.url}/shop?tls=true&tlsCAFile={certificate}", said) as (store, _):
        await store.ping()


async def test_options_that_the_client_would_ignore_are_refused(tmp_path: Path) -> None:
    url = "mongodb://me:hush@127.0.0.1:1/shop"
    assert "tlsCAFile is no option of MongoDB's" in await _refusal(f"{url}?tls=true&tlsCAFile={tmp_path}/none")
    assert "tsl is no option" in await _refusal(f"{url}?tsl=true")
    assert "tls is no option" in await _refusal(f"{url}?replicaSet=a&tls=perhaps")
    assert "check its options" in await _refusal(f"{url}?tls=true&ssl=false")


async def test_reads_go_where_the_writes_went_whatever_the_url_says(mongo_url: str, said: Said) -> None:
    async with opened(f"{mongo_url}&readPreference=secondary&w=1&readConcernLevel=local", said) as (_, jobs):
        assert jobs.collection.read_preference == pymongo.ReadPreference.PRIMARY
        assert jobs.collection.write_concern.document["w"] == "majority"
        assert jobs.collection.read_concern.level == "majority"


async def test_products_with_different_prefixes_do_not_see_each_other(url: str, said: Said) -> None:
    async with opened(url, said) as (_, mine), opened(url.replace("/t", "/u"), said) as (_, theirs):
        await mine.insert(job("1"))
        assert await theirs.get("1") is None
        await theirs.insert(job("1"))
        assert await mine.delete("1")
        assert await theirs.get("1") is not None


async def test_the_client_logs_no_documents_at_any_level(
    url: str, said: Said, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(url, said) as (_, jobs):
        await jobs.insert(job("1", name="secret"))
    assert [record.name for record in caplog.records if record.name.startswith("pymongo")] == []


async def test_a_start_that_failed_can_be_repeated(own_mongo: MakeMongo, said: Said) -> None:
    server = await asyncio.to_thread(own_mongo)
    await asyncio.to_thread(server.kill)
    store = MongoStore(server.url, FakeClock(), said, _IMPATIENT)
    jobs = store.collection(JOBS)
    with pytest.raises(Unavailable, match="can't be reached"):
        await store.start()
    with pytest.raises(Unavailable, match="not connected yet"):
        await store.ping()
    await asyncio.to_thread(server.start)
    await store.start()
    await jobs.insert(job("1"))
    await store.close()


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Signed by itself, for this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    return paths
