"""Hand-written flows: each machine has a conntrack zone, each connection is tracked in both.

The least that a stateful filter in Open vSwitch can do, and so the limit for any.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import ClassVar

from .rig import ADDRESSES, PORTS, Rig

_COMMIT = "ct(commit,zone=NXM_NX_CT_ZONE[])"


class Tracked(Rig):
    """Two zones, written by hand."""

    name: ClassVar[str] = "tracked"
    title: ClassVar[str] = "hand-written conntrack flows, two zones"
    filters: ClassVar[bool] = True

    def filter(self, stack: ExitStack) -> None:
        """Install the flows."""
        del stack
        self.hypervisor.flows(*_sender(), *_receiver())


def _sender() -> Iterator[str]:
    """Yield tables 0 and 1: the sender's zone, where everything may leave."""
    yield "table=0,priority=10,arp,actions=NORMAL"
    for zone, address in enumerate(ADDRESSES, start=1):
        yield (
            f"table=0,priority=10,ip,in_port={zone},nw_src={address},"
            f"actions=ct(zone={zone},table=1)"
        )
    yield "table=1,priority=20,ct_state=+trk+inv,ip,actions=drop"
    yield "table=1,priority=10,ct_state=+trk+est,ip,actions=resubmit(,2)"
    yield f"table=1,priority=10,ct_state=+trk+new,ip,actions={_COMMIT},resubmit(,2)"


def _receiver() -> Iterator[str]:
    """Yield tables 2 and 3: the receiver's zone, where only the named ports are admitted."""
    for zone, address in enumerate(ADDRESSES, start=1):
        yield f"table=2,priority=10,ip,nw_dst={address},actions=ct(zone={zone},table=3)"
    yield "table=3,priority=20,ct_state=+trk+inv,ip,actions=drop"
    yield "table=3,priority=10,ct_state=+trk+est,ip,actions=NORMAL"
    admitted = ["icmp", *(f"tcp,tp_dst={port}" for port in PORTS)]
    for what in admitted:
        yield f"table=3,priority=5,ct_state=+trk+new,{what},actions={_COMMIT},NORMAL"
