"""A MongoDB and a Kafka together: real images where a Docker daemon answers, else processes on this machine."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from tests.engines import containers
from tests.engines.errors import EnginesMissing
from tests.engines.native_kafka import NativeKafka, kafka_broker
from tests.engines.native_mongo import NativeMongo, mongo_program
from tests.engines.run_folder import RunFolder, end_run, still_running

Kind = Literal["docker", "native"]
Record = dict[str, Any]

_GRACE_S = 15.0


class Engine(Protocol):
    """All of this blocks; a test that runs a loop calls it through `asyncio.to_thread`."""

    name: ClassVar[str]

    @property
    def url(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def pid(self) -> int: ...

    @property
    def alive(self) -> bool: ...

    def launch(self) -> None:
        """Starts it, on the port and with the data that it had before, and does not wait."""

    def ready(self, within_s: float = ...) -> None:
        """Waits until it answers. Raises EngineFailed with the end of its log."""

    def start(self) -> None:
        """`launch` and `ready`."""

    def kill(self) -> None:
        """SIGKILL."""

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that doesn't help."""


class Engines(ABC):
    """Both, under way until `close`."""

    mongo: Engine
    kafka: Engine

    @property
    def store_url(self) -> str:
        return self.mongo.url

    @property
    def bus_url(self) -> str:
        return self.kafka.url

    @property
    @abstractmethod
    def record(self) -> Record:
        """By which another process finds them."""

    def start(self, *, outlive: bool = False) -> None:
        """Side by side. They end with this process, whatever ends it, or else stay. Raises EngineFailed."""
        self.mongo.launch()
        self.kafka.launch()
        self.mongo.ready()
        self.kafka.ready()

    @abstractmethod
    def close(self) -> None:
        """Ends them, and removes their data."""


class NativeEngines(Engines):
    def __init__(self) -> None:
        program, broker = mongo_program(), kafka_broker()
        self._run = RunFolder()
        self.mongo = NativeMongo(self._run, program)
        self.kafka = NativeKafka(self._run, broker)

    @property
    def record(self) -> Record:
        return {"kind": "native", "folder": str(self._run.path)}

    def start(self, *, outlive: bool = False) -> None:
        super().start()
        if outlive:
            self._run.release()

    def close(self) -> None:
        self._run.close()


class DockerEngines(Engines):
    def __init__(self) -> None:
        containers.pull_images()
        self._containers = (containers.ContainerMongo(), containers.ContainerKafka())
        self.mongo, self.kafka = self._containers

    @property
    def record(self) -> Record:
        return {"kind": "docker", "ids": {one.name: one.container_id for one in self._containers}}

    def start(self, *, outlive: bool = False) -> None:
        if outlive:
            containers.outlive_this_process()
        super().start()

    def close(self) -> None:
        for one in self._containers:
            one.remove()


def which_kind() -> Kind:
    """As ENGINES says, else by whether a daemon answers. Raises EnginesMissing."""
    named = os.environ.get("ENGINES", "")
    if named not in ("", "docker", "native"):
        raise EnginesMissing(f"ENGINES={named} is unknown; it is docker or native")
    if named == "native":
        return "native"
    if containers.daemon_answers():
        return "docker"
    if named == "docker":
        raise EnginesMissing("ENGINES=docker, but no Docker daemon answers; start it, or unset ENGINES")
    return "native"


def prepare() -> None:
    """Fetches what isn't here yet, which can take minutes. Raises EnginesMissing."""
    if which_kind() == "docker":
        containers.pull_images()
    else:
        mongo_program()
        kafka_broker()


@contextmanager
def running_engines() -> Iterator[Engines]:
    """Started, and gone at the end of the block. Raises EnginesMissing or EngineFailed."""
    engines = make_engines()
    try:
        engines.start()
        yield engines
    finally:
        engines.close()


def make_engines() -> Engines:
    """Not yet started. Raises EnginesMissing."""
    return DockerEngines() if which_kind() == "docker" else NativeEngines()


def processes(record: Record) -> dict[str, str]:
    """Those that still run, by name, in words."""
    if record["kind"] == "docker":
        if not containers.daemon_answers():
            return {}
        return {name: f"container {one[:12]}" for name, one in containers.running_containers(record["ids"]).items()}
    return {name: f"pid {one.pid}" for name, one in still_running(Path(record["folder"])).items()}


def end(record: Record) -> None:
    """Exactly those, and their data. Raises EnginesMissing when the daemon that has them does not answer."""
    if record["kind"] == "docker":
        if not containers.daemon_answers():
            raise EnginesMissing("The engines are containers, and no Docker daemon answers; start it and try again")
        containers.remove_containers(record["ids"])
    else:
        end_run(Path(record["folder"]), _GRACE_S)
