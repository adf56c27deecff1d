"""Settings from the environment; every default works on one machine, production names what it still needs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsRefused(Exception):
    """A setting is missing or contradicts another; the message says which and how to mend it."""


class Settings(BaseSettings):
    """One field per environment variable, upper-cased; sizes and times carry their unit in the name."""

    model_config = SettingsConfigDict(env_file=None, extra="ignore", frozen=True)

    interactor_env: Literal["local", "production"] = Field("local", description="`production` refuses local defaults.")
    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(1290, ge=0, le=65535, description="Port of the API; 0 takes a free one and prints it.")
    internal_host: str = Field("127.0.0.1", description="Address that /internal and /metrics listen on.")
    internal_port: int = Field(
        0, ge=0, le=65535, description="Port of /internal and /metrics, never routed from outside; 0 takes a free one."
    )
    public_url: str | None = Field(None, description="How providers reach the API, for inbound URLs.")
    data_dir: Path = Field(Path("data"), description="Where the embedded engines and the local key file live.")
    store_url: str | None = Field(
        None, repr=False, description="`sqlite:<path>`, `sqlite::memory:` or `mongodb://…`; default a file in DATA_DIR."
    )
    bus_url: str = Field(
        "local:", repr=False, description="`local:`, the log in the embedded store's file, or `kafka://…`."
    )
    peer_urls: str = Field(
        "", description="`service=url,…`: the internal ports of the services that other processes run."
    )
    credentials_keys: SecretStr | None = Field(
        None, description="Key-encryption keys, newest first: `id:base64,id:base64`. Locally made in DATA_DIR."
    )
    internal_private_key: SecretStr | None = Field(None, description="This role's Ed25519 key for internal calls.")
    internal_public_keys: str = Field("", description="`role=base64,…`: whose internal calls are believed.")
    internal_tls_cert_file: Path | None = Field(None, description="Certificate (PEM) of the internal port.")
    internal_tls_key_file: Path | None = Field(None, description="Its private key (PEM).")
    internal_tls_ca_file: Path | None = Field(
        None, description="Authority (PEM) that signed the certificates of the other internal ports."
    )
    identity_auto_provision: bool = Field(False, description="Make an unknown userId on its first use.")
    egress_allow: str | None = Field(
        None, description="Networks or hosts exempt from the egress rules; locally loopback, in production none."
    )
    body_limit_bytes: int = Field(1 << 20, ge=1, description="Largest request body under /v1.")
    inbound_limit_bytes: int = Field(5 << 20, ge=1, description="Largest inbound webhook.")
    rate_limit_per_s: float = Field(
        0.0, ge=0, description="Requests a second that each key may make of each process; 0 means any number."
    )
    rate_limit_burst: int = Field(
        0, ge=0, description="How many of them may come at once after a rest; 0 means those of a second."
    )
    sandbox_processes: int = Field(0, ge=0, description="Most sandbox processes; 0 means one per core.")
    sandbox_seccomp: Literal["required", "off"] = Field(
        "required",
        description="On Linux: `required` refuses to run scripts where there is no seccomp, `off` does without it.",
    )
    delivery_timeout_s: float = Field(
        15.0, gt=0, le=45, description="How long a subscriber may take to answer, at most 45."
    )
    notification_retention_days: int = Field(3, ge=3, description="How long notifications stay; at least the dedupe.")
    delivery_retention_days: int = Field(14, ge=1, description="How long finished deliveries stay.")
    execution_retention_days: int = Field(14, ge=1, description="How long executions stay.")
    execution_record_payloads: bool = Field(True, description="Keep inputs and outputs with the execution history.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    log_format: Literal["auto", "json", "console"] = Field("auto", description="`auto`: console on a terminal.")
    otel_exporter_otlp_endpoint: str | None = Field(None, description="Where traces go; none: no tracing.")

    @field_validator("public_url", "otel_exporter_otlp_endpoint")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("must be a URL such as https://hooks.example.com")
        return value

    @property
    def production(self) -> bool:
        return self.interactor_env == "production"

    @property
    def default_key_allowed(self) -> bool:
        """Whether the key `default` works here: a local server that only this machine can reach."""
        return is_loopback(self.host) and not self.production

    @property
    def egress_exceptions(self) -> str:
        if self.egress_allow is not None:
            return self.egress_allow
        return "" if self.production else "127.0.0.0/8,::1"

    @property
    def effective_store_url(self) -> str:
        return self.store_url or f"sqlite:{self.data_dir / 'interactor.db'}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_production(settings: Settings) -> None:
    """Raises SettingsRefused when production lacks what local runs make for themselves."""
    for sentence in missing_in_production(settings):
        raise SettingsRefused(sentence)


def missing_in_production(settings: Settings) -> Iterator[str]:
    """A sentence for each setting that production needs and that is not there."""
    if not settings.production:
        return
    if settings.credentials_keys is None or not settings.credentials_keys.get_secret_value():
        yield (
            "INTERACTOR_ENV=production needs CREDENTIALS_KEYS, the keys that seal credentials at rest. "
            "Make one with: python -c \"import base64,os;print('k1:'+base64.b64encode(os.urandom(32)).decode())\""
        )
    if not settings.public_url:
        yield (
            "INTERACTOR_ENV=production needs PUBLIC_URL, the address under which providers reach this engine, "
            "for example https://hooks.example.com"
        )
