"""`python -m services secrets`: makes what a deployment keeps secret, a few files for each service, one for operators.

Compose mounts them, kustomize makes Secrets of them. What is there is kept, except what `--rotate` names.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from libs.common.clock import SystemClock
from libs.common.contracts.calls import OPERATOR
from libs.common.keyring import KEY_BYTES
from libs.common.settings import Settings, SettingsRefused
from services.certificates import Certified, ends, issue, make_authority

PROCESSES = {
    "catalog": ("catalog",),
    "credentials": ("credentials",),
    "executor": ("executor", "executor-edge", "executor-workers"),
    "identity": ("identity",),
    "webhooks": ("webhooks-edge", "webhooks-workers"),
}
"""Each service, and the host names of the processes that run it."""

METRICS_HOST = "interactor-metrics"
"""A name in every certificate: what reads metrics goes to addresses, and checks them all by this one name."""

ROTATED = (
    "credentials-keys",
    "role-keys",
    "mongodb-passwords",
    "kafka-passwords",
    "mongodb-keyfile",
    "grafana-password",
    "certificates",
    "authority",
)

_OWNER_ONLY = 0o600
# Containers read these files as users of their own. On the host nobody else gets past the folder.
_MOUNTED = 0o444
_KEYFILE_BYTES = 756  # MongoDB takes 6 to 1024 characters of base64


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the engines are (what follows the `@` of their URLs), the namespace, and what is made anew."""

    store_at: str
    bus_at: str
    namespace: str
    rotate: str | None


class Folder:
    """The files, each written whole or not at all; `said` has a line for each."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        self.said: list[str] = []
        self._path = path

    def text(self, name: str) -> str:
        """Empty when there is no such file."""
        path = self._path / name
        return path.read_text() if path.exists() else ""

    def env(self, name: str) -> dict[str, str]:
        lines = (line.partition("=") for line in self.text(name).splitlines())
        return {variable: value for variable, separator, value in lines if separator and not variable.startswith("#")}

    def put_env(self, name: str, env: Mapping[str, str]) -> None:
        self.put(name, "".join(f"{variable}={value}\n" for variable, value in env.items()))

    def put(self, name: str, text: str, mode: int = _OWNER_ONLY) -> None:
        path, draft, before = self._path / name, self._path / f".{name}.draft", self.text(name)
        self.said.append(f"{'kept' if text == before else 'changed' if before else 'made':8}{path}")
        if text != before:
            draft.unlink(missing_ok=True)
            draft.touch(_OWNER_ONLY)
            draft.write_text(text)
            draft.replace(path)
        path.chmod(mode)


async def make_secrets(_settings: Settings, arguments: argparse.Namespace) -> int:
    """Raises SettingsRefused."""
    plan = Plan(arguments.store_at, arguments.bus_at, arguments.namespace, arguments.rotate)
    try:
        said = await asyncio.to_thread(write_secrets, arguments.out, plan, SystemClock().now())
    except OSError as error:
        raise SettingsRefused(f"{error.filename}: {error.strerror}; name another folder with --out") from None
    except ValueError as error:
        raise SettingsRefused(f"{arguments.out} can't be completed: {error}") from None
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return 0


def write_secrets(path: Path, plan: Plan, now: datetime) -> list[str]:
    """Completes the folder and answers what became of each file. Raises OSError, ValueError."""
    folder = Folder(path)
    services = {service: _service_env(service, folder.env(f"{service}.env"), plan) for service in PROCESSES}
    operator = {"INTERNAL_PRIVATE_KEY": _role_key(folder.env(f"{OPERATOR}.env"), plan)}
    public = ",".join(
        f"{role}={_public(env['INTERNAL_PRIVATE_KEY'])}" for role, env in {**services, OPERATOR: operator}.items()
    )
    folder.put_env(f"{OPERATOR}.env", operator)
    for service, env in services.items():
        folder.put_env(f"{service}.env", {**env, "INTERNAL_PUBLIC_KEYS": public})
    bus_url = _kept(folder.env("topics.env"), "BUS_URL", lambda: _url("kafka", "topics", plan.bus_at))
    folder.put_env("topics.env", {"BUS_URL": _rotated_url(bus_url, "kafka-passwords", plan)})
    folder.put_env("mongodb.env", _mongodb_env(folder.env("mongodb.env"), services))
    _put_random(folder, plan)
    _put_certificates(folder, plan, now)
    folder.put("kustomization.yaml", _kustomization(plan.namespace))
    return folder.said


def _service_env(service: str, env: Mapping[str, str], plan: Plan) -> dict[str, str]:
    keys = env.get("CREDENTIALS_KEYS", "")
    if not keys or plan.rotate == "credentials-keys":
        keys = _with_new_key(service, keys)
    store_url = _kept(env, "STORE_URL", lambda: _url("mongodb", service, plan.store_at))
    bus_url = _kept(env, "BUS_URL", lambda: _url("kafka", service, plan.bus_at))
    return {
        **env,
        "CREDENTIALS_KEYS": keys,
        "INTERNAL_PRIVATE_KEY": _role_key(env, plan),
        "STORE_URL": _rotated_url(store_url, "mongodb-passwords", plan),
        "BUS_URL": _rotated_url(bus_url, "kafka-passwords", plan),
    }


def _role_key(env: Mapping[str, str], plan: Plan) -> str:
    kept = env.get("INTERNAL_PRIVATE_KEY", "") if plan.rotate != "role-keys" else ""
    return kept or _base64(Ed25519PrivateKey.generate().private_bytes_raw())


def _kept(env: Mapping[str, str], variable: str, make: Callable[[], str]) -> str:
    return env.get(variable) or make()


def _with_new_key(service: str, keys: str) -> str:
    """The newest first; older ones stay, since data is sealed under them."""
    newest = max(map(int, re.findall(rf"(?:^|,){service}-(\d+):", keys)), default=0)
    made = f"{service}-{newest + 1}:{_base64(secrets.token_bytes(KEY_BYTES))}"
    return f"{made},{keys}" if keys else made


def _url(scheme: str, user: str, at: str) -> str:
    """Kafka knows users only where its clients prove themselves."""
    if scheme == "kafka" and "sasl=" not in at:
        return f"{scheme}://{at}"
    return f"{scheme}://{user}:{_password()}@{at}"


def _rotated_url(url: str, rotation: str, plan: Plan) -> str:
    user = urlsplit(url).username
    if plan.rotate != rotation or user is None:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{user}:{_password()}@{rest.partition('@')[2]}"


def _mongodb_env(env: Mapping[str, str], services: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The administrator, and the passwords of the services' users as their URLs have them."""
    passwords = {service: urlsplit(of["STORE_URL"]).password for service, of in services.items()}
    return {
        "MONGO_INITDB_ROOT_USERNAME": "root",
        "MONGO_INITDB_ROOT_PASSWORD": _kept(env, "MONGO_INITDB_ROOT_PASSWORD", _password),
        **{f"MONGODB_PASSWORD_{service.upper()}": password for service, password in passwords.items() if password},
    }


