"""The topics of a cluster: made where they are missing, and told apart from what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.metadata import MetadataRequest

from libs.common.bus.kafka_connection import Cluster
from libs.common.bus.kafka_url import KafkaUrl
from libs.common.bus.port import TopicSpec
from libs.common.errors import EngineRefused, Unavailable
from libs.common.findings import Finding, fail, warn

HEARTBEATS = TopicSpec("bus.heartbeats", partitions=1, retention=timedelta(hours=1))
MAX_BATCH_BYTES = 1024 * 1024
"""A dead letter fits into it; what Kafka takes by default is a little more."""

_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
_DIAGNOSIS_S = 1.0
_LOOKS, _LOOK_S = 100, 0.05
_REPLICAS = 3
_IN_SYNC = 2
_TOPIC = 2  # the type of a resource with configuration
_TOPICS = "topics"
_COMPARED = ("cleanup.policy", "max.message.bytes", "min.insync.replicas", "retention.ms")


async def inspect_topics(cluster: Cluster, topics: Sequence[TopicSpec]) -> list[Finding]:
    """What is wrong with them, and nothing is changed. Raises EngineRefused, Unavailable."""
    async with cluster.connection() as connection:
        return await _inspect(connection, cluster.url, [*topics, HEARTBEATS])


async def create_missing(cluster: Cluster, topics: Sequence[TopicSpec]) -> list[str]:
    """Makes what is missing and answers its names. Raises EngineRefused, Unavailable."""
    async with cluster.connection() as connection:
        state = await _state(connection, cluster.url, [*topics, HEARTBEATS])
        missing = [spec for spec in [*topics, HEARTBEATS] if cluster.url.topic(spec.name) in state.missing]
        if missing:
            await _create(connection, cluster, missing, state.brokers)
            await _until_there(connection, cluster, missing)
        limits = await _configs(connection, [name for name in state.partitions])
    _check_limits(limits)
    return [cluster.url.topic(spec.name) for spec in missing]


async def ailment(cluster: Cluster, within_s: float = _DIAGNOSIS_S) -> Unavailable | None:
    """Why a heartbeat did not get through, if the cluster itself shows a reason."""
    try:
        async with asyncio.timeout(within_s), cluster.connection() as connection:
            state = await _state(connection, cluster.url, [HEARTBEATS])
            configs = await _configs(connection, list(state.partitions))
    except TimeoutError:
        return cluster.unavailable("it can't be reached")
    except (EngineRefused, Unavailable) as error:
        return error if isinstance(error, Unavailable) else cluster.unavailable(str(error))
    if state.missing:
        return cluster.unavailable("its topics are missing: make them with `python -m services topics`")
    for name, partitions in state.partitions.items():
        needed = int(configs.get(name, {}).get("min.insync.replicas") or 1)
        for partition in partitions:
            if partition.leader < 0:
                return cluster.unavailable("a partition has no leader: brokers are down, or their disks are full")
            if partition.in_sync < needed:
                return cluster.unavailable(f"{partition.in_sync} replicas are in sync, and {needed} are needed")
    return None


@dataclass(frozen=True, slots=True)
class _Partition:
    leader: int
    replicas: int
    in_sync: int


@dataclass(frozen=True, slots=True)
class _State:
    brokers: int
    partitions: dict[str, list[_Partition]]
    missing: set[str]


async def _state(connection: AIOKafkaConnection, url: KafkaUrl, topics: Sequence[TopicSpec]) -> _State:
    names = [url.topic(spec.name) for spec in topics]
    answer = await connection.send(MetadataRequest(names, allow_auto_topic_creation=False))
    partitions: dict[str, list[_Partition]] = {}
    missing: set[str] = set()
    for code, name, _, described in answer.topics:
        error = errors.for_code(code)
        if error is errors.UnknownTopicOrPartitionError:
            missing.add(name)
        elif error is errors.TopicAuthorizationFailedError:
            raise EngineRefused(f"{_user(url)} may not see the topic {name}: grant it the topics with its prefix")
        elif error in (errors.NoError, errors.LeaderNotAvailableError):
            partitions[name] = [_Partition(leader, len(all_), len(isr)) for _, _, leader, all_, isr, *_ in described]
        else:
            raise EngineRefused(f"Kafka at {url.addresses} doesn't take {name} for a topic ({error.__name__})")
    return _State(len(answer.brokers), partitions, missing)


async def _create(connection: AIOKafkaConnection, cluster: Cluster, specs: Sequence[TopicSpec], brokers: int) -> None:
    url = cluster.url
    requests: list[Any] = [
        (url.topic(spec.name), spec.partitions, _replicas(url, brokers), [], list(_wanted(spec, url, brokers).items()))
        for spec in specs
    ]
    answer = await connection.send(CreateTopicsRequest(requests, timeout=5000, validate_only=False))
    for name, code, message in answer.topic_errors:
        match errors.for_code(code)():
            case errors.NoError() | errors.TopicAlreadyExistsError():
                continue
            case errors.TopicAuthorizationFailedError() | errors.ClusterAuthorizationFailedError():
                raise EngineRefused(
                    f"Kafka at {url.addresses} lacks the topic {name}, and {_user(url)} may not make it: "
                    "run `python -m services topics` as a user that may, or grant this one the right to create topics"
                )
            case errors.InvalidReplicationFactorError() | errors.PolicyViolationError():
                raise EngineRefused(f"Kafka at {url.addresses} doesn't make the topic {name}: {message}")
            case error:
                raise cluster.unavailable(f"the topic {name} could not be made ({type(error).__name__})")


async def _until_there(connection: AIOKafkaConnection, cluster: Cluster, specs: Sequence[TopicSpec]) -> None:
    """A broker learns a little later of what the controller has made."""
    for _ in range(_LOOKS):
        if not (await _state(connection, cluster.url, specs)).missing:
            return
        await asyncio.sleep(_LOOK_S)
    raise cluster.unavailable("topics that were made have not appeared yet")


async def _configs(connection: AIOKafkaConnection, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What each topic is set to; without those whose settings may not be read."""
    if not names:
        return {}
    resources: list[Any] = [(_TOPIC, name, list(_COMPARED)) for name in names]
    answer = await connection.send(DescribeConfigsRequest(resources))
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for code, _, _, name, entries in answer.resources
        if code == errors.NoError.errno
    }


