"""Outages in two lines, and the client's own lines in few."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from libs.common.bus.kafka_logs import Outage, quiet_client


@pytest.fixture(autouse=True)
def _leave_the_clients_logger_as_it_was() -> Iterator[None]:
    logger = logging.getLogger("aiokafka")
    before = logger.handlers, logger.level, logger.propagate
    logger.handlers = []
    yield
    logger.handlers, logger.level, logger.propagate = before


def test_an_outage_is_told_once_and_its_end_once() -> None:
    outage = Outage("kafka_thing", topic="t")
    with capture_logs() as logs:
        outage.over()
        outage.lost("first")
        outage.lost("again")
        outage.over()
        outage.over()
    assert [(each["event"], each.get("reason"), each["topic"]) for each in logs] == [
        ("kafka_thing_lost", "first", "t"),
        ("kafka_thing_back", None, "t"),
    ]
    assert logs[1]["lost_s"] >= 0


def test_the_client_is_heard_once_per_part_and_never_with_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    quiet_client()
    quiet_client()
    with capture_logs() as logs:
        for _ in range(3):
            try:
                raise ValueError("password=secret")
            except ValueError:
                logging.getLogger("aiokafka.conn").exception("it broke")
            logging.getLogger("aiokafka.consumer").error("it broke too")
            logging.getLogger("aiokafka.consumer").warning("nobody needs this")
    assert [(each["part"], each["reason"], each["error"]) for each in logs] == [
        ("aiokafka.conn", "it broke", "ValueError"),
        ("aiokafka.consumer", "it broke too", None),
    ]
    assert capsys.readouterr().err == ""
