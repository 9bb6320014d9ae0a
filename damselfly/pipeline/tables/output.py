"""OUTPUT: hand the frame to the port that shall receive it.

Only on the network on which the frame travels: it may have been on its way, at the agent or in the
tracker, while its receiver moved to another one.
"""

from __future__ import annotations

from collections.abc import Iterator

from damselfly.flow.action import Output
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.pipeline import fields
from damselfly.pipeline.layout import Priority, Table
from damselfly.pipeline.view import HostView, LocalPort


def port_flows(view: HostView, local: LocalPort) -> Iterator[Flow]:
    """State the flow that delivers to a local port."""
    here = match(**{fields.DESTINATION: local.key, fields.NETWORK: local.network})
    yield Flow(Table.OUTPUT, Priority.NAMED, here, (Output(local.ofport),))
