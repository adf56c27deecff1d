"""The real images in containers, where a Docker daemon answers."""

from __future__ import annotations

import gc
import re
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, ClassVar

import docker
from docker.errors import APIError, DockerException, NotFound
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from tests.engines.errors import EngineFailed, EnginesMissing, last_lines
from tests.engines.kafka_settings import CLUSTER_ID, kafka_settings
from tests.engines.native import free_ports
from tests.engines.progress import say
from tests.engines.versions import KAFKA_IMAGE, MONGO_IMAGE

_ANSWERS_WITHIN_S = 5
_OTHER_PORTS_TRIED = 4
_READY_WITHIN_S = 60.0
_LOOKS_EVERY_S = 0.1
_ENDS_WITHIN_S = 15
_REPLICA_SET = "engines"
_ALREADY_INITIALIZED = 23
_CONTROLLER_PORT = 9093  # inside the container, and none of those that are given out


def daemon_answers() -> bool:
    """Whether there is one that can be used, whatever programs are installed."""
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            with _daemon(timeout=_ANSWERS_WITHIN_S) as client:
                return bool(client.client.ping())
        except (DockerException, OSError):
            return False
        finally:
            gc.collect()  # the library leaves the socket of a failed connection open


def pull_images() -> None:
    """The one that removes the others too. Raises EnginesMissing."""
    with _daemon() as client:
        for name in (MONGO_IMAGE, KAFKA_IMAGE, testcontainers_config.ryuk_image):
            _pull(client.client, testcontainers_config.hub_image_name_prefix + name)


def outlive_this_process() -> None:
    """Containers started from now on stay; else a container of the library removes them when this process ends."""
    testcontainers_config.ryuk_disabled = True


class ContainerEngine(ABC):
    """`start` after `kill` or `stop` goes on with the same data on the same port."""

    name: ClassVar[str]
    ready_line: ClassVar[re.Pattern[str]]

    def __init__(self) -> None:
        with _daemon() as client:
            host = client.host()
        self.host = "127.0.0.1" if host == "localhost" else host
        self.port = 0
        self._container: DockerContainer | None = None

    @abstractmethod
    def _described(self, port: int) -> DockerContainer:
        """The container, which listens on the very port under which it is reached: clients are told it."""

    @property
    @abstractmethod
    def url(self) -> str: ...

    @property
    def container_id(self) -> str:
        return self._made.get_container_id()

    @property
    def pid(self) -> int:
        """As the machine that runs the daemon counts."""
        self._made.reload()
        return int(self._made.get_wrapped_container().attrs["State"]["Pid"])

    @property
    def alive(self) -> bool:
        self._made.reload()
        return bool(self._made.status == "running")

    @property
    def _made(self) -> DockerContainer:
        assert self._container is not None, f"{self.name} was never launched"
        return self._container

    def start(self) -> None:
        """Returns once it answers. Raises EngineFailed with the end of its log."""
        self.launch()
        self.ready()

    def launch(self) -> None:
        """Starts it, and does not wait."""
        if self._container is None:
            self._create()
        else:
            self._container.get_wrapped_container().start()

    def ready(self, within_s: float = _READY_WITHIN_S) -> None:
        give_up_at = time.monotonic() + within_s
        while not self.ready_line.search(said := self._said()):
            if not self.alive:
                raise EngineFailed(f"{self.name} ended before it answered:\n{last_lines(said)}")
            if time.monotonic() > give_up_at:
                raise EngineFailed(f"{self.name} did not answer within {within_s:g} s:\n{last_lines(said)}")
            time.sleep(_LOOKS_EVERY_S)

    def kill(self) -> None:
        """SIGKILL: it loses whatever it had only in memory."""
        container = self._made.get_wrapped_container()
        container.kill()
        container.wait()

    def stop(self) -> None:
        self._made.get_wrapped_container().stop(timeout=_ENDS_WITHIN_S)

    def remove(self) -> None:
        """With its data."""
        if self._container is not None:
            self._container.stop()
            self._container = None

    def _create(self) -> None:
        """On another port as long as one is taken meanwhile."""
        binds = "127.0.0.1" if self.host == "127.0.0.1" else "0.0.0.0"
        for tries_left in reversed(range(_OTHER_PORTS_TRIED)):
            (self.port,) = free_ports(1)
            self._container = self._described(self.port)
            self._container.ports[f"{self.port}/tcp"] = (binds, self.port)  # type: ignore[assignment]
            try:
                self._container.start()
                return
            except APIError as error:
                self.remove()
                if not (tries_left and "port is already allocated" in str(error.explanation)):
                    raise EngineFailed(f"{self.name} could not be started: {error.explanation}") from error

    def _said(self) -> str:
        """The log since the last start, by the daemon's own clock."""
        container = self._made.get_wrapped_container()
        container.reload()
        since = datetime.fromisoformat(container.attrs["State"]["StartedAt"]).timestamp()
        return str(container.logs(since=since).decode(errors="replace"))


