"""``damselfly connections``: what lives, which rule admitted it, and what a change would cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import rich_click as click

from damselfly.cli import output
from damselfly.cli.changing import read_policy
from damselfly.cli.hosts import reports, within_reach
from damselfly.cli.naming import complete_ports, named
from damselfly.cli.planning import draft_of, planned
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput
from damselfly.model.address import Prefix, address_text
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, PORT_PROTOCOLS, PROTOCOL_NAMES
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.codec.values import protocol as read_protocol
from damselfly.northbound.policy_reader import PolicyReader

from .cuts import Cut, cuts
from .live import FINISHED, Live, Standing, live

_COUNTED = ("count", "port", "direction", "protocol", "service", "rule", "standing", "because")
_COLUMNS = ("port", "direction", "protocol", "from", "to", "state", "rule", "standing", "because")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The options, as typed."""

    port: str | None
    rule: str | None
    protocol: str | None
    remote: str | None
    direction: str | None
    old: bool
    all: bool
    would_cut: Sequence[str]
    prune: bool
    count: bool


@click.command()
@click.argument("port", required=False, shell_complete=complete_ports)
@click.option("--rule", metavar="ID", help="Only those that this rule admitted.")
@click.option("--protocol", metavar="P", help="Only this protocol, by name or number.")
@click.option("--remote", metavar="PREFIX", help="Only those whose far end is in this prefix.")
@click.option("--direction", type=click.Choice([d.value for d in Direction]))
@click.option("--old", is_flag=True, help="Only those that no longer carry the current label.")
@click.option("--all", is_flag=True, help="Those as well that TCP has finished.")
@click.option(
    "--would-cut",
    multiple=True,
    metavar="FILE",
    help="Only those that applying this manifest would end, and why.  May be repeated.",
)
@click.option("--prune", is_flag=True, help="With --would-cut: as if applied with --prune.")
@click.option("--count", is_flag=True, help="Only how many, by port, service, rule and standing.")
@shared_options
def connections(settings: Settings, **wanted: str | bool | Sequence[str] | None) -> None:
    """List the live connections of this machine's ports, with the rule that admitted each.

    A connection between two ports of this machine is listed at both ends: each has its own rule.
    """
    asked = _Wanted(**wanted)  # type: ignore[arg-type]
    found = run(_cuts(settings, asked))
    if settings.output == "table":
        _show(found, asked)
    elif asked.count:
        counts = [dict(zip(_COUNTED, row, strict=True)) for row in _counts(found)]
        output.data({"counts": counts}, settings.output)
    else:
        output.data({"connections": [_data(one, asked) for one in found]}, settings.output)


async def _cuts(settings: Settings, asked: _Wanted) -> list[Cut]:
    """Return what was asked for; the reason is empty where nothing would be cut."""
    async with settings.opened() as store:
        contents = await read_policy(store)
        agents = within_reach(await reports(store))
    now = PolicyReader(contents).snapshot
    wanted = _Filter(asked, now)
    draft = draft_of(asked.would_cut) if asked.would_cut else None
    found = [
        end
        for agent in agents
        for end in await live(agent, now, wanted.port_id)
        if wanted.keeps(end)
    ]
    found.sort(key=_order)
    if draft is None:
        return [Cut(end, "") for end in found]
    return list(cuts(found, now, planned(draft, contents, prune=asked.prune).after))


class _Filter:
    """What to list.  Raises BadInput where an option names nothing."""

    def __init__(self, asked: _Wanted, view: Snapshot) -> None:
        self.port_id = None if asked.port is None else named(view, keys.PORT, asked.port).id
        self._asked = asked
        self._rule = None if asked.rule is None else named(view, keys.RULE, asked.rule).id
        try:
            self._protocol = None if asked.protocol is None else read_protocol(asked.protocol)
        except ValueError as error:
            raise BadInput(f"--protocol: {error}") from None
        try:
            self._remote = None if asked.remote is None else Prefix.parse(asked.remote)
        except ValueError as error:
            raise BadInput(f"--remote: {error}") from None

    def keeps(self, end: Live) -> bool:
        """Tell whether to list it."""
        packet, asked = end.entry.packet, self._asked
        return (
            (asked.all or end.entry.state not in FINISHED)
            and self.port_id in (None, end.port.id)
            and self._rule in (None, None if end.rule is None else end.rule.id)
            and self._protocol in (None, packet.protocol)
            and asked.direction in (None, end.direction.value)
            and not (asked.old and end.standing is Standing.CURRENT)
            and (self._remote is None or self._within(self._remote, end))
        )

    def _within(self, prefix: Prefix, end: Live) -> bool:
        packet = end.entry.packet
        return packet.family is prefix.family and packet.remote(end.direction) in prefix


