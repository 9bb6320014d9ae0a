"""VERDICTS: what the agent has decided so far.  Empty at start, filled by traffic.

One flow a verdict, for the whole region in which it holds.  Overlapping ones agree, so the order
in which they are tried is free: the widest go first, because all that the switch has to look at
until it finds a match is in what it remembers the answer for (docs/decisions/018).  A packet that
none covers is paused at the agent, within the rate of its sender's meter, and looked up again when
it is resumed: the tables decide, never the agent's memory of the packet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from damselfly.flow.action import Controller, Meter, Resubmit, SetField
from damselfly.flow.flow import Flow
from damselfly.flow.match import ct_state, from_mapping, match
from damselfly.model.address import FAMILY_BY_ETHERTYPE, IPV6, Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, SCTP, TCP, UDP
from damselfly.model.intervals import Block
from damselfly.pipeline import fields
from damselfly.pipeline.layout import ASKED_TWICE_COOKIE, Priority, Table
from damselfly.pipeline.sides import Basis, remote_field
from damselfly.pipeline.view import HostView, LocalPort
from damselfly.policy.region import Region

TP_BITS = 16
TRACKED = ct_state("+trk-inv")
ALLOW_COOKIE, DENY_COOKIE = 0xA0_0000, 0xDE_0000
WHOLE_COOKIE = (1 << 64) - 1
"""The mask under which a cookie is asked for as a whole."""
_WHOLE, _FINE = IPV6.bits, 64
"""The weight of a field that is fixed as a whole, and how many places lie between two weights."""
_NAMES = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}


class VerdictFlow(NamedTuple):
    """A verdict as the switch holds it."""

    key: int
    """Of the judged port."""
    direction: Direction
    basis: Basis
    region: Region
    mark: int
    """Names the rule that allows; 0 for a denial."""

    def flow(self) -> Flow:
        """State the flow."""
        wanted: dict[str, int | tuple[int, int]] = {
            fields.JUDGED: self.key,
            fields.DIRECTION: self.direction.code,
            fields.BASIS: self.basis.value,
            "dl_type": self.region.family.ethertype,
        }
        if self.basis.is_connection:
            wanted["ct_state"] = TRACKED
        for name, block in _fields(self.region, self.direction, self.basis).items():
            wanted[name] = (block.value, block.mask)
        actions = (SetField(fields.VERDICT, 1), SetField(fields.RULE, self.mark))
        return Flow(
            Table.VERDICTS,
            priority(self.region),
            from_mapping(wanted),
            actions if self.mark else (),
            ALLOW_COOKIE if self.mark else DENY_COOKIE,
        )


def priority(region: Region) -> int:
    """Return the priority of a verdict: from ``NAMED`` up, the higher the less it fixes.

    Ports and address weigh alike, each by the share of its bits that is fixed, so that neither a
    scan of ports nor one from many addresses is remembered packet by packet.  Of two that fix as
    much the one goes first that fixes less of the ports.
    """
    ports = region.tp_src.length + region.tp_dst.length
    shares = _WHOLE * ports // TP_BITS + _WHOLE * region.remote.length // region.family.bits
    fixed = shares * _FINE + ports + (region.protocol is not None)
    return Priority.NAMED + (3 * _WHOLE + 1) * _FINE - fixed


def static_flows() -> Iterator[Flow]:
    """Drop, and count, what the agent was asked about and still has no verdict."""
    twice = match(**{fields.ASKED: 1})
    yield Flow(Table.VERDICTS, Priority.REFUSED, twice, cookie=ASKED_TWICE_COOKIE)


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """Ask the agent about packets that no verdict covers, on the account of their sender."""
    ask = (
        Meter(local.key),
        SetField(fields.ASKED, 1),
        Controller(userdata=local.generation),
        Resubmit(Table.VERDICTS),
    )
    sender = match(**{fields.SOURCE: local.key, fields.ASKED: 0})
    yield Flow(Table.VERDICTS, Priority.GENERAL, sender, ask)


def read(flow: Flow) -> VerdictFlow | None:
    """Read a verdict back from a flow; None where the flow is not exactly one of ours."""
    if flow.table != Table.VERDICTS or flow.priority < Priority.NAMED:
        return None
    terms = {term.field: (term.value, term.mask) for term in flow.match}
    try:
        key, direction = terms[fields.JUDGED][0], Direction.from_code(terms[fields.DIRECTION][0])
        basis = Basis(terms[fields.BASIS][0])
        region = _region(FAMILY_BY_ETHERTYPE[terms["dl_type"][0]], direction, basis, terms)
    except (KeyError, ValueError):
        return None
    found = VerdictFlow(key, direction, basis, region, mark_in(flow))
    return found if found.flow() == flow else None


def mark_in(flow: Flow) -> int:
    """Return the mark of the rule by which a verdict flow allows; 0 where it denies."""
    marks = (a.value for a in flow.actions if isinstance(a, SetField) and a.field == fields.RULE)
    return next(marks, 0)


def _fields(region: Region, direction: Direction, basis: Basis) -> dict[str, Block]:
    """Return the switch's field for each part of the region."""
    names = _tp_names(region.family, region.protocol, basis)
    found = {remote_field(region.family, direction, basis): region.remote}
    if region.protocol is not None:
        found[_protocol_name(basis)] = Block(region.protocol, 8, 8)
        for name, block in zip(names, (region.tp_src, region.tp_dst), strict=True):
            if not block.is_everything:
                found[name] = _narrowed(block) if name.startswith("icmp") else block
    return found


def _region(
    family: Family, direction: Direction, basis: Basis, terms: dict[str, tuple[int, int]]
) -> Region:
    protocol = terms.get(_protocol_name(basis), (None, 0))[0]
    tp_src, tp_dst = (
        _tp_block(name, *terms.get(name, (0, 0))) for name in _tp_names(family, protocol, basis)
    )
    value, mask = terms.get(remote_field(family, direction, basis), (0, 0))
    remote = Block(value, mask.bit_count(), family.bits)
    return Region(family, protocol, tp_src, tp_dst, remote, fragments=basis.is_fragment)


def _tp_block(name: str, value: int, mask: int) -> Block:
    length = TP_BITS if name.startswith("icmp") and mask else mask.bit_count()
    return Block(value, length, TP_BITS)


def _protocol_name(basis: Basis) -> str:
    return "ct_nw_proto" if basis.is_connection else "nw_proto"


def _tp_names(family: Family, protocol: int | None, basis: Basis) -> tuple[str, str]:
    """Return the fields of ``tp_src`` and ``tp_dst``; in the original tuple ICMP has the same."""
    if basis.is_connection:
        return "ct_tp_src", "ct_tp_dst"
    if protocol in ICMP_PROTOCOLS:
        prefix = "icmp" if family.version == 4 else "icmpv6"
        return f"{prefix}_type", f"{prefix}_code"
    name = _NAMES.get(-1 if protocol is None else protocol, "tcp")
    ends = f"{name}_src", f"{name}_dst"
    return ends[::-1] if basis.is_answer else ends


def _narrowed(block: Block) -> Block:
    """Return the one ICMP type or code that the block holds, in the width of its field."""
    return Block(block.value, 8, 8)
