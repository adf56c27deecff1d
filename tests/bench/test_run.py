"""The bench accounts for every id: what is refused, answered without its id, lost or repeated is told."""

from __future__ import annotations

import time

from tests.bench.run import Run
from tests.bench.wire import ID_PLACE, Job

_REQUEST = f"GET /{ID_PLACE.decode()} HTTP/1.1\r\n\r\n"


class Wire:
    """A connection that keeps what it was given to send."""

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.requests: list[bytes] = []

    def send(self, id: bytes, request: bytes) -> None:
        self.ids.append(id)
        self.requests.append(request)


def started(count: int, *, arrival: bool = False) -> tuple[Run, Wire]:
    run, wire = Run(Job(0, _REQUEST, seconds=60, connections=1, count=count, arrival=arrival), first_id=7), Wire()
    run.start([wire])
    return run, wire


async def test_each_request_carries_an_id_of_its_own() -> None:
    run, wire = started(2)
    run.answer(wire, wire.ids[0], b"200", wire.ids[0])
    assert wire.ids == [b"bench-000000000007", b"bench-000000000008"]
    assert wire.requests == [b"GET /%s HTTP/1.1\r\n\r\n" % id for id in wire.ids]


async def test_refusals_and_answers_without_their_id_are_told() -> None:
    run, wire = started(3)
    run.answer(wire, wire.ids[0], b"503", b"busy")
    run.answer(wire, wire.ids[1], b"200", b"something else")
    run.answer(wire, wire.ids[2], b"200", b"it is " + wire.ids[2])
    result = run.result(1.0, 0.1)
    assert run.finished.done()
    assert (result.answered, result.refused, result.unechoed) == (2, 1, 1)
    assert not result.clean
    assert result.examples == ["503 busy", "something else"]


async def test_a_caller_goes_on_only_when_its_request_was_answered_and_arrived() -> None:
    run, wire = started(3, arrival=True)
    run.answer(wire, wire.ids[0], b"200", b"")
    assert len(wire.ids) == 1
    run.arrival(wire.ids[0], time.monotonic_ns())
    assert len(wire.ids) == 2
    run.arrival(wire.ids[1], time.monotonic_ns())
    assert len(wire.ids) == 2
    run.answer(wire, wire.ids[1], b"200", b"")
    assert len(wire.ids) == 3


async def test_what_was_answered_and_never_arrived_is_lost() -> None:
    run, wire = started(1, arrival=True)
    run.answer(wire, wire.ids[0], b"200", b"")
    result = run.result(1.0, 0.1)
    assert not run.finished.done()
    assert (result.lost, result.examples) == (1, ["bench-000000000007"])
    assert not result.clean


async def test_a_second_arrival_is_a_duplicate_and_no_loss() -> None:
    run, wire = started(1, arrival=True)
    run.answer(wire, wire.ids[0], b"200", b"")
    run.arrival(wire.ids[0], time.monotonic_ns())
    run.arrival(wire.ids[0], time.monotonic_ns())
    result = run.result(1.0, 0.1)
    assert (result.duplicates, result.lost, result.clean) == (1, 0, True)
