"""What a process must know of the services that other processes run, and what it says where it does not."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.settings import Settings, SettingsRefused
from services.neighbours import Neighbours
from services.roles import SERVICES

KEYS = {service: Ed25519PrivateKey.generate() for service in SERVICES}
PEERS = (
    "catalog=http://127.0.0.1:1,credentials=http://127.0.0.1:2,identity=http://127.0.0.1:3,webhooks=http://127.0.0.1:4"
)


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def settings_of(service: str, **changes: Any) -> Settings:
    """What the process that runs this service alone is given."""
    given = {
        "peer_urls": PEERS,
        "internal_private_key": base64_of(KEYS[service].private_bytes_raw()),
        "internal_public_keys": public_keys(*SERVICES),
        **changes,
    }
    return Settings(**given)


def public_keys(*services: str, **others: Ed25519PrivateKey) -> str:
    held = {service: KEYS[service] for service in services} | others
    return ",".join(f"{service}={base64_of(key.public_key().public_bytes_raw())}" for service, key in held.items())


def refusal(settings: Settings, *services: str) -> str:
    with pytest.raises(SettingsRefused) as refused:
        Neighbours(settings, services)
    return str(refused.value)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_with_its_peers_and_keys_is_complete(service: str) -> None:
    assert Neighbours(settings_of(service), [service]).keys.public.keys() == set(SERVICES)


def test_all_services_together_need_no_neighbours_and_believe_nobody() -> None:
    assert not set(Neighbours(Settings(), SERVICES).keys.public) & set(SERVICES)


def test_who_asks_nobody_needs_no_peers() -> None:
    Neighbours(settings_of("identity", peer_urls=""), ["identity"])


def test_an_owner_that_is_nowhere_is_named_with_those_who_ask_it() -> None:
    said = refusal(settings_of("catalog", peer_urls="identity=http://127.0.0.1:3"), "catalog")
    assert said.startswith("PEER_URLS names no credentials, which catalog must ask")
    said = refusal(settings_of("executor", peer_urls="credentials=http://127.0.0.1:2"), "catalog", "executor")
    assert said.startswith("PEER_URLS names no identity, which catalog and executor must ask")


@pytest.mark.parametrize(
    ("peers", "sentence"),
    [
        ("nobody=http://127.0.0.1:1", "'nobody' is no service"),
        ("http://127.0.0.1:1", "is no service"),
        ("catalog", "catalog has no usable URL"),
        ("catalog=127.0.0.1:1", "catalog has no usable URL"),
        ("catalog=ftp://127.0.0.1:1", "catalog has no usable URL"),
        ("catalog=http://127.0.0.1:many", "catalog has no usable URL"),
        ("catalog=http://user:hush@127.0.0.1:1", "catalog has no usable URL"),
    ],
)
def test_a_peer_that_can_not_be_read_is_refused_without_its_secrets(peers: str, sentence: str) -> None:
    said = refusal(settings_of("executor", peer_urls=peers), "executor")
    assert said.startswith("PEER_URLS: ")
    assert sentence in said
    assert "hush" not in said


@pytest.mark.parametrize("missing", [{"internal_private_key": None}, {"internal_public_keys": ""}])
def test_without_keys_it_is_told_how_they_are_made(missing: dict[str, Any]) -> None:
    assert "`make secrets`" in refusal(settings_of("executor", **missing), "executor")


def test_who_may_ask_here_and_is_not_known_is_named() -> None:
    settings = settings_of("credentials", internal_public_keys=public_keys("catalog", "credentials", "executor"))
    said = refusal(settings, "credentials")
    assert said.startswith("INTERNAL_PUBLIC_KEYS lacks webhooks, which asks credentials here")


def test_a_key_of_its_own_that_does_not_fit_is_noticed_before_others_refuse_it() -> None:
    others = public_keys(*set(SERVICES) - {"executor"}, executor=Ed25519PrivateKey.generate())
    assert "the key of executor" in refusal(settings_of("executor", internal_public_keys=others), "executor")


def test_several_services_in_a_process_are_known_by_one_key() -> None:
    shared = public_keys("credentials", "executor", "webhooks", catalog=KEYS["catalog"], identity=KEYS["catalog"])
    settings = settings_of("catalog", internal_public_keys=shared)
    assert Neighbours(settings, ["catalog", "identity"]).keys.private.private_bytes_raw() == (
        KEYS["catalog"].private_bytes_raw()
    )


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("http://catalog:8081", True),
        ("http://10.0.0.7:8081", True),
        ("http://localhost:8081", False),
        ("http://[::1]:8081", False),
        ("https://catalog:8081", False),
    ],
)
def test_in_production_nothing_travels_in_the_clear_but_on_loopback(url: str, refused: bool) -> None:
    peers = PEERS.replace("http://127.0.0.1:1", url)
    settings = settings_of("executor", peer_urls=peers, interactor_env="production")
    if refused:
        said = refusal(settings, "executor")
        assert all(name in said for name in ("PEER_URLS: catalog", "INTERNAL_TLS_CERT_FILE", "INTERNAL_TLS_CA_FILE"))
    else:
        Neighbours(settings, ["executor"])
