"""The two ends of a connection on this host, and what is judged there: values, no code twice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from damselfly.flow.action import Action, Move, SetField
from damselfly.model.address import Family
from damselfly.model.direction import Direction

from . import fields
from .layout import Table


class Basis(IntEnum):
    """What a packet is judged by, as a register holds it."""

    CONNECTION = 0
    """The packet that opened its connection: the tracker's original tuple."""
    PACKET = 0b001
    """Its own headers, as if it opened one."""
    FRAGMENT = 0b011
    """Its own headers, of which the switch hides ports, type and code."""
    ANSWER = 0b101
    """Its own headers the other way round: by what it would answer."""
    ANSWERING_FRAGMENT = 0b111

    @property
    def is_connection(self) -> bool:
        """Whether the tracker says whose packet it is."""
        return not self & PER_PACKET[1]

    @property
    def is_fragment(self) -> bool:
        """Whether ports, type and code are hidden."""
        return bool(self & 0b010)

    @property
    def is_answer(self) -> bool:
        """Whether source and destination change places."""
        return bool(self & 0b100)

    @property
    def turned(self) -> Basis:
        """The same the other way round."""
        return Basis(self ^ 0b100)


PER_PACKET = (0b001, 0b001)
"""Value and mask of every basis but the connection."""


@dataclass(frozen=True, slots=True)
class End:
    """One end: where it is judged, whose rules are asked, and where an admitted packet goes on."""

    name: str
    code: int
    key: str
    """Register that holds the key of the port at this end; its zone as well."""
    track: Table
    judge: Table
    onward: Table
    opened: Direction
    """Rules that govern a connection which the packet's sender opened."""

    def begin(self, direction: Direction, basis: Basis = Basis.CONNECTION) -> tuple[Action, ...]:
        """Return the actions that start judging here, whatever an earlier end left behind."""
        return (
            Move(self.key, fields.JUDGED),
            SetField(fields.DIRECTION, direction.code),
            SetField(fields.END, self.code),
            SetField(fields.ASKED, 0),
            SetField(fields.COMMITTED, 0),
            SetField(fields.RULE, 0),
            SetField(fields.BASIS, basis),
        )


SOURCE_END = End(
    name="source",
    code=1,
    key=fields.SOURCE,
    track=Table.TRACK_SOURCE,
    judge=Table.FORWARDING_SECURITY_SOURCE,
    onward=Table.L2,
    opened=Direction.EGRESS,
)
DESTINATION_END = End(
    name="destination",
    code=2,
    key=fields.DESTINATION,
    track=Table.TRACK_DESTINATION,
    judge=Table.FORWARDING_SECURITY_DESTINATION,
    onward=Table.EGRESS_SECURITY,
    opened=Direction.INGRESS,
)
ENDS = (SOURCE_END, DESTINATION_END)

_ENDINGS = {Direction.INGRESS: "src", Direction.EGRESS: "dst"}
_ADDRESS_FIELDS = {4: ("nw", "ct_nw"), 6: ("ipv6", "ct_ipv6")}


def remote_field(family: Family, direction: Direction, basis: Basis) -> str:
    """Return the field that holds the far end's address: of the connection, or of the packet."""
    plain, tracked = _ADDRESS_FIELDS[family.version]
    ending = _ENDINGS[direction.opposite if basis.is_answer else direction]
    return f"{tracked if basis.is_connection else plain}_{ending}"
