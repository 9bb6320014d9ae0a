"""Part 3: frames that no honest VM sends; none arrives anywhere, and the counters say why."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from demo.score import Score
from demo.stage import Stage
from demo.tables import dropped
from lab.frames import Frames

from .forgeries import MARK, Forgery, forgeries, honest

_TIMES = 5
_PATIENCE = 3.0
_WAIT = 0.15
"""Seconds in which a frame would have arrived."""


class Outcome(NamedTuple):
    """What became of one kind of frame."""

    forgery: Forgery
    arrived: int
    counted: int


def show(stage: Stage, score: Score) -> None:
    """Send each forgery a few times, watch every other VM's wire, and read the drop counters."""
    attacker, bastion, web = (stage.vms[name] for name in ("attacker", "bastion", "web-1"))
    with ExitStack() as wires:
        sender = wires.enter_context(Frames(attacker))
        others = [vm for vm in stage.vms.values() if vm is not attacker]
        watched = [wires.enter_context(Frames(vm)) for vm in others]
        arrived = _arrivals(sender, watched, honest(attacker, web))
        score.expect("an honest frame made the same way arrives", met=arrived == _TIMES)
        outcomes = []
        counters = dropped(stage)
        for forgery in forgeries(attacker, bastion, web):
            arrived = _arrivals(sender, watched, forgery.frame)
            before, counters = counters[forgery.why.cookie], _counters(stage, forgery, counters)
            outcomes.append(Outcome(forgery, arrived, counters[forgery.why.cookie] - before))
    for forgery, arrived, counted in outcomes:
        score.count(f"{forgery.what}: none arrives", met=arrived == 0)
        score.count(f"{forgery.what}: all are counted", met=counted >= _TIMES)
    score.table(_table(outcomes))
    score.say("Counters are those of the flows that drop; every other VM's wire was watched.")


def _counters(stage: Stage, forgery: Forgery, before: Counter[int]) -> Counter[int]:
    """Read the counters; on a busy machine they come late."""
    end = time.monotonic() + _PATIENCE
    cookie = forgery.why.cookie
    while (now := dropped(stage))[cookie] < before[cookie] + _TIMES and time.monotonic() < end:
        time.sleep(0.1)
    return now


def _arrivals(sender: Frames, watched: Sequence[Frames], frame: Any) -> int:
    sender.send(*[frame] * _TIMES)
    time.sleep(_WAIT)
    return sum(MARK in seen for wire in watched for seen in wire.receive(0))


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("from the attacker", "sent", "arrived", "dropped for", "counted", box=None)
    table.header_style, table.pad_edge = "bold", False
    for forgery, arrived, counted in outcomes:
        table.add_row(
            forgery.what,
            str(_TIMES),
            Text(str(arrived), style="bold red" if arrived else "green"),
            forgery.why.name.lower().replace("_", " "),
            Text(str(counted), style="green" if counted >= _TIMES else "bold red"),
        )
    return table
