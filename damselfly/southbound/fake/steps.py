"""What a translated packet is to undergo, in order: the datapath's own small language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from damselfly.flow.flow import Flow


@dataclass(frozen=True, slots=True)
class Frame:
    """A flow of which some actions are still to do."""

    flow: Flow
    at: int
    """Index of the next action."""
    depth: int
    """How many resubmits deep the flow was found."""
    was_frozen: bool = False
    """Whether the packet was paused since."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Where and how translation goes on for a packet that comes back."""

    metadata: Mapping[str, int]
    """Registers and the like; not ``ct_*``, which the packet itself carries."""
    table: int | None = None
    """Where to look the packet up; None to go on with ``stack``."""
    stack: tuple[Frame, ...] = ()
    """What is still to do, the innermost resubmit last."""
    tracked: bool = True
    """Whether the packet's ``ct_*`` fields may still be seen."""

    @property
    def identity(self) -> tuple[object, ...]:
        """Tell apart what the real switch gives different recirculation ids."""
        return self.table, tuple(sorted(self.metadata.items())), self.tracked, self.stack


@dataclass(frozen=True, slots=True)
class Send:
    """Put the packet on the wire."""

    port: int


@dataclass(frozen=True, slots=True)
class Write:
    """Change a header field of the packet."""

    field: str
    value: int


@dataclass(frozen=True, slots=True)
class Track:
    """Send the packet through the tracker; with ``again`` the tracked packet comes back."""

    zone: int
    commit: bool
    mark: int | None
    label: int | None
    again: Frozen | None


@dataclass(frozen=True, slots=True)
class Untrack:
    """Forget the packet's tracking state."""


@dataclass(frozen=True, slots=True)
class Police:
    """Ask a meter."""

    meter: int


@dataclass(frozen=True, slots=True)
class Pause:
    """Hand the packet to the agent."""

    cookie: int
    userdata: bytes
    frozen: Frozen


Step = Send | Write | Track | Untrack | Police | Pause
