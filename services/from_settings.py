"""What the settings name: engines, the key ring, exceptions from the egress rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from libs.common.clock import SystemClock
from libs.common.egress import Allow
from libs.common.engines import Engines, is_embedded, open_engines
from libs.common.keyring import KeyRing, load_or_create_key_file
from libs.common.settings import Settings, SettingsRefused
from services.roles import Role, is_everything

_KEY_FILE = "credentials.key"


def open_for_roles(settings: Settings, roles: Sequence[Role]) -> Engines:
    """The engines of a process with these roles. Raises EngineRefused, SettingsRefused."""
    check_roles(settings, roles)
    return open_engines(settings.effective_store_url, settings.bus_url, SystemClock())


def check_roles(settings: Settings, roles: Sequence[Role]) -> None:
    """Raises SettingsRefused where the store can't serve a process with these roles."""
    if is_embedded(settings.effective_store_url) and not is_everything(roles):
        raise SettingsRefused(
            "The embedded store serves one process that runs all services, and this one runs only some: "
            "set STORE_URL=mongodb://… and BUS_URL=kafka://…, or name no role."
        )


def open_for_command(settings: Settings) -> Engines:
    """The engines for a short command, beside running servers. Raises EngineRefused."""
    return open_engines(settings.effective_store_url, settings.bus_url, SystemClock(), exclusive=False)


def key_ring(settings: Settings) -> KeyRing:
    """From the setting, else from a file that a local server makes. Raises SealingRefused, SettingsRefused."""
    if settings.credentials_keys is not None:
        return KeyRing.parse(settings.credentials_keys.get_secret_value())
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        ring, _ = load_or_create_key_file(key_file(settings))
    except OSError as error:
        raise SettingsRefused(
            f"DATA_DIR={settings.data_dir}: can't be written ({error.strerror}); name a directory that can"
        ) from None
    return ring


def key_file(settings: Settings) -> Path:
    """Where a local server keeps the keys that no setting gives."""
    return settings.data_dir / _KEY_FILE


def egress_exceptions(settings: Settings) -> Allow:
    """Raises SettingsRefused."""
    try:
        return Allow.parse(settings.egress_exceptions)
    except ValueError as error:
        raise SettingsRefused(str(error)) from None
