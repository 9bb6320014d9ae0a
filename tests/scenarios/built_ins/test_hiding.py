"""What hides from the built-ins: in fragments, behind odd options, in the clothes of a client."""

from __future__ import annotations

from dataclasses import replace

import pytest

from damselfly.model.address import FAMILIES, IPV6, Family
from damselfly.pipeline.layout import Dropped
from tests.scenarios.built_ins.raw import NS, SLL, dhcp, dhcpv6, discovery
from tests.scenarios.built_ins.test_discovery import routed
from tests.scenarios.built_ins.test_from_a_vm import dropped, open_host
from tests.scenarios.connections.test_fragments import datagram, fragments, push, teach
from tests.scenarios.vms import ip, mac, vm

PORTS = {4: (67, 68, Dropped.DHCP_SERVER), 6: (547, 546, Dropped.DHCPV6_SERVER)}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_dhcp_reply_in_fragments_never_leaves_a_vm(family: Family) -> None:
    """The switch shows no ports of a fragment, not even of the first; the tracker knows them."""
    server, client, why = PORTS[family.version]
    rig = open_host()
    teach(rig, family, client)
    sent = datagram(1, 2, client, family)
    assert push(rig, fragments(sent)) == ["vm2"] * 3
    reply = replace(sent, packet=sent.packet._replace(tp_src=server))
    assert push(rig, fragments(reply, 1)) == []
    assert dropped(rig, why) == 1


@pytest.mark.parametrize("code", [1, 9])
def test_a_solicitation_whose_code_hides_its_target_is_dropped(code: int) -> None:
    rig = open_host()
    asked = discovery(1, NS, target=ip(2, IPV6), option=(SLL, mac(9)), code=code)
    assert rig.send("vm1", asked) == []
    assert dropped(rig, Dropped.NEIGHBOUR) == 1


def test_a_solicitation_without_a_target_is_dropped() -> None:
    assert open_host().send("vm1", discovery(1, NS)) == []


def test_a_dhcp_client_goes_round_its_rules_towards_servers_only() -> None:
    rig = routed(vm(1), vm(4, port_security_enabled=False))
    assert rig.send("vm1", dhcp(1, 68, 67, source=ip(1), to=3)) == ["vm3"]
    assert rig.send("vm1", dhcp(1, 68, 67, source=ip(1), to=4)) == []
    assert rig.send("vm1", dhcpv6(1, 546, 547, to=4)) == []
    assert rig.send("vm1", dhcp(1, 68, 67)) == ["vm3", "vm4"]
    assert rig.send("vm1", dhcpv6(1, 546, 547)) == ["vm3", "vm4"]