def _put_random(folder: Folder, plan: Plan) -> None:
    """What is random and nothing else: MongoDB's key file and Grafana's first password."""
    keyfile = folder.text("mongodb.keyfile") if plan.rotate != "mongodb-keyfile" else ""
    folder.put("mongodb.keyfile", keyfile or f"{_base64(secrets.token_bytes(_KEYFILE_BYTES))}\n", _MOUNTED)
    grafana = folder.env("grafana.env") if plan.rotate != "grafana-password" else {}
    folder.put_env(
        "grafana.env", {"GF_SECURITY_ADMIN_PASSWORD": _kept(grafana, "GF_SECURITY_ADMIN_PASSWORD", _password)}
    )


def _put_certificates(folder: Folder, plan: Plan, now: datetime) -> None:
    """A new authority is believed at once, beside the former; it signs from the next `--rotate certificates` on."""
    trusted, authority_key = folder.text("ca.crt"), folder.text("ca.key")
    if not trusted or plan.rotate == "authority":
        authority = make_authority(now)
        trusted, authority_key = authority.certificate + trusted, authority.key
        folder.put("ca.key", authority_key)
    folder.put("ca.crt", trusted, _MOUNTED)
    for service, names in PROCESSES.items():
        held = Certified(folder.text(f"{service}.crt"), folder.text(f"{service}.key"))
        if not (held.certificate and held.key) or plan.rotate == "certificates":
            if not authority_key:
                raise ValueError("ca.key is elsewhere, and certificates are to be issued; put it back for that")
            held = issue(Certified(trusted, authority_key), list(_hosts(names, plan.namespace)), now)
        folder.put(f"{service}.crt", held.certificate, _MOUNTED)
        folder.said[-1] += f"  ends {ends(held.certificate):%Y-%m-%d}"
        folder.put(f"{service}.key", held.key, _MOUNTED)


def _hosts(names: Iterable[str], namespace: str) -> Iterable[str]:
    for name in names:
        yield from (name, f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.svc.cluster.local")
    yield from (METRICS_HOST, "localhost")


def _kustomization(namespace: str) -> str:
    """Makes Kubernetes Secrets of the files: two for each service, one for the topics job, one for MongoDB."""
    made: list[dict[str, object]] = []
    for service in PROCESSES:
        made.append({"name": service, "envs": [f"{service}.env"]})
        files = [f"tls.crt={service}.crt", f"tls.key={service}.key", "ca.crt"]
        made.append({"name": f"{service}-tls", "files": files})
    made.append({"name": "topics", "envs": ["topics.env"]})
    made.append({"name": "mongodb", "envs": ["mongodb.env"], "files": ["keyfile=mongodb.keyfile"]})
    made.append({"name": "interactor-ca", "files": ["ca.crt"]})
    document = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": namespace,
        "generatorOptions": {"disableNameSuffixHash": True},
        "secretGenerator": made,
    }
    return yaml.safe_dump(document, sort_keys=False)


def _public(private: str) -> str:
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private, validate=True))
    return _base64(key.public_key().public_bytes_raw())


def _password() -> str:
    """Of letters that need no escape, in a URL or anywhere else."""
    return secrets.token_urlsafe(24)


def _base64(secret: bytes) -> str:
    return base64.b64encode(secret).decode()
