"""A Kafka broker with a port for anybody, one for users and one for TLS, and with rights."""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiokafka.conn import create_conn
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactBytes, CompactString, Int8, Int16, Int32, Schema, TaggedFields
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.engines.native import free_ports
from tests.engines.native_kafka import NativeKafka

SCRAM_USER, PLAIN_USER, PASSWORD = "ada", "grace", "p@ss/word?"
_PLAIN_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM_LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"
_ITERATIONS = 4096


@dataclass(frozen=True)
class SecuredKafka:
    """Ports, and the file of the authority that signed the TLS port's certificate."""

    broker: NativeKafka
    plain: int
    sasl: int
    tls: int
    ca_file: Path


async def secured_kafka(own_kafka: Callable[[dict[str, str]], NativeKafka], folder: Path) -> SecuredKafka:
    """`SCRAM_USER` may do all, `PLAIN_USER` only look at topics; both have the password `PASSWORD`."""
    plain, sasl, tls, controller = free_ports(4)
    key_store, ca_file = _certificate(folder)
    broker = await asyncio.to_thread(own_kafka, _properties(plain, sasl, tls, controller, key_store))
    connection = await create_conn("127.0.0.1", plain)
    try:
        answer = await connection.send(_AlterUsers(SCRAM_USER, PASSWORD))
        assert [code for _, code, *_ in answer.results] == [0]
        answer = await connection.send(CreateAclsRequest(2, "t", 4, f"User:{PLAIN_USER}", "*", 8, 3))  # describe t*
        assert [code for code, _ in answer.creation_responses] == [0]
    finally:
        connection.close()
    return SecuredKafka(broker, plain, sasl, tls, ca_file)


def _properties(plain: int, sasl: int, tls: int, controller: int, key_store: Path) -> dict[str, str]:
    ports = f"PLAINTEXT://127.0.0.1:{plain},USERS://127.0.0.1:{sasl},TLS://127.0.0.1:{tls}"
    users = f'{_PLAIN_LOGIN} required user_{PLAIN_USER}="{PASSWORD}";'
    return {
        "listeners": f"{ports},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": ports,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,USERS:SASL_PLAINTEXT,TLS:SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.name.users.sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        "listener.name.users.plain.sasl.jaas.config": users,
        "listener.name.users.scram-sha-512.sasl.jaas.config": f"{_SCRAM_LOGIN} required;",
        "listener.name.tls.ssl.keystore.type": "PEM",
        "listener.name.tls.ssl.keystore.location": str(key_store),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:ANONYMOUS;User:{SCRAM_USER}",
    }


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Key and certificate for 127.0.0.1 in one file, and the certificate alone, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a broker in a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    ).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_store, ca_file = folder / "broker.pem", folder / "ca.pem"
    key_store.write_bytes(private + certificate)
    ca_file.write_bytes(certificate)
    return key_store, ca_file


class _AlterUsersResponse(Response):
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterUsersV0(RequestStruct):
    """AlterUserScramCredentials, which aiokafka lacks."""

    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterUsersResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterUsers(Request[_AlterUsersV0]):
    API_KEY = 51

    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._password = password

    def build(self, request_struct_class: type[_AlterUsersV0]) -> _AlterUsersV0:
        salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha512", self._password.encode(), salt, _ITERATIONS)
        return request_struct_class([], [(self._user, 2, _ITERATIONS, salt, salted, {})], {})
