"""Resources as Neutron's plugins return them; each test says what is special about its own."""

from __future__ import annotations

from typing import Any

NET, SUB, PORT, GROUP, OTHER = "net-1", "sub-1", "port-1", "group-1", "group-2"


def port(**special: Any) -> dict[str, Any]:
    return {
        "id": PORT,
        "network_id": NET,
        "name": "web",
        "mac_address": "fa:16:3e:00:00:01",
        "admin_state_up": True,
        "fixed_ips": [{"subnet_id": SUB, "ip_address": "10.0.0.7"}],
        "allowed_address_pairs": [],
        "security_groups": [GROUP],
        "port_security_enabled": True,
        "binding:host_id": "compute1",
        "device_owner": "compute:nova",
        "device_id": "vm-1",
        "status": "DOWN",
        "revision_number": 3,
    } | special


def rule(**special: Any) -> dict[str, Any]:
    return {
        "id": "rule-1",
        "security_group_id": GROUP,
        "direction": "ingress",
        "ethertype": "IPv4",
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
        "revision_number": 0,
    } | special


def network(**special: Any) -> dict[str, Any]:
    return {
        "id": NET,
        "name": "blue",
        "mtu": 1442,
        "provider:network_type": "geneve",
        "provider:segmentation_id": 77,
        "provider:physical_network": None,
    } | special


def subnet(**special: Any) -> dict[str, Any]:
    return {
        "id": SUB,
        "network_id": NET,
        "cidr": "10.0.0.0/24",
        "gateway_ip": "10.0.0.1",
        "enable_dhcp": True,
        "dns_nameservers": [],
        "host_routes": [],
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
    } | special
