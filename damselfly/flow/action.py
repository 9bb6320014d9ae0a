"""Actions: what a flow does with a packet, in order.  No action at all drops it.

Source: ovs-actions(7).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SetField:
    """Write a constant into a whole field."""

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Move:
    """Copy a whole field into another of the same width."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Resubmit:
    """Look the packet up in another table, then go on with the next action here."""

    table: int


@dataclass(frozen=True, slots=True)
class Output:
    """Send the packet out of a port; never out of the port it came in by."""

    port: int


@dataclass(frozen=True, slots=True)
class Meter:
    """Drop the packet if the meter's rate is exceeded.  Only as the first action."""

    id: int


@dataclass(frozen=True, slots=True)
class Controller:
    """Hand the packet to the agent and pause it: the agent may resume it at the next action."""

    userdata: bytes = b""


@dataclass(frozen=True, slots=True)
class Conntrack:
    """Send the packet through the connection tracker.

    With ``table`` the tracked packet goes on in that table, while the actions after this one see
    it untracked.  With ``commit`` the connection is entered, and ``sets`` (SetField or Move to
    ``ct_label`` and ``ct_mark``) are stored with it.
    """

    zone: int | str
    """A number, or the register whose low 16 bits hold it."""
    table: int | None = None
    commit: bool = False
    sets: tuple[SetField | Move, ...] = ()


@dataclass(frozen=True, slots=True)
class CtClear:
    """Forget what the tracker said of the packet."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What somebody else's flow does that has no name here: read from a switch, never sent to one.

    It keeps such a flow from being taken for one of ours.
    """

    data: bytes
    """As it stood on the wire."""


Action = SetField | Move | Resubmit | Output | Meter | Controller | Conntrack | CtClear | Foreign
