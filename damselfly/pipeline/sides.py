"""The two ends of a connection on this host, as two values of one piece of code."""

from __future__ import annotations

from dataclasses import dataclass

from damselfly.flow.action import Action, Move, SetField
from damselfly.model.address import Family
from damselfly.model.direction import Direction

from . import fields
from .layout import Table


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

    def begin(self, direction: Direction, *, per_packet: bool = False) -> tuple[Action, ...]:
        """Return the actions that start judging here, whatever an earlier end left behind."""
        return (
            Move(self.key, fields.JUDGED),
            SetField(fields.DIRECTION, direction.code),
            SetField(fields.END, self.code),
            SetField(fields.ASKED, 0),
            SetField(fields.COMMITTED, 0),
            SetField(fields.RULE, 0),
            SetField(fields.PER_PACKET, int(per_packet)),
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


def remote_field(family: Family, direction: Direction, *, per_packet: bool) -> str:
    """Return the field that holds the far end's address: of the connection, or of the packet."""
    plain, tracked = _ADDRESS_FIELDS[family.version]
    return f"{plain if per_packet else tracked}_{_ENDINGS[direction]}"
