"""FRAGMENTS: pieces of datagrams enter the tracker on the account of the port that sent them.

The tracker lets pieces wait for the rest of their datagram, in one place of limited size for all
ports.  A meter a port keeps one from taking all of it: charged once at the sender's end, and once
for each receiver of a piece that goes to everybody.  No station on the way: a piece passes by
before it is tracked, and goes on where it came from.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Meter
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table, fragment_meter
from damselfly.pipeline.view import HostView, LocalPort


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State whose account one port's pieces go on."""
    sender = match(**{fields.SOURCE: local.key})
    yield Flow(Table.FRAGMENTS, Priority.NAMED, sender, (Meter(fragment_meter(local.key)),))
