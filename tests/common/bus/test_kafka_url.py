"""What BUS_URL can say about Kafka, and that a wrong one is refused without its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.kafka_url import KafkaUrl, parse_kafka_url
from libs.common.errors import EngineRefused


def test_the_shortest_url_names_a_server() -> None:
    assert parse_kafka_url("kafka://broker") == KafkaUrl(("broker:9092",))


def test_the_longest_url_names_everything() -> None:
    url = parse_kafka_url(
        "kafka://ad%40:p%2Fw%3F@k1.example.com:19092,[::1]:2/acme.prod?tls=true&sasl=PLAIN&ca=/etc/ca.pem&replication=3"
    )
    assert url == KafkaUrl(
        servers=("k1.example.com:19092", "[::1]:2"),
        prefix="acme.prod",
        user="ad@",
        password="p/w?",
        sasl="PLAIN",
        tls=True,
        ca_file=Path("/etc/ca.pem"),
        replication=3,
    )
    assert url.addresses == "k1.example.com:19092, [::1]:2"
    assert "p/w?" not in repr(url)


def test_a_user_proves_itself_by_scram_unless_told_otherwise() -> None:
    assert parse_kafka_url("kafka://ada:pw@broker").sasl == "SCRAM-SHA-512"
    assert parse_kafka_url("kafka://broker").sasl is None


def test_a_password_may_hold_what_does_not_end_it() -> None:
    assert parse_kafka_url("kafka://ada:p:w/@x@broker").password == "p:w/@x"


def test_names_in_the_cluster_carry_the_prefix() -> None:
    url = parse_kafka_url("kafka://broker/acme")
    assert url.topic("identity.keys") == "acme.identity.keys"
    assert url.group("webhooks", "identity.users") == "acme.webhooks.identity.users"
    plain = parse_kafka_url("kafka://broker")
    assert plain.topic("identity.keys") == "identity.keys"
    assert plain.group("webhooks", "identity.users") == "webhooks.identity.users"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://broker", "does not begin with kafka://"),
        ("kafka://", "a server is host:port"),
        ("kafka://a,,b", "a server is host:port"),
        ("kafka://broker:0", "there is no port 0"),
        ("kafka://broker:99999", "there is no port 99999"),
        ("kafka://broker:port", "a server is host:port"),
        ("kafka://secret@broker", "a user and a password"),
        ("kafka://:secret@broker", "a user and a password"),
        ("kafka://ada:secret", "a server is host:port"),
        ("kafka://ada:12?secret=5@broker", "must be percent-encoded"),
        ("kafka://ada:secret@broker/a/b", "a prefix is made of"),
        ("kafka://ada:secret@broker?tls", "name=value"),
        ("kafka://ada:secret@broker?tls=yes", "'tls' is true or false"),
        ("kafka://ada:secret@broker?tls=true&tls=true", "given twice"),
        ("kafka://ada:secret@broker?sasl=GSSAPI", "'sasl' is one of SCRAM-SHA-512"),
        ("kafka://broker?sasl=PLAIN", "'sasl' needs a user"),
        ("kafka://broker?ca=/ca.pem", "'ca' needs 'tls=true'"),
        ("kafka://broker?replication=0", "'replication' is the number of brokers"),
        ("kafka://broker?replication=³", "'replication' is the number of brokers"),
        ("kafka://broker?acks=0", "there is no option 'acks'"),
    ],
)
def test_a_wrong_url_is_refused_with_the_reason_and_without_the_password(url: str, reason: str) -> None:
    with pytest.raises(EngineRefused, match="BUS_URL is not of the form kafka://") as refused:
        KafkaBus(url, [])
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_authority_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("ca.pem", "none.pem"):
        with pytest.raises(EngineRefused, match=rf"names the authority '.*{name}', which can't be used"):
            KafkaBus(f"kafka://broker?tls=true&ca={tmp_path / name}", [])
