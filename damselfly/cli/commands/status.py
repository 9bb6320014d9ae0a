"""``damselfly status``: what the agents say, and what is wrong."""

from __future__ import annotations

import time
from collections.abc import Container, Iterator, Mapping
from dataclasses import asdict, dataclass

import rich_click as click

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.fleet.overview import show_overview
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.cli.waiting import is_live
from damselfly.northbound import keys
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.status import AgentStatus, PortStatus, agents
from damselfly.policy.lint import idle_rules


@dataclass(frozen=True, slots=True)
class _Seen:
    agents: list[AgentStatus]
    problems: dict[str, str]
    idle: dict[str, str]
    """Rules that match nothing, with the reason."""
    now: float
    held: Container[str]
    """Hosts whose names are held by living agents."""


@click.command()
@click.option("--all", "overview", is_flag=True, help="A line for each host, and no more.")
@shared_options
def status(settings: Settings, *, overview: bool) -> None:
    """Show each agent: what it enforces since when, its ports, verdicts, drops and problems."""
    if overview:
        run(show_overview(settings))
        return
    seen = run(_read(settings))
    if settings.output != "table":
        said = [{**asdict(one), "live": is_live(one, seen.now, seen.held)} for one in seen.agents]
        output.data(
            {"agents": said, "problems": seen.problems, "idle_rules": seen.idle}, settings.output
        )
        return
    if not seen.agents:
        output.say("no agent has ever reported to this store; start one with `damselfly agent`")
    for agent in seen.agents:
        _show_agent(agent, seen)
    for key, why in seen.problems.items():
        output.say(f"problem: {key}: {why}", style="red")
    for rule_id, why in seen.idle.items():
        output.say(f"idle: rule {rule_id} matches nothing: {why}", style="yellow")


async def _read(settings: Settings) -> _Seen:
    async with settings.opened() as store:
        contents = await store.read([keys.STATUS_PREFIX])
        reader = PolicyReader(await read_policy(store))
        held = await store.holders()
    idle = {rule.id: why for rule, why in idle_rules(reader.snapshot)}
    return _Seen(list(agents(contents)), dict(reader.problems), idle, time.time(), held)


def _show_agent(agent: AgentStatus, seen: _Seen) -> None:
    now = seen.now
    word, style = _liveness(agent, seen)
    output.say(f"{agent.host}: {word}, heard {output.ago(now - agent.updated_at)}", style=style)
    for name, value in _facts(agent, now):
        output.say(f"  {name:<14} {value}")
    for key, why in agent.problems.items():
        output.say(f"  problem        {key}: {why}", style="red")
    if agent.ports:
        output.say("")
        output.table(
            ("port", "state", "key", "ofport", "allow", "deny", "flags", "reason"),
            [
                (
                    one.name or one.port_id,
                    one.state,
                    one.key,
                    one.ofport,
                    one.verdicts_allow,
                    one.verdicts_deny,
                    _flags(one),
                    one.reason,
                )
                for one in agent.ports
            ],
        )
    output.say("")


def _flags(port: PortStatus) -> str:
    return ", ".join(["stateless"] * (not port.stateful) + ["saturated"] * port.saturated)


def _liveness(agent: AgentStatus, seen: _Seen) -> tuple[str, str]:
    """Return the word for how the agent is, and its style."""
    if agent.stopped:
        return "stopped", "bold yellow"
    return ("live", "bold green") if is_live(agent, seen.now, seen.held) else ("SILENT", "bold red")


def _facts(agent: AgentStatus, now: float) -> Iterator[tuple[str, str]]:
    datapath = agent.datapath_type or "system"
    yield "bridge", f"{agent.bridge} ({datapath} datapath, {agent.management})"
    started = output.ago(now - agent.started_at)
    yield "agent", f"{agent.version}, pid {agent.pid}, started {started}, {agent.verdict_mode}"
    if agent.revision_at:
        confirmed = output.ago(now - agent.revision_at)
        yield "policy", f"revision {agent.revision}, confirmed by the switch {confirmed}"
    else:
        yield "policy", "nothing confirmed by the switch yet"
    allow = sum(port.verdicts_allow for port in agent.ports)
    deny = sum(port.verdicts_deny for port in agent.ports)
    yield "verdicts", f"{allow} allow, {deny} deny"
    yield "packets in", f"{agent.packets_in}{_counted(agent.fates, ' ({})')}"
    yield "metered drops", f"{agent.metered_drops}, and {agent.fragment_drops} fragments"
    yield "spoof drops", _counted(agent.spoof_drops, "{}") or "none"
    if agent.drift_at:
        when = output.ago(now - agent.drift_at)
        yield "drift", f"{_counted(agent.drift, '{}')}: others changed it, the last {when}"
        for flow in agent.drifted:
            yield "", flow


def _counted(counts: Mapping[str, int], form: str) -> str:
    """Name what happened at all, and how often."""
    said = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
    return form.format(said) if said else ""
