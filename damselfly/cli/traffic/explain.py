"""``damselfly explain``: may X connect to Y, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import rich_click as click
from click.exceptions import Exit

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.hosts import connected, place_of, reports, verdict_flows
from damselfly.cli.naming import complete_ports
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import SwitchError
from damselfly.flow.text import format_flow
from damselfly.model.address import address_text
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, PORT_PROTOCOLS, PROTOCOL_NAMES
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.status import AgentStatus
from damselfly.pipeline.security import verdicts
from damselfly.pipeline.security.built_in import ARP, BuiltIn, Parties, built_in, how_judged
from damselfly.policy.decision import Decision
from damselfly.policy.explain import Explanation
from damselfly.policy.explain import explain as explain_end
from damselfly.southbound.switch import FlowStats

from .question import Asked, Connection, connection

_DISAGREES = 1


@dataclass(frozen=True, slots=True)
class _Held:
    """What the switch says of one end."""

    remark: str
    flow: str | None = None
    packets: int = 0
    agrees: bool | None = None
    """None: the switch holds no verdict on this connection, or cannot be asked."""


@dataclass(frozen=True, slots=True)
class _Answer:
    packet: Packet
    ends: list[tuple[Explanation, _Held]]
    problem: str | None
    arp: bool

    @property
    def note(self) -> str | None:
        """What is special about the rules' judgement, where they are asked at all."""
        asked = any(end.verdict is not None and not end.per_packet for end, _ in self.ends)
        return how_judged(self.packet) if asked else None

    @property
    def allowed(self) -> bool:
        return self.problem is None and all(end.decision.allowed for end, _ in self.ends)


@click.command()
@click.option("--from", "source", required=True, metavar="PORT|IP", shell_complete=complete_ports)
@click.option(
    "--to", "destination", required=True, metavar="PORT|IP", shell_complete=complete_ports
)
@click.option("--protocol", default="tcp", show_default=True, help="By name or number; or arp.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port that is connected to.")
@click.option(
    "--source-port", type=click.IntRange(0, 65535), help="Default: any that no rule names."
)
@click.option("--type", "icmp_type", type=click.IntRange(0, 255), help="Default: echo request.")
@click.option("--code", "icmp_code", type=click.IntRange(0, 255), help="Default: 0.")
@click.option("--family", type=click.Choice(["4", "6", "IPv4", "IPv6"], case_sensitive=False))
@shared_options
def explain(settings: Settings, **asked: str | int | None) -> None:
    """Say whether a connection is allowed, by which rule, or why by none.

    Each end is a port's name or id, or an IP address.  Where the port's switch is on this machine,
    the flow that decides is read from it; exit code 1 if it says otherwise than the policy.
    """
    answer = run(_answer(settings, Asked(**asked)))  # type: ignore[arg-type]
    if settings.output == "table":
        _show(answer)
    else:
        output.data(_data(answer), settings.output)
    if any(held.agrees is False for _, held in answer.ends):
        raise Exit(_DISAGREES)


async def _answer(settings: Settings, asked: Asked) -> _Answer:
    async with settings.opened() as store:
        view = PolicyReader(await read_policy(store)).snapshot
        said = await reports(store)
    question = connection(asked, view)
    ends = [(end, await _held(end, question.packet, said)) for end in _ends(question, view)]
    return _Answer(question.packet, ends, _apart(question), question.arp)


def _ends(question: Connection, view: Snapshot) -> Iterator[Explanation]:
    """Judge the connection at each end that is a port: the sender's egress, the other's ingress."""
    for port, direction in (
        (question.source, Direction.EGRESS),
        (question.destination, Direction.INGRESS),
    ):
        if port is not None:
            end = explain_end(view, port, direction, question.packet)
            said = _built_in(question, view, direction) if end.verdict is not None else None
            yield end if said is None else _decided(end, said)


def _built_in(question: Connection, view: Snapshot, direction: Direction) -> BuiltIn | None:
    if question.arp:
        return ARP[direction]
    parties = Parties(question.source, question.destination)
    return built_in(view, direction, parties, question.packet)


def _decided(end: Explanation, said: BuiltIn) -> Explanation:
    """Put what is built in in the place of what the rules say."""
    decision = Decision(said.allowed)
    return Explanation(end.port, end.direction, decision, said.because, None, ())


