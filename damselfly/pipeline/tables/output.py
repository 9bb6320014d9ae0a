"""OUTPUT: hand the frame to the port that shall receive it."""

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
    here = match(**{fields.DESTINATION: local.key})
    yield Flow(Table.OUTPUT, Priority.NAMED, here, (Output(local.ofport),))
