"""What can be set on the Kafka driver beside its URL; tests set the times lower."""

from __future__ import annotations

from dataclasses import dataclass, field

from libs.common.bus.lanes import Backlog, Retries


@dataclass(frozen=True, slots=True)
class KafkaOptions:
    """`pending_bytes` is what may wait for acknowledgement before more is refused.

    After `replace_after_s` without one the producer is made anew, after `stale_after_s` without an answer a consumer.
    A member that says nothing for `session_timeout_s` is put out of its group.
    """

    publish_timeout_s: float = 5.0
    request_timeout_s: float = 6.0
    replace_after_s: float = 10.0
    pending_bytes: int = 32 * 1024 * 1024
    fetch_interval_s: float = 0.005
    ping_timeout_s: float = 2.0
    session_timeout_s: float = 8.0
    stale_after_s: float = 20.0
    commit_interval_s: float = 0.5
    grace_s: float = 1.0
    metadata_max_age_s: float = 5.0
    retries: Retries = field(default_factory=Retries)
    backlog: Backlog = field(default_factory=Backlog)
