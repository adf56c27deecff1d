"""Settings of a Kafka broker that is alone, and that tests start, kill and start again."""

from __future__ import annotations

CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg"  # any; every one of these brokers is a cluster of its own

_ALONE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "auto.create.topics.enable": "false",
}

# What a cluster waits for, nobody is there to send: the first member of a group (3 s), the session of a broker that was
# killed (9 s), a batch of metadata to fill.
_QUICK = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "500",
    "broker.session.timeout.ms": "1000",
    "broker.heartbeat.interval.ms": "200",
    "controller.quorum.append.linger.ms": "0",
    "metadata.max.idle.interval.ms": "0",
    "log.cleaner.backoff.ms": "500",
    "log.cleaner.dedupe.buffer.size": "4194304",  # of a heap of 256 MB
}


def kafka_settings(listens: str, reached: str, controller_port: int, data: str) -> dict[str, str]:
    """`listens` and `reached` are host:port, as the broker binds it and as clients are told it."""
    return {
        **_ALONE,
        **_QUICK,
        "listeners": f"PLAINTEXT://{listens},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{reached}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": data,
    }
