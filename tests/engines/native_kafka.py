"""The Kafka broker itself, from its jars: fetched once, prepared once for each Java, then one process."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.engines.cache import cached
from tests.engines.kafka_settings import CLUSTER_ID, kafka_settings
from tests.engines.native import NativeEngine
from tests.engines.progress import run
from tests.engines.run_folder import RunFolder
from tests.engines.tools import JAVA, MAVEN, java, java_version, require
from tests.engines.versions import KAFKA, LOG4J, MAVEN_DEPENDENCY_PLUGIN

_HERE = Path(__file__).parent
JARS = f"kafka-{KAFKA}"
_FORMATTED = "formatted"
_CLASSES = "classes.jsa"
# Small and quick to start rather than fast in the long run.
_JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")


@dataclass(frozen=True)
class Broker:
    """What brokers are started from: the command up to the main class, and a formatted data folder to copy."""

    java: tuple[str, ...]
    formatted: Path


class NativeKafka(NativeEngine):
    """`properties` are further ones of the broker, or other values of ours."""

    name = "kafka"
    ready_line = re.compile(r"Kafka Server started")
    ports_needed = 2

    def __init__(self, run: RunFolder, broker: Broker, properties: Mapping[str, str] | None = None) -> None:
        super().__init__(run)
        self._broker = broker
        self._properties = properties or {}
        self._data = self.folder / "data"
        shutil.copytree(broker.formatted, self._data)

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def _command(self, ports: list[int]) -> list[str]:
        reached = f"127.0.0.1:{ports[0]}"
        settings = kafka_settings(reached, reached, ports[1], str(self._data))
        file = self.folder / "server.properties"
        write_properties(file, {**settings, **self._properties})
        return [*self._broker.java, "kafka.Kafka", str(file)]


def kafka_broker() -> Broker:
    """Fetched and prepared when it isn't in the cache. Raises EnginesMissing."""
    require("Kafka", [JAVA])
    jars = cached(JARS, _fetch)
    command = (str(java()), *_JVM, f"-Dlog4j2.configurationFile={_HERE / 'log4j2.properties'}")
    class_path = ("-cp", ":".join(sorted(str(jar) for jar in jars.glob("lib/*.jar"))))

    def prepare(folder: Path, lock: int) -> None:
        _format((*command, *class_path), folder, lock)
        # Java writes the classes that a broker loads into an archive when that broker ends, and maps the archive into
        # those started later: a second less for each. It fits only this Java and these jars where they are now.
        _start_once((*command, f"-XX:ArchiveClassesAtExit={folder / _CLASSES}", *class_path), folder)

    prepared = cached(f"{JARS}-java-{java_version()}", prepare)
    return Broker((*command, f"-XX:SharedArchiveFile={prepared / _CLASSES}", *class_path), prepared / _FORMATTED)


def write_properties(file: Path, properties: Mapping[str, str]) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))


def _fetch(folder: Path, lock: int) -> None:
    require("Fetching Kafka", [MAVEN])
    run(
        "Fetching Kafka, once, 44 MB",
        [
            *("mvn", "--batch-mode", "--strict-checksums", "--file", str(_HERE / "pom.xml")),
            *(f"-Dkafka.version={KAFKA}", f"-Dlog4j.version={LOG4J}"),
            f"org.apache.maven.plugins:maven-dependency-plugin:{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies",
            *(f"-DoutputDirectory={folder / 'lib'}", "-DincludeScope=runtime"),
        ],
        log=folder.with_suffix(".log"),
        keeps=lock,
    )


def _format(java: tuple[str, ...], folder: Path, lock: int) -> None:
    settings = folder / "server.properties"
    write_properties(settings, kafka_settings("127.0.0.1:1", "127.0.0.1:1", 2, str(folder / _FORMATTED)))
    run(
        "Preparing Kafka's data folder, once",
        [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(settings)],
        log=folder.with_suffix(".log"),
        keeps=lock,
    )


def _start_once(java: tuple[str, ...], folder: Path) -> None:
    work = RunFolder()
    try:
        kafka = NativeKafka(work, Broker(java, folder / _FORMATTED))
        kafka.start()
        kafka.stop()
    finally:
        work.close()
