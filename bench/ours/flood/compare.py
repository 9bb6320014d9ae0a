"""The table: bare Open vSwitch and Damselfly, quiet and flooded in turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext

from bench.report import Figure, Row, Table, percentile

from .crowd import Crowd, Phase
from .probe import Delays

_PROBES = 100
"""Of each kind, in each phase of a round."""
_LOADS = {"quiet": None, "10,000/s": 10_000.0, "card's speed": 0.0}
_QUIET = "quiet"
_COLUMNS = (
    *("quiet p50, ms", "p99, ms", "flooded p50, ms", "ratio", "p99, ms", "ratio"),
    *("lost, %", "agent CPU, %"),
)
_NOTE = (
    "One VM opens connections to random ports, TCP and UDP: half of them to its victim, half to"
    " nobody. First packet of a connection, from card to card; 'asked' where it needs a verdict of"
    " the agent, each port another one. Neighbours: between two other VMs. A ratio is to the quiet"
    " phases of the same rounds, which take turns with the flooded ones. Sender, switch, agent and"
    " probes share the cores."
)
_Phases = dict[str, list[Phase]]


def flood(rounds: int) -> Table:
    """Measure first packets of well-behaved machines while another one floods."""
    seen: dict[bool, _Phases] = {
        guarded: {name: [] for name in _LOADS} for guarded in (False, True)
    }
    with ExitStack() as stack:
        ports = rounds * len(_LOADS) * _PROBES
        crowds = [stack.enter_context(Crowd(ports, guarded=guarded)) for guarded in seen]
        for _ in range(rounds):
            for crowd in crowds:
                for name, rate in _LOADS.items():
                    with nullcontext() if rate is None else crowd.flood(rate):
                        seen[crowd.guarded][name].append(crowd.measure(_PROBES))
    rows = tuple(row for name in _LOADS if name != _QUIET for row in _rows(seen, name))
    return Table("flood", "Beside a VM that floods", _COLUMNS, rows, (_NOTE, _speeds(seen)))


def _rows(seen: dict[bool, _Phases], name: str) -> Iterator[Row]:
    for guarded, phases in seen.items():
        variant = "Damselfly" if guarded else "bare OVS"
        for kind in phases[name][0].delays:
            who, known = kind
            if not guarded and not known:
                continue  # Nobody is asked there: both kinds are the same.
            what = "" if not guarded else ", known" if known else ", asked"
            quiet = _pooled(phases[_QUIET], kind)
            flooded = _pooled(phases[name], kind)
            share = percentile([phase.agent_share for phase in phases[name]], 0.5)
            figures = (*_compared(quiet, flooded), flooded.loss, share)
            cells = tuple(map(Figure, figures))
            label = f"{name}: {variant}, {who}{what}"
            yield Row(label, cells if guarded else (*cells[:-1], None))


def _pooled(phases: list[Phase], kind: tuple[str, bool]) -> Delays:
    total = Delays([], 0)
    for phase in phases:
        total += phase.delays[kind]
    return total


def _compared(quiet: Delays, flooded: Delays) -> tuple[float, ...]:
    middle, tail = (flooded.percentile(share) for share in (0.5, 0.99))
    before = [quiet.percentile(share) for share in (0.5, 0.99)]
    return (*before, middle, middle / before[0], tail, tail / before[1])


def _speeds(seen: dict[bool, _Phases]) -> str:
    bare, ours = (
        percentile([phase.received for phase in phases["card's speed"]], 0.5)
        for phases in seen.values()
    )
    return (
        f"At the card's speed {bare:,.0f} packets a second came through bare OVS, and {ours:,.0f}"
        " through Damselfly; the rest found the card's queue full."
    )