class ContainerMongo(ContainerEngine):
    """A replica set of one, which retryable writes need; the library's own class starts a server that is none."""

    name = "mongo"
    ready_line = re.compile(r"Waiting for connections")

    @property
    def url(self) -> str:
        return f"mongodb://{self.host}:{self.port}"

    def ready(self, within_s: float = _READY_WITHIN_S) -> None:
        super().ready(within_s)
        give_up_at = time.monotonic() + within_s
        with MongoClient(self.url, directConnection=True) as client:
            self._initiate(client)
            while not client.admin.command("hello")["isWritablePrimary"]:
                if time.monotonic() > give_up_at:
                    raise EngineFailed(f"mongo did not become primary within {within_s:g} s")
                time.sleep(_LOOKS_EVERY_S)

    def _described(self, port: int) -> DockerContainer:
        return DockerContainer(MONGO_IMAGE).with_command(
            [
                *("mongod", "--replSet", _REPLICA_SET, "--bind_ip_all", "--port", str(port)),
                *("--setParameter", "enableTestCommands=1", "--wiredTigerCacheSizeGB", "0.25"),
            ]
        )

    def _initiate(self, client: MongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": f"{self.host}:{self.port}"}
        try:
            client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": [member]})
        except OperationFailure as error:
            if error.code != _ALREADY_INITIALIZED:
                raise


class ContainerKafka(ContainerEngine):
    """Apache's own image, which the library's class, made for another company's, can't configure."""

    name = "kafka"
    ready_line = re.compile(r"Kafka Server started")

    @property
    def url(self) -> str:
        return f"kafka://{self.host}:{self.port}"

    def _described(self, port: int) -> DockerContainer:
        settings = kafka_settings(
            listens=f"0.0.0.0:{port}",
            reached=f"{self.host}:{port}",
            controller_port=_CONTROLLER_PORT,
            data="/var/lib/kafka/data",
        )
        environment = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in settings.items()}
        return DockerContainer(
            KAFKA_IMAGE, env={**environment, "CLUSTER_ID": CLUSTER_ID, "KAFKA_HEAP_OPTS": "-Xmx256m"}
        )


def running_containers(ids: Mapping[str, str]) -> dict[str, str]:
    """Those of them that run, by name."""
    running = {}
    with _daemon() as client:
        for name, container_id in ids.items():
            with suppress(NotFound):
                if client.client.containers.get(container_id).status == "running":
                    running[name] = container_id
    return running


def remove_containers(ids: Mapping[str, str]) -> None:
    """With their data."""
    with _daemon() as client:
        for container_id in ids.values():
            with suppress(NotFound):
                client.client.containers.get(container_id).remove(force=True, v=True)


@contextmanager
def _daemon(**options: Any) -> Iterator[DockerClient]:
    client = DockerClient(**options)
    try:
        yield client
    finally:
        client.client.close()


def _pull(client: docker.DockerClient, name: str) -> None:
    try:
        client.images.get(name)
    except NotFound:
        say(f"Pulling {name}, once; it may take minutes")
        try:
            client.images.pull(name)
        except APIError as error:
            raise EnginesMissing(f"{name} can't be pulled: {error.explanation}") from error
