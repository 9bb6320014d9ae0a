"""What is stored of how networks are joined."""

from __future__ import annotations

import json

from damselfly.model.address import Prefix
from damselfly.model.network import Network, Route, Router, RouterInterface
from damselfly.northbound.codec import write_topology, written_together


def test_a_network_without_a_number_claims_none() -> None:
    assert list(written_together(Network("n", "local", 0))) == []


def test_routers_are_stored_for_later() -> None:
    route = Route(Prefix.parse("10.9.0.0/16"), Prefix.parse("10.0.0.9"))
    key, value = write_topology(Router("r", "edge", routes=(route,), gateway_network_id="out"))
    assert key == "/router/r"
    assert value is not None
    fields = json.loads(value)
    assert fields["routes"] == [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}]
    assert fields["gateway_network_id"] == "out"
    key, value = write_topology(RouterInterface("r", "p", "n", ("s",)))
    assert key == "/router-interface/r/p"
    assert value is not None
    assert json.loads(value)["subnets"] == ["s"]