def _check_limits(configs: dict[str, dict[str, str]]) -> None:
    for name, config in configs.items():
        if sentence := _limit(name, config):
            raise EngineRefused(sentence)


async def _inspect(connection: AIOKafkaConnection, url: KafkaUrl, topics: Sequence[TopicSpec]) -> list[Finding]:
    state = await _state(connection, url, topics)
    configs = await _configs(connection, list(state.partitions))
    findings = list(_about_cluster(url, state))
    for spec in topics:
        name = url.topic(spec.name)
        if name in state.partitions:
            findings += _about_partitions(spec, name, state.partitions[name], _replicas(url, state.brokers))
            findings += _about_in_sync(name, state.partitions[name], configs.get(name))
            findings += _about_config(name, configs.get(name), _wanted(spec, url, state.brokers))
    return findings


def _about_cluster(url: KafkaUrl, state: _State) -> Iterator[Finding]:
    if state.missing:
        names = ", ".join(sorted(state.missing))
        yield fail(_TOPICS, f"Kafka at {url.addresses} lacks topics: {names}; `python -m services topics` makes them")
    if state.brokers < _REPLICAS and url.replication is None:
        yield warn(
            _TOPICS,
            f"Kafka at {url.addresses} has {state.brokers} of the 3 brokers that keep what is acknowledged when one "
            f"of them is lost; where that is meant, say 'replication={state.brokers}' in BUS_URL",
        )


def _about_partitions(spec: TopicSpec, name: str, partitions: list[_Partition], replicas: int) -> Iterator[Finding]:
    count, fewest = len(partitions), min((partition.replicas for partition in partitions), default=replicas)
    if count < spec.partitions:
        yield warn(
            _TOPICS,
            f"the topic {name} has {count} partitions instead of {spec.partitions}, and no more processes share it; "
            "`kafka-topics.sh --alter --partitions` adds them",
        )
    if count > spec.partitions:
        yield warn(
            _TOPICS, f"the topic {name} has {count} partitions instead of {spec.partitions}: nothing needs be done"
        )
    if fewest < replicas:
        yield warn(
            _TOPICS,
            f"the topic {name} is kept {fewest} times instead of {replicas}; "
            "`kafka-reassign-partitions.sh` gives it more replicas",
        )


def _about_in_sync(name: str, partitions: list[_Partition], config: dict[str, str] | None) -> Iterator[Finding]:
    needed = int((config or {}).get("min.insync.replicas") or 1)
    if leaderless := sum(partition.leader < 0 for partition in partitions):
        yield fail(_TOPICS, f"the topic {name} has {leaderless} partitions without a leader: start the brokers")
    elif short := sum(partition.in_sync < needed for partition in partitions):
        yield fail(
            _TOPICS,
            f"the topic {name} has {short} partitions with fewer than {needed} replicas in sync, and takes no "
            "messages there: start the brokers that are down",
        )
    elif behind := sum(partition.in_sync < partition.replicas for partition in partitions):
        yield warn(
            _TOPICS, f"the topic {name} has {behind} partitions with replicas that are behind: a broker is down or slow"
        )


def _about_config(name: str, config: dict[str, str] | None, wanted: dict[str, str]) -> Iterator[Finding]:
    if config is None:
        yield warn(_TOPICS, f"the settings of the topic {name} may not be read: grant this user DescribeConfigs")
        return
    if sentence := _limit(name, config):
        yield fail(_TOPICS, sentence)
    for setting in ("cleanup.policy", "retention.ms", "min.insync.replicas"):
        if setting in wanted and config.get(setting) != wanted[setting]:
            yield warn(
                _TOPICS,
                f"the topic {name} has {setting}={config.get(setting)} instead of {wanted[setting]}; "
                "`kafka-configs.sh --alter` sets it",
            )


def _limit(name: str, config: dict[str, str]) -> str | None:
    taken = int(config.get("max.message.bytes") or _DEFAULT_MAX_MESSAGE_BYTES)
    if taken >= MAX_BATCH_BYTES:
        return None
    return (
        f"The topic {name} takes {taken} bytes at most, and {MAX_BATCH_BYTES} are needed: "
        f"set its max.message.bytes to {_DEFAULT_MAX_MESSAGE_BYTES}"
    )


def _wanted(spec: TopicSpec, url: KafkaUrl, brokers: int) -> dict[str, str]:
    config = {"max.message.bytes": str(_DEFAULT_MAX_MESSAGE_BYTES)}
    if spec.compacted:
        config["cleanup.policy"] = "compact"
    else:
        config |= {"cleanup.policy": "delete", "retention.ms": str(round(spec.retention.total_seconds() * 1000))}
    if _replicas(url, brokers) >= _REPLICAS:
        config["min.insync.replicas"] = str(_IN_SYNC)
    return config


def _replicas(url: KafkaUrl, brokers: int) -> int:
    return url.replication or max(1, min(_REPLICAS, brokers))


def _user(url: KafkaUrl) -> str:
    return f"the user '{url.user}'" if url.user else "a user without a name"
