"""What the native engines need on the machine, and the Debian packages that bring it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.engines.errors import EnginesMissing


@dataclass(frozen=True)
class Tool:
    name: str
    package: str
    present: Callable[[], bool]


def require(purpose: str, tools: Iterable[Tool]) -> None:
    """Raises EnginesMissing, which names all that is missing and one command that installs it."""
    if missing := [tool for tool in tools if not tool.present()]:
        names = ", ".join(tool.name for tool in missing)
        packages = " ".join(tool.package for tool in missing)
        raise EnginesMissing(f"{purpose} needs {names}. On Debian: sudo apt-get install {packages}")


def java() -> str | None:
    """The program that JAVA_HOME or else the PATH names."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home, "bin"))) if home else shutil.which("java")


def java_version() -> str:
    """Such as `17.0.15`; empty where there is no Java that runs."""
    if (program := java()) is None:
        return ""
    # -version writes to the error output, after whatever JAVA_TOOL_OPTIONS makes it write
    told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', told)
    return found[1] if found else ""


def _cargo_minor() -> int:
    if (program := shutil.which("cargo")) is None:
        return 0
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"cargo 1\.(\d+)", told)
    return int(found[1]) if found else 0


def _major(version: str) -> int:
    """Java 8 calls itself 1.8, which is as much too old as 1."""
    found = re.match(r"\d+", version)
    return int(found[0]) if found else 0


def _compiles(header: str) -> bool:
    if (compiler := shutil.which("cc")) is None:
        return False
    command = [compiler, "-E", "-include", header, "-x", "c", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _on_path(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


JAVA = Tool("java 17 or newer", "default-jre-headless", lambda: _major(java_version()) >= 17)
MAVEN = Tool("mvn", "maven", _on_path("mvn"))
COMPILING = (
    # Debian's own `cargo` is older; `cargo-web` is the one that it keeps new for browsers.
    Tool("cargo 1.88 or newer (also from https://rustup.rs)", "cargo-web", lambda: _cargo_minor() >= 88),
    Tool("a C compiler and make", "build-essential", lambda: bool(shutil.which("cc") and shutil.which("make"))),
    Tool("cmake", "cmake", _on_path("cmake")),
    Tool("the zlib headers", "zlib1g-dev", lambda: _compiles("zlib.h")),
)
