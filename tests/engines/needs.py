"""Which Debian packages this machine lacks for the engines."""

from __future__ import annotations

from tests.engines.cache import cache_folder
from tests.engines.native_kafka import JARS
from tests.engines.native_mongo import NAME
from tests.engines.tools import COMPILING, JAVA, MAVEN, Tool


def missing_packages() -> list[str]:
    """For the native ones, which some tests start even where there are containers; what is fetched needs no more."""
    needed: list[Tool] = [JAVA]
    if not (cache_folder() / JARS).is_dir():
        needed.append(MAVEN)
    if not (cache_folder() / NAME).is_dir():
        needed.extend(COMPILING)
    return [tool.package for tool in needed if not tool.present()]
