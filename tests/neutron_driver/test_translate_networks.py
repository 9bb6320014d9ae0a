"""Neutron's networks, subnets and routers in our words."""

from __future__ import annotations

import pytest

from damselfly.model.address import Prefix
from damselfly.model.network import Route, RouterInterface
from damselfly.neutron import translate
from tests.neutron_driver.fields import NET, SUB, network, port, subnet


def test_a_network_has_the_number_of_its_geneve_segment() -> None:
    made = translate.network(network())
    assert (made.segmentation_id, made.mtu, made.name) == (77, 1442, "blue")


@pytest.mark.parametrize("kind", ["local", "vlan", "flat"])
def test_a_network_that_no_tunnel_carries_has_no_number(kind: str) -> None:
    fields = network(**{"provider:network_type": kind, "provider:segmentation_id": 100})
    assert translate.network(fields).segmentation_id == 0


def test_of_several_segments_the_tunnelled_one_counts() -> None:
    segments = [
        {"provider:network_type": "vlan", "provider:segmentation_id": 100},
        {"provider:network_type": "geneve", "provider:segmentation_id": 78},
    ]
    assert translate.network({"id": NET, "name": "", "segments": segments}).segmentation_id == 78


def test_a_subnet_says_what_its_machines_will_be_told() -> None:
    made = translate.subnet(
        subnet(
            dns_nameservers=["9.9.9.9", "1.1.1.1"],
            host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}],
        )
    )
    assert made.cidr == Prefix.parse("10.0.0.0/24")
    assert made.gateway_ip == Prefix.parse("10.0.0.1")
    assert made.enable_dhcp
    assert made.dns_nameservers == (Prefix.parse("9.9.9.9"), Prefix.parse("1.1.1.1"))
    assert made.host_routes == (Route(Prefix.parse("10.9.0.0/16"), Prefix.parse("10.0.0.9")),)


def test_a_subnet_may_have_no_gateway() -> None:
    assert translate.subnet(subnet(gateway_ip=None)).gateway_ip is None


def test_one_of_several_dhcp_servers_counts_and_always_the_same() -> None:
    assert translate.subnet(subnet()).dhcp_ip is None
    both = ("10.0.0.3", "10.0.0.2")
    assert translate.subnet(subnet(), both) == translate.subnet(subnet(), both[::-1])


def test_a_router_knows_its_way_out() -> None:
    made = translate.router(
        {
            "id": "r",
            "name": "edge",
            "admin_state_up": True,
            "routes": [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.9"}],
            "external_gateway_info": {
                "network_id": "public",
                "enable_snat": True,
                "external_fixed_ips": [{"subnet_id": "s", "ip_address": "203.0.113.5"}],
            },
        }
    )
    assert made.gateway_network_id == "public"
    assert made.gateway_ips == (Prefix.parse("203.0.113.5"),)
    assert made.enable_snat
    assert len(made.routes) == 1


def test_a_router_may_have_no_way_out() -> None:
    made = translate.router({"id": "r", "name": "", "external_gateway_info": None, "routes": []})
    assert made.gateway_network_id is None


def test_a_routers_port_is_its_interface() -> None:
    fields = port(device_owner="network:router_interface", device_id="r")
    assert translate.router_interface(fields) == RouterInterface("r", "port-1", NET, (SUB,))


@pytest.mark.parametrize("owner", ["compute:nova", "network:dhcp", "network:router_gateway", ""])
def test_no_other_port_is_an_interface(owner: str) -> None:
    assert translate.router_interface(port(device_owner=owner, device_id="r")) is None
