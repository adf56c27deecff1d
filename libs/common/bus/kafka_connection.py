"""A way to the cluster that says in a sentence why there is none: unreachable, or a definite refusal."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection, create_conn
from aiokafka.protocol.admin import SaslHandShakeRequest
from aiokafka.protocol.metadata import MetadataRequest

from libs.common.bus.kafka_url import KafkaUrl
from libs.common.errors import EngineRefused, Unavailable

_DIAGNOSIS_S = 1.0
_REASONS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((TimeoutError, errors.KafkaTimeoutError, errors.RequestTimedOutError), "it did not answer in time"),
    ((ConnectionRefusedError,), "it refuses connections"),
    ((errors.KafkaConnectionError, ConnectionError, errors.NodeNotReadyError), "it closed the connection"),
    (
        (errors.NotEnoughReplicasError, errors.NotEnoughReplicasAfterAppendError),
        "too few replicas are in sync to take messages",
    ),
    ((errors.KafkaStorageError,), "a broker can't write to its disk"),
    (
        (errors.TopicAuthorizationFailedError, errors.ClusterAuthorizationFailedError),
        "the user of BUS_URL may not do this: grant it the topics with its prefix",
    ),
    (
        (errors.GroupAuthorizationFailedError,),
        "the user of BUS_URL may not use this consumer group: grant it the groups with its prefix",
    ),
    ((errors.UnknownTopicOrPartitionError,), "a topic is missing: make it with `python -m services topics`"),
    ((errors.ProducerClosed,), "it was given up"),
)
_FAILURES = (OSError, errors.KafkaError, TimeoutError, ValueError, AssertionError)  # SASL replies are asserted upon


class Cluster:
    """What every client of this cluster is built with. Raises EngineRefused for a CA file that can't be used."""

    def __init__(self, url: KafkaUrl, *, request_timeout_s: float) -> None:
        self.url = url
        self._timeout_s = request_timeout_s
        self._tls = _tls(url) if url.tls else None

    def settings(self, request_timeout_s: float | None = None) -> dict[str, Any]:
        """Keyword arguments of aiokafka's clients."""
        return {"bootstrap_servers": list(self.url.servers), **self._security(request_timeout_s or self._timeout_s)}

    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[AIOKafkaConnection]:
        """A connection to any broker, its identity proven. Raises EngineRefused, Unavailable."""
        connection = await self._connect()
        try:
            yield connection
        except (errors.KafkaError, TimeoutError, OSError) as error:
            raise self.unavailable(reason(error)) from None
        finally:
            connection.close()

    def unavailable(self, why: str) -> Unavailable:
        return Unavailable("bus_unavailable", f"Kafka at {self.url.addresses}: {why}")

    async def _connect(self) -> AIOKafkaConnection:
        failures: list[str] = []
        for server in random.sample(self.url.servers, len(self.url.servers)):
            host, _, port = server.rpartition(":")
            try:
                return await self._connect_to(host.strip("[]"), int(port))
            except _FAILURES as error:
                failures.append(await self._explain(host.strip("[]"), int(port), error))
        raise self.unavailable(f"it can't be reached ({'; '.join(dict.fromkeys(failures))})")

    async def _connect_to(self, host: str, port: int) -> AIOKafkaConnection:
        """A listener that wants a user answers what version it is to anyone, so something more is asked."""
        connection = await create_conn(host, port, **self._security(self._timeout_s))
        try:
            await connection.send(MetadataRequest([], allow_auto_topic_creation=False))
        except BaseException:
            connection.close()
            raise
        return connection

    async def _explain(self, host: str, port: int, error: Exception) -> str:
        """Raises EngineRefused for what waiting won't mend."""
        if refusal := self._refusal(error):
            raise EngineRefused(f"Kafka at {host}:{port} {refusal}") from None
        if not isinstance(error, ConnectionRefusedError) and (hint := await self._mismatch(host, port)):
            raise EngineRefused(f"Kafka at {host}:{port} {hint}") from None
        return f"{host}:{port}: {reason(error)}"

    def _refusal(self, error: Exception) -> str | None:
        mechanism = self.url.sasl
        match error:
            case errors.SaslAuthenticationFailed() | ValueError() | AssertionError() if mechanism:
                return f"refuses the user '{self.url.user}' or the password: correct them in BUS_URL"
            case errors.UnsupportedSaslMechanismError():
                return f"doesn't offer {mechanism}: name a mechanism that it offers in BUS_URL, as in '?sasl=PLAIN'"
            case errors.IllegalSaslStateError():
                return "has no users on this port: leave user and password out of BUS_URL, or name another port"
            case ssl.SSLCertVerificationError():
                return f"shows a certificate that isn't trusted ({error.verify_message}): set 'ca' in BUS_URL"
        return None

    async def _mismatch(self, host: str, port: int) -> str | None:
        """Asks the other way round: without TLS, with it, with a user."""
        if self._tls:
            if await _answers(host, port, None):
                return "doesn't speak TLS on this port: leave 'tls=true' out of BUS_URL, or name its TLS port"
            return None
        if await _answers(host, port, _unverified()):
            return "speaks TLS on this port: add '?tls=true' to BUS_URL, and 'ca' for an authority of your own"
        if self.url.user is None and (mechanisms := await _mechanisms(host, port)):
            return f"wants a user and a password ({', '.join(mechanisms)}): put them into BUS_URL before the host"
        return None

    def _security(self, request_timeout_s: float) -> dict[str, Any]:
        name = "SSL" if self._tls else "PLAINTEXT"
        security: dict[str, Any] = {
            "client_id": "interactor-engine",
            "request_timeout_ms": round(request_timeout_s * 1000),
            "security_protocol": name,
            "ssl_context": self._tls,
        }
        if self.url.sasl:
            security |= {
                "security_protocol": f"SASL_{name}",
                "sasl_mechanism": self.url.sasl,
                "sasl_plain_username": self.url.user,
                "sasl_plain_password": self.url.password,
            }
        return security


def reason(error: BaseException) -> str:
    """An error of the client as a sentence's part; what it says itself may quote more than is good."""
    for kinds, words in _REASONS:
        if isinstance(error, kinds):
            return words
    if isinstance(error, ssl.SSLError):
        return f"it breaks off TLS ({error.reason})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _tls(url: KafkaUrl) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=url.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise EngineRefused(
            f"BUS_URL names the authority '{url.ca_file}', which can't be used ({error.strerror or 'no certificate'})"
        ) from None


def _unverified() -> ssl.SSLContext:
    """For finding out whether there is TLS at all; nothing is said over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _answers(host: str, port: int, tls: ssl.SSLContext | None) -> bool:
    """Whether a broker answers there what version it is, with TLS or without."""
    try:
        connection = await create_conn(
            host,
            port,
            request_timeout_ms=round(_DIAGNOSIS_S * 1000),
            security_protocol="SSL" if tls else "PLAINTEXT",
            ssl_context=tls,
        )
    except _FAILURES:
        return False
    connection.close()
    return True


async def _mechanisms(host: str, port: int) -> list[str]:
    try:
        connection = await create_conn(host, port, request_timeout_ms=round(_DIAGNOSIS_S * 1000))
    except _FAILURES:
        return []
    try:
        answer = await asyncio.wait_for(connection.send(SaslHandShakeRequest("PLAIN")), _DIAGNOSIS_S)
        return list(answer.enabled_mechanisms)
    except _FAILURES:
        return []
    finally:
        connection.close()