def _apart(question: Connection) -> str | None:
    source, destination = question.source, question.destination
    if source is None or destination is None or source.network_id == destination.network_id:
        return None
    return (
        f"{source.network_id} and {destination.network_id} are different networks: "
        "their ports never meet"
    )


async def _held(end: Explanation, packet: Packet, said: list[AgentStatus]) -> _Held:
    """Read the verdict that the end's switch holds on the packet."""
    if end.verdict is None:
        return _Held("the switch needs no verdict here")
    place = place_of(end.port.id, said)
    if place is None:
        return _Held("no agent has this port")
    agent, port = place
    if port.state == "closed" or port.key is None:
        return _Held(f"the agent of {agent.host} keeps the port closed: {port.reason}")
    try:
        async with connected(agent) as switch:
            return _verdict(end, port.key, packet, await verdict_flows(switch))
    except SwitchError as error:
        return _Held(f"the switch of {agent.host} cannot be asked: {error}")


def _verdict(end: Explanation, key: int, packet: Packet, flows: list[FlowStats]) -> _Held:
    for each in flows:
        held = verdicts.read(each.flow)
        if held is None or (held.key, held.direction) != (key, end.direction):
            continue
        if held.region.holds(packet, end.direction):
            agrees = bool(held.mark) is end.decision.allowed
            remark = "the switch agrees" if agrees else "THE SWITCH SAYS OTHERWISE"
            return _Held(remark, format_flow(each.flow), each.packets, agrees)
    return _Held("the switch holds no verdict yet: the first packet will ask the agent")


def _show(answer: _Answer) -> None:
    word = "allowed" if answer.allowed else "denied"
    style = f"bold {output.STYLES[word]}"
    output.say(f"{word}: {_spelt(answer)}", style=style)
    if answer.problem is not None:
        output.say(f"  {answer.problem}")
    if answer.note is not None:
        output.say(f"  {answer.note}")
    for end, held in answer.ends:
        _show_end(end, held)


def _spelt(answer: _Answer) -> str:
    """Name the ends, the protocol, and what of the packet a rule may be about."""
    family, protocol, source, destination, tp_src, tp_dst, _ = answer.packet
    ends = [address_text(family, source), address_text(family, destination)]
    for end, _ in answer.ends:
        index = 0 if end.direction is Direction.EGRESS else 1
        ends[index] = f"{end.port.name or end.port.id} ({ends[index]})"
    if answer.arp:
        return f"{ends[0]} → {ends[1]}, ARP"
    text = f"{ends[0]} → {ends[1]}, {PROTOCOL_NAMES.get(protocol, f'protocol {protocol}')}"
    if protocol in ICMP_PROTOCOLS:
        return f"{text} type {tp_src} code {tp_dst}"
    return f"{text} port {tp_dst}" if protocol in PORT_PROTOCOLS else text


def _show_end(end: Explanation, held: _Held) -> None:
    word = "allowed" if end.decision.allowed else "denied"
    name = end.port.name or end.port.id
    output.say("")
    output.say(f"{end.direction.value} of {name}: {word}", style=output.STYLES[word])
    output.say(f"  why      {end.because}")
    for reason in end.reasons:
        output.say(f"           - {reason.rule.id}: {reason.failed}")
    if end.per_packet:
        output.say("  judged   packet by packet: the group is stateless; answers need a rule")
    if end.verdict is not None:
        output.say(f"  region   {end.verdict.region}")
    if held.flow is not None:
        output.say(f"  flow     {held.flow}")
        output.say(f"           {held.packets} packets")
    output.say(f"  switch   {held.remark}", style="bold red" if held.agrees is False else "")


def _data(answer: _Answer) -> dict[str, object]:
    return {
        "allowed": answer.allowed,
        "packet": str(answer.packet),
        "problem": answer.problem,
        "note": answer.note,
        "ends": [_end_data(end, held) for end, held in answer.ends],
    }


def _end_data(end: Explanation, held: _Held) -> dict[str, object]:
    rule = end.decision.rule
    return {
        "port": end.port.id,
        "direction": end.direction.value,
        "allowed": end.decision.allowed,
        "rule": None if rule is None else rule.id,
        "because": end.because,
        "rules_asked": end.verdict is not None,
        "per_packet": end.per_packet,
        "failed": {reason.rule.id: reason.failed for reason in end.reasons},
        "region": None if end.verdict is None else str(end.verdict.region),
        "switch": {
            "remark": held.remark,
            "flow": held.flow,
            "packets": held.packets,
            "agrees": held.agrees,
        },
    }
