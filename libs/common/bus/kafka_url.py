"""`kafka://[user:password@]host:port[,host:port…][/prefix][?…]`: what BUS_URL says about a Kafka cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, unquote

from libs.common.errors import EngineRefused

SCHEME = "kafka://"
FORM = "kafka://[user:password@]host:port[,host:port…][/prefix][?tls=true&sasl=SCRAM-SHA-512&ca=<file>&replication=3]"
_DEFAULT_PORT = 9092
_DEFAULT_SASL = "SCRAM-SHA-512"
_MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_SWITCHES = {"true": True, "false": False}
_HOST = re.compile(r"(?P<host>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}")
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class KafkaUrl:
    """`servers` as `host:port`; `replication` is None where the cluster's size decides."""

    servers: tuple[str, ...]
    prefix: str = ""
    user: str | None = None
    password: str = field(default="", repr=False)
    sasl: str | None = None
    tls: bool = False
    ca_file: Path | None = None
    replication: int | None = None

    @property
    def addresses(self) -> str:
        """For sentences; it holds no secret."""
        return ", ".join(self.servers)

    def topic(self, name: str) -> str:
        """The topic's name in the cluster."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def group(self, group: str, topic: str) -> str:
        """A group listens to one topic, so that a rebalance of one leaves the others alone."""
        return self.topic(f"{group}.{topic}")


def parse_kafka_url(url: str) -> KafkaUrl:
    """Raises EngineRefused, which never quotes the part that may hold a password."""
    if not url.startswith(SCHEME):
        _refuse("it does not begin with kafka://")
    rest, _, query = url.removeprefix(SCHEME).partition("?")
    if "@" in query:
        _refuse("a '?' in a password must be percent-encoded")
    credentials, _, location = rest.rpartition("@")
    hosts, _, prefix = location.partition("/")
    if prefix and not _PREFIX.fullmatch(prefix):
        _refuse("a prefix is made of letters, digits, '.', '_' and '-'")
    options = _options(query)
    user, password = _user(credentials)
    tls, replication = _switch(options, "tls"), _replication(options)
    ca_file = options.pop("ca", None)
    sasl = _mechanism(options.pop("sasl", None), user)
    if options:
        _refuse(f"there is no option '{next(iter(options))}'")
    if ca_file and not tls:
        _refuse("'ca' needs 'tls=true'")
    ca = Path(ca_file) if ca_file else None
    return KafkaUrl(_servers(hosts), prefix, user, password, sasl, tls, ca, replication)


def _servers(hosts: str) -> tuple[str, ...]:
    return tuple(_server(host) for host in hosts.split(","))


def _server(host: str) -> str:
    match = _HOST.fullmatch(host)
    if match is None:
        _refuse("a server is host:port")
    port = int(match["port"] or _DEFAULT_PORT)
    if not 0 < port <= _MAX_PORT:
        _refuse(f"there is no port {port}")
    return f"{match['host']}:{port}"


def _user(credentials: str) -> tuple[str | None, str]:
    if not credentials:
        return None, ""
    user, separator, password = credentials.partition(":")
    if not user or not separator:
        _refuse("before the '@' stand a user and a password, with a ':' between them")
    return unquote(user), unquote(password)


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        _refuse("options after the '?' are name=value, joined with '&'")
    options = dict(pairs)
    if len(options) < len(pairs):
        _refuse("an option is given twice")
    return options


def _switch(options: dict[str, str], name: str) -> bool:
    value = options.pop(name, "false")
    if value not in _SWITCHES:
        _refuse(f"'{name}' is true or false")
    return _SWITCHES[value]


def _replication(options: dict[str, str]) -> int | None:
    value = options.pop("replication", None)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        _refuse("'replication' is the number of brokers that keep each message, 1 or more")
    return int(value)


def _mechanism(named: str | None, user: str | None) -> str | None:
    if user is None:
        if named:
            _refuse("'sasl' needs a user and a password before the '@'")
        return None
    if named not in (None, *_MECHANISMS):
        _refuse(f"'sasl' is one of {', '.join(_MECHANISMS)}")
    return named or _DEFAULT_SASL


def _refuse(reason: str) -> NoReturn:
    raise EngineRefused(f"BUS_URL is not of the form {FORM}: {reason}")
