"""`python -m services secrets`: complete, each service its own, never overwritten, and rotated one thing at a time."""

from __future__ import annotations

import re
import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from libs.common.bus.kafka_url import parse_kafka_url
from libs.common.contracts.identity import FIND_USER, REVOKE_KEY
from libs.common.errors import Forbidden
from libs.common.keyring import KeyRing
from libs.common.role_tokens import RoleKeys, TokenSigner, authorize
from services.__main__ import main
from services.certificates import Certified, issue, make_authority
from services.roles import SERVICES
from services.secrets import METRICS_HOST, PROCESSES, ROTATED, Plan, write_secrets
from tests.clock import FakeClock
from tests.deploy.rendering import rendered

_NOW = datetime(2026, 1, 2, tzinfo=UTC)


def make(folder: Path, rotate: str | None = None, bus_at: str = "kafka:9092") -> list[str]:
    return write_secrets(folder, Plan("mongodb:27017/?replicaSet=rs0", bus_at, "interactor", rotate), _NOW)


def env(folder: Path, name: str) -> dict[str, str]:
    lines = (folder / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def changed(before: dict[str, str], folder: Path) -> set[str]:
    return {name for name, text in contents(folder).items() if before.get(name) != text}


def test_each_service_has_keys_of_its_own_that_it_can_start_with(tmp_path: Path) -> None:
    make(tmp_path)
    assert set(PROCESSES) == set(SERVICES)
    rings = {service: KeyRing.parse(env(tmp_path, service)["CREDENTIALS_KEYS"]) for service in PROCESSES}
    assert {ring.newest_id for ring in rings.values()} == {f"{service}-1" for service in PROCESSES}
    for variable in ("CREDENTIALS_KEYS", "INTERNAL_PRIVATE_KEY", "STORE_URL"):
        assert len({env(tmp_path, service)[variable] for service in PROCESSES}) == len(PROCESSES)


def test_services_believe_each_others_role_keys(tmp_path: Path) -> None:
    make(tmp_path)
    asking, asked = env(tmp_path, "webhooks"), env(tmp_path, "identity")
    signer = TokenSigner(["webhooks"], _role_keys(asking).private, FakeClock(datetime.now(UTC)))
    authorization = f"Bearer {signer.token(FIND_USER)}"
    assert authorize(authorization, FIND_USER, _role_keys(asked).public) == "webhooks"


def test_services_believe_the_operators_key_where_it_may_ask(tmp_path: Path) -> None:
    make(tmp_path)
    operator = RoleKeys.parse(env(tmp_path, "operator")["INTERNAL_PRIVATE_KEY"], "")
    signer = TokenSigner(["operator"], operator.private, FakeClock(datetime.now(UTC)))
    believed = _role_keys(env(tmp_path, "identity")).public
    assert authorize(f"Bearer {signer.token(REVOKE_KEY)}", REVOKE_KEY, believed) == "operator"
    with pytest.raises(Forbidden):
        authorize(f"Bearer {signer.token(FIND_USER)}", FIND_USER, believed)


def _role_keys(of: dict[str, str]) -> RoleKeys:
    return RoleKeys.parse(of["INTERNAL_PRIVATE_KEY"], of["INTERNAL_PUBLIC_KEYS"])


def test_every_service_can_use_only_its_own_database(tmp_path: Path) -> None:
    make(tmp_path)
    passwords = env(tmp_path, "mongodb")
    for service in PROCESSES:
        url = urlsplit(env(tmp_path, service)["STORE_URL"])
        assert (url.username, url.hostname) == (service, "mongodb")
        assert passwords[f"MONGODB_PASSWORD_{service.upper()}"] == url.password


def test_kafka_has_users_where_its_clients_prove_themselves(tmp_path: Path) -> None:
    make(tmp_path / "open")
    assert env(tmp_path / "open", "catalog")["BUS_URL"] == "kafka://kafka:9092"
    make(tmp_path / "closed", bus_at="kafka:9093?tls=true&sasl=SCRAM-SHA-512")
    users = {name: parse_kafka_url(env(tmp_path / "closed", name)["BUS_URL"]).user for name in (*PROCESSES, "topics")}
    assert users == {name: name for name in users}


def test_nothing_that_is_there_is_made_anew(tmp_path: Path) -> None:
    first, second = make(tmp_path), contents(tmp_path) and make(tmp_path)
    assert {line.split()[0] for line in first} == {"made"}
    assert {line.split()[0] for line in second} == {"kept"}


def test_what_is_missing_is_made_to_fit_what_is_there(tmp_path: Path) -> None:
    make(tmp_path)
    before = contents(tmp_path)
    for name in ("mongodb.env", "catalog.crt"):
        (tmp_path / name).unlink()
    (tmp_path / "executor.env").write_text("STORE_URL=mongodb://me:mine@elsewhere/\n")
    make(tmp_path)
    assert env(tmp_path, "executor")["STORE_URL"] == "mongodb://me:mine@elsewhere/"
    assert env(tmp_path, "mongodb")["MONGODB_PASSWORD_EXECUTOR"] == "mine"
    private = {service: env(tmp_path, service)["INTERNAL_PRIVATE_KEY"] for service in PROCESSES}
    assert {name for name in private if f"={private[name]}\n" not in before[f"{name}.env"]} == {"executor"}


def test_on_the_host_only_the_owner_gets_at_them(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    mounted = {name for name, mode in modes.items() if mode == 0o444}
    assert mounted == {"ca.crt", "mongodb.keyfile"} | {
        f"{service}.{end}" for service in PROCESSES for end in ("crt", "key")
    }
    assert {mode for name, mode in modes.items() if name not in mounted} == {0o600}


@pytest.mark.parametrize(
    ("rotate", "files"),
    [
        ("credentials-keys", {f"{service}.env" for service in PROCESSES}),
        ("role-keys", {"operator.env", *(f"{service}.env" for service in PROCESSES)}),
        ("mongodb-passwords", {"mongodb.env", *(f"{service}.env" for service in PROCESSES)}),
        ("kafka-passwords", {"topics.env", *(f"{service}.env" for service in PROCESSES)}),
        ("mongodb-keyfile", {"mongodb.keyfile"}),
        ("grafana-password", {"grafana.env"}),
        ("certificates", {f"{service}.{end}" for service in PROCESSES for end in ("crt", "key")}),
        ("authority", {"ca.crt", "ca.key"}),
    ],
)
def test_rotating_changes_one_thing(tmp_path: Path, rotate: str, files: set[str]) -> None:
    assert rotate in ROTATED
    make(tmp_path, bus_at="kafka:9093?sasl=PLAIN")
    before = contents(tmp_path)
    make(tmp_path, rotate)
    assert changed(before, tmp_path) == files


def test_a_former_key_still_opens_what_it_sealed(tmp_path: Path) -> None:
    make(tmp_path)
    sealed = KeyRing.parse(env(tmp_path, "credentials")["CREDENTIALS_KEYS"]).wrap(b"secret", ("place",))
    make(tmp_path, "credentials-keys")
    ring = KeyRing.parse(env(tmp_path, "credentials")["CREDENTIALS_KEYS"])
    assert ring.newest_id == "credentials-2"
    assert ring.unwrap(sealed, ("place",)) == b"secret"


def test_certificates_hold_for_every_name_of_a_service_and_for_no_other(tmp_path: Path) -> None:
    make(tmp_path)
    for host in ("webhooks-edge", "webhooks-workers.interactor.svc.cluster.local", METRICS_HOST):
        _handshake(tmp_path, "webhooks", host)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(tmp_path, "webhooks", "identity")


def test_a_new_authority_is_believed_before_it_signs(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, "authority")
    _handshake(tmp_path, "catalog", "catalog")
    make(tmp_path, "certificates")
    _handshake(tmp_path, "catalog", "catalog")
    newest = (tmp_path / "ca.crt").read_text().partition("-----END CERTIFICATE-----\n")
    (tmp_path / "ca.crt").chmod(0o600)
    (tmp_path / "ca.crt").write_text(newest[0] + newest[1])
    _handshake(tmp_path, "catalog", "catalog")


def test_an_authority_whose_key_is_elsewhere_signs_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "ca.key").unlink()
    assert {line.split()[0] for line in make(tmp_path)} == {"kept"}
    with pytest.raises(ValueError, match=re.escape("ca.key is elsewhere")):
        make(tmp_path, "certificates")


def test_an_authority_signs_only_with_its_own_key() -> None:
    one, other = make_authority(_NOW), make_authority(_NOW)
    with pytest.raises(ValueError, match="not the one of its certificate"):
        issue(Certified(one.certificate, other.key), ["catalog"], _NOW)


def _handshake(folder: Path, service: str, host: str) -> None:
    """Between a client and a server in memory. Raises SSLError."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / f"{service}.crt", folder / f"{service}.key")
    asking = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(to_client, to_server, server_hostname=host)
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue


def test_kustomize_makes_secrets_of_them(tmp_path: Path) -> None:
    make(tmp_path)
    made = rendered(tmp_path).of("Secret")
    assert set(made) == {
        *PROCESSES,
        *(f"{service}-tls" for service in PROCESSES),
        "topics",
        "mongodb",
        "interactor-ca",
    }
    assert set(made["catalog"]["data"]) == set(env(tmp_path, "catalog"))
    assert set(made["catalog-tls"]["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    assert "ca.key" not in yaml.safe_dump(made)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "/dev/null/secrets"], "/dev/null/secrets: Not a directory; name another folder with --out"),
        (["--out", "{folder}", "--rotate", "certificates"], "can't be completed: ca.key is elsewhere"),
    ],
)
def test_what_can_not_be_made_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    make(tmp_path)
    (tmp_path / "ca.key").unlink()
    assert main(["secrets", *(each.format(folder=tmp_path) for each in arguments)]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
