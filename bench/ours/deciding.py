"""What it costs to ask the agent, on a real switch: CPU time, delay, and how many a second."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from itertools import islice

from bench.agent import UNMETERED
from bench.report import Figure, Row, Table, percentile
from lab.command import CommandFailed

from .field import Field, raw_socket
from .load import Asked, distinct
from .policies import LARGE, SMALL, WORN, Size, groups, members, snapshot

_RECEIVERS = 6
_STEADY = 1_000.0
"""Packets a second at which CPU time is measured."""
_STEADY_COUNT = 2_000
_DELAYED = 300
_RATES = (500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000)
_BURST_SECONDS = 0.5
_COLUMNS = (
    *("agent CPU, us", "first packet p50, ms", "p99, ms"),
    *("next packet p50, ms", "p99, ms", "decisions/s without loss"),
)
_WHAT = (
    "CPU: of the agent's process, all it does for a decision: parse, judge, find the region,"
    f" write the verdict, resume; at {_STEADY:,.0f} a second. First packet: from the sender's card"
    " to the receiver's, with a decision at the receiver; next packet: with the verdict there."
)
_WITHOUT_LOSS = (
    "Without loss: the highest rate tried at which every packet got its verdict, in bursts of"
    f" {_BURST_SECONDS:g} s; sender, switch and agent share the machine. Meters are open."
)


def decisions(rounds: int) -> Table:
    """Measure decisions with a small and a large policy; every packet needs one of its own."""
    rows = tuple(_row(size, max(1, rounds // 2)) for size in (SMALL, LARGE))
    return Table("decisions", "Asking the agent", _COLUMNS, rows, (_WHAT, _WITHOUT_LOSS))


def _row(size: Size, rounds: int) -> Row:
    view = snapshot(size)
    samples = []
    for seed in range(rounds):
        with Field([(WORN,)] * _RECEIVERS, status_interval=3600.0, **UNMETERED) as field:
            field.enforce([*groups(size), *members(size)])
            loads = [
                list(islice(distinct(size, view, field.ends(n), seed), 5_000))
                for n in range(_RECEIVERS)
            ]
            samples.append(_measure(field, loads))
    return Row(str(size), tuple(Figure.of(column) for column in zip(*samples, strict=True)))


def _measure(field: Field, loads: list[list[Asked]]) -> tuple[float, ...]:
    frames = [load.pop()[0] for load in loads]
    field.send(frames, _STEADY)  # The sender's own verdict is there from now on.
    delays = _delays(field, loads[0])
    rest = [asked[0] for turn in zip(*loads[1:], strict=False) for asked in turn]
    steady, rest = rest[:_STEADY_COUNT], rest[_STEADY_COUNT:]
    before, count = field.agent.cpu(), field.settle()
    field.send(steady, _STEADY)
    decided = field.settle() - count
    if decided != len(steady):
        raise CommandFailed(
            f"{len(steady)} packets left {decided} verdicts, at {_STEADY:g} a second"
        )
    cpu = (field.agent.cpu() - before) / decided * 1e6
    return (cpu, *delays, _sustained(field, rest))


def _delays(field: Field, load: Sequence[Asked]) -> tuple[float, ...]:
    """Return the delays of first and next packets in ms: median and 99th percentile of each."""
    allowed = [asked[0] for asked in load if asked[1].allowed][:_DELAYED]
    with raw_socket(field.receivers[0]) as arriving:
        arriving.settimeout(1)
        first, following = (
            [_delay(field.output, arriving, frame) * 1e3 for frame in allowed] for _ in range(2)
        )
    return (
        *(percentile(first, share) for share in (0.5, 0.99)),
        *(percentile(following, share) for share in (0.5, 0.99)),
    )


def _delay(output: socket.socket, arriving: socket.socket, frame: bytes) -> float:
    start = time.perf_counter()
    output.send(frame)
    while arriving.recv(2048)[: len(frame)] != frame:
        pass
    return time.perf_counter() - start


def _sustained(field: Field, frames: list[bytes]) -> float:
    """Return the highest rate at which no packet went without its verdict; 0 where none is."""
    best, count = 0.0, field.settle()
    for rate in _RATES:
        burst, frames = frames[: int(rate * _BURST_SECONDS)], frames[int(rate * _BURST_SECONDS) :]
        if len(burst) < rate * _BURST_SECONDS:
            break
        reached = field.send(burst, rate)
        now = field.settle()
        if now - count < len(burst):
            break
        best, count = reached, now
    return best