def _order(end: Live) -> tuple[object, ...]:
    _, *packet, tp_src, tp_dst, _ = end.entry.packet
    return (end.host, end.port.name or end.port.id, end.direction.value, *packet, tp_dst, tp_src)


def _show(found: list[Cut], asked: _Wanted) -> None:
    if found:
        columns = _COUNTED if asked.count else _COLUMNS
        output.table(columns, _counts(found) if asked.count else [_row(one) for one in found])
    noun = "connection" if len(found) == 1 else "connections"
    output.say(f"{len(found)} {noun} would be cut" if asked.would_cut else f"{len(found)} {noun}")


def _counts(found: list[Cut]) -> list[tuple[object, ...]]:
    """Count connections by what they have in common, in the order of ``_COUNTED``; most first."""
    return [(count, *kind) for kind, count in Counter(map(_kind, found)).most_common()]


def _kind(one: Cut) -> tuple[object, ...]:
    end, packet = one.end, one.end.entry.packet
    rule = _gone(end) if end.rule is None else end.rule.id
    service = packet.tp_dst if packet.protocol in PORT_PROTOCOLS else ""
    name = end.port.name or end.port.id
    protocol = _protocol(packet)
    return name, end.direction.value, protocol, service, rule, end.standing.value, one.because


def _row(one: Cut) -> tuple[object, ...]:
    end = one.end
    packet = end.entry.packet
    source, destination = _ends(packet)
    return (
        end.port.name or end.port.id,
        end.direction.value,
        _protocol(packet),
        source,
        destination,
        end.entry.state,
        _gone(end) if end.rule is None else end.rule.id,
        end.standing.value,
        one.because,
    )


def _gone(end: Live) -> str:
    return f"gone ({end.entry.mark:#x})" if end.entry.mark else ""


def _protocol(packet: Packet) -> str:
    name = PROTOCOL_NAMES.get(packet.protocol, str(packet.protocol))
    if packet.protocol in ICMP_PROTOCOLS:
        return f"{name} type {packet.tp_src} code {packet.tp_dst}"
    return name


def _ends(packet: Packet) -> tuple[str, str]:
    """Spell both ends; with ports where the protocol has some."""
    ends = [
        (address_text(packet.family, packet.source), packet.tp_src),
        (address_text(packet.family, packet.destination), packet.tp_dst),
    ]
    if packet.protocol not in PORT_PROTOCOLS:
        return ends[0][0], ends[1][0]
    form = "{}:{}" if packet.family.version == 4 else "[{}]:{}"
    return form.format(*ends[0]), form.format(*ends[1])


def _data(one: Cut, asked: _Wanted) -> dict[str, object]:
    end = one.end
    packet = end.entry.packet
    said: dict[str, object] = {
        "host": end.host,
        "port": end.port.id,
        "direction": end.direction.value,
        "protocol": PROTOCOL_NAMES.get(packet.protocol, packet.protocol),
        "source": address_text(packet.family, packet.source),
        "destination": address_text(packet.family, packet.destination),
        **_numbers(packet),
        "state": end.entry.state or None,
        "timeout": end.entry.timeout,
        "zone": end.entry.zone,
        "mark": end.entry.mark,
        "label": f"{end.entry.label:#x}",
        "rule": None if end.rule is None else end.rule.id,
        "security_group": None if end.rule is None else end.rule.security_group_id,
        "standing": end.standing.value,
    }
    return {**said, "because": one.because} if asked.would_cut else said


def _numbers(packet: Packet) -> dict[str, object]:
    if packet.protocol in ICMP_PROTOCOLS:
        return {"icmp_type": packet.tp_src, "icmp_code": packet.tp_dst}
    if packet.protocol in PORT_PROTOCOLS:
        return {"source_port": packet.tp_src, "destination_port": packet.tp_dst}
    return {}
