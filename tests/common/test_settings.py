"""Settings: defaults that work locally, production that refuses them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.common.settings import Settings, SettingsRefused, check_production


def make_settings(**changes: object) -> Settings:
    return Settings.model_validate(changes)


def make_production(**changes: object) -> Settings:
    return make_settings(
        **{
            "interactor_env": "production",
            "credentials_keys": "k1:AAAA",
            "public_url": "https://hooks.example.com",
            **changes,
        }
    )


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_every_setting_has_a_default_and_says_what_it_is() -> None:
    assert make_settings()
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("IDENTITY_AUTO_PROVISION", "true")
    settings = Settings()
    assert (settings.port, settings.identity_auto_provision) == (8080, True)


@pytest.mark.parametrize("wrong", [{"port": 65536}, {"port": "many"}, {"interactor_env": "staging"}])
def test_a_wrong_value_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        make_settings(**wrong)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.2", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
    ],
)
def test_the_default_key_works_on_loopback_alone(host: str, allowed: bool) -> None:
    assert make_settings(host=host).default_key_allowed is allowed


def test_the_default_key_never_works_in_production() -> None:
    assert not make_production(host="127.0.0.1").default_key_allowed


def test_production_starts_with_its_secrets() -> None:
    check_production(make_production())


@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize("name", ["credentials_keys", "public_url"])
def test_production_names_what_it_lacks_and_how_to_make_it(name: str, missing: str | None) -> None:
    with pytest.raises(SettingsRefused, match=name.upper()) as refused:
        check_production(make_production(**{name: missing}))
    assert "ake one with" in str(refused.value) or "example" in str(refused.value)


def test_a_local_run_needs_no_secrets() -> None:
    check_production(make_settings())


def test_a_secret_is_never_shown() -> None:
    assert "hush" not in repr(make_settings(credentials_keys="k1:hush"))


def test_a_local_engine_may_call_this_machine_and_production_only_what_is_allowed() -> None:
    assert make_settings().egress_exceptions == "127.0.0.0/8,::1"
    assert make_production().egress_exceptions == ""
    assert make_settings(egress_allow="").egress_exceptions == ""
    assert make_production(egress_allow="10.0.0.0/8").egress_exceptions == "10.0.0.0/8"


def test_the_store_is_a_file_in_the_data_directory_unless_it_is_named() -> None:
    assert make_settings(data_dir=Path("d")).effective_store_url == "sqlite:d/interactor.db"
    assert make_settings(store_url="sqlite::memory:").effective_store_url == "sqlite::memory:"


@pytest.mark.parametrize("name", ["public_url", "otel_exporter_otlp_endpoint"])
@pytest.mark.parametrize("value", ["nonsense", "::::", "ftp://example.com", "https://"])
def test_an_address_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="must be a URL"):
        Settings(**{name: value})
