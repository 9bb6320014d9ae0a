"""``damselfly verify``: what the switch holds against what it should hold."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict, dataclass
from typing import NamedTuple

import rich_click as click
from click.exceptions import Exit

from damselfly.agent.enforcement import Enforcement
from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.hosts import connected, reports, within_reach
from damselfly.cli.interpreter.trial import Trial, try_packets
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey
from damselfly.flow.text import format_flow
from damselfly.model.network import Attachment
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.status import AgentStatus
from damselfly.northbound.store import Store
from damselfly.pipeline.needs import known
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.ovsdb import Ovsdb

_LOOKS, _PAUSE = 4, 0.5
"""A difference counts only if it stands so often, so many seconds apart: changes take a moment."""
_DIFFERS = 1
_SEEDS = 1_000_000


class _Draws(NamedTuple):
    """How many packets are drawn, and which."""

    packets: int
    seed: int


@dataclass(slots=True)
class _Finding:
    """One switch: how many flows it has, and which are missing or should not be there."""

    agent: AgentStatus
    flows: int
    missing: list[str]
    unexpected: list[str]
    trial: Trial | None = None
    """How random packets fared in the flows that the switch holds."""

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        wrong = self.trial.wrong if self.trial is not None else 0
        return not self.missing and not self.unexpected and not wrong


@click.command()
@click.option("--host", help="Only the switch of this host's agent.")
@click.option("--packets", type=click.IntRange(0), metavar="N", help="Send so many random packets "
    "through a copy of the switch's flows as well, and compare with the policy.")  # fmt: skip
@click.option("--seed", type=int, help="Draw the packets of an earlier run.  Default: others.")
@shared_options
def verify(settings: Settings, host: str | None, packets: int | None, seed: int | None) -> None:
    """Compare the flows of this machine's switches with what the policy asks for.

    Exit code 1 and the difference where they do not agree: + is missing, - should not be there.
    Packets are sent in memory only; where flows and policy think differently of one, both say why.
    """
    draws = _Draws(packets or 0, secrets.randbelow(_SEEDS) if seed is None else seed)
    findings = run(_verify(settings, host, draws))
    if settings.output != "table":
        output.data({"switches": [_data(one) for one in findings]}, settings.output)
    else:
        for finding in findings:
            _show(finding)
    if not all(finding.agrees for finding in findings):
        raise Exit(_DIFFERS)


async def _verify(settings: Settings, host: str | None, draws: _Draws) -> list[_Finding]:
    async with settings.opened() as store:
        agents = within_reach(await reports(store), host)
        return [await _patiently(store, agent, draws) for agent in agents]


async def _patiently(store: Store, agent: AgentStatus, draws: _Draws) -> _Finding:
    ovsdb = await Ovsdb.connect(agent.ovsdb, agent.bridge)
    try:
        finding = await _look(store, agent, ovsdb.state, draws)
        for _ in range(_LOOKS - 1):
            if finding.agrees:
                break
            await asyncio.sleep(_PAUSE)
            finding = await _look(store, agent, ovsdb.state, draws)
    finally:
        await ovsdb.close()
    return finding


async def _look(store: Store, agent: AgentStatus, bridge: BridgeState, draws: _Draws) -> _Finding:
    async with connected(agent) as switch:
        actual = [each.flow for each in await switch.flows()]
        meters = await switch.meters() if draws.packets else []
    snapshot = PolicyReader(await read_policy(store)).snapshot
    desired = Enforcement()
    # A port that the agent keeps closed for reasons of its own needs no flow; it is listed as such.
    desired.refused = {port.port_id: port.reason for port in agent.ports if port.state == "closed"}
    desired.lacks = known(agent.lacks)
    finding = _finding(agent, actual, desired.adopt(actual, snapshot, _plugged(bridge)))
    if draws.packets:
        finding.trial = await try_packets(desired, actual, meters, draws.packets, draws.seed)
    return finding


def _plugged(bridge: BridgeState) -> list[Attachment]:
    keys = bridge.keys
    return [
        Attachment(port_id, keys[port_id], interface.ofport)
        for port_id, interface in bridge.interfaces.items()
        if port_id in keys
    ]


def _finding(agent: AgentStatus, actual: list[Flow], delta: Delta) -> _Finding:
    """Spell a delta out; a flow that differs is both missing and not expected."""
    held = {flow.key: flow for flow in actual}
    wrong: list[FlowKey] = [*delta.delete, *(flow.key for flow in delta.add if flow.key in held)]
    return _Finding(
        agent,
        len(actual),
        missing=sorted(format_flow(flow) for flow in delta.add),
        unexpected=sorted(format_flow(held[key]) for key in wrong),
    )


def _data(finding: _Finding) -> dict[str, object]:
    return {
        "host": finding.agent.host,
        "bridge": finding.agent.bridge,
        "agrees": finding.agrees,
        "flows": finding.flows,
        "missing": finding.missing,
        "unexpected": finding.unexpected,
        "packets": None if finding.trial is None else asdict(finding.trial),
    }


def _show(finding: _Finding) -> None:
    place = f"{finding.agent.host}, {finding.agent.bridge}"
    _show_flows(place, finding)
    if finding.trial is not None:
        _show_trial(place, finding.trial)


def _show_flows(place: str, finding: _Finding) -> None:
    if not finding.missing and not finding.unexpected:
        output.say(f"{place}: {finding.flows} flows, all as they should be", style="green")
        return
    output.say(
        f"{place}: {finding.flows} flows, {len(finding.missing)} missing, "
        f"{len(finding.unexpected)} unexpected",
        style="bold red",
    )
    for line in finding.missing:
        output.say(f"+ {line}", style="green")
    for line in finding.unexpected:
        output.say(f"- {line}", style="red")


def _show_trial(place: str, trial: Trial) -> None:
    told = (
        f"{place}: {trial.packets} packets drawn with seed {trial.seed}, {trial.delivered} of them "
        f"to be delivered, {trial.answers} answers, {trial.asked} that no verdict covered"
    )
    if not trial.packets:
        told = f"{place}: no two ports here could send each other a packet"
    output.say(f"{told}: {trial.wrong} wrong", style="bold red" if trial.wrong else "green")
    for line in trial.strange:
        output.say(f"cannot be run in memory: {line}", style="yellow")
    for one in trial.disagreements:
        output.say(f"! {one.packet}", style="red")
        output.say(f"  policy: {one.policy}")
        output.say(f"  flows:  {one.flows}; it met")
        for line in one.met:
            output.say(f"    {line}")
