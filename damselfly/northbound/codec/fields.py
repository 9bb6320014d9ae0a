"""The stored objects as plain data, with Neutron's field names; absent fields are left out."""

from __future__ import annotations

from collections.abc import Iterable

from damselfly.model.address import Prefix, mac_text
from damselfly.model.group import PROTOCOL_NAMES, AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Route, Subnet
from damselfly.model.port import Port

Stored = Network | Subnet | Port | AddressGroup | SecurityGroup | Rule
"""What has a key of its own; of a security group, its header."""


def fields_of(thing: Stored) -> dict[str, object]:
    """Return the object as plain data with Neutron's field names, absent ones left out."""
    match thing:
        case Network():
            fields: dict[str, object] = {
                "id": thing.id,
                "name": thing.name,
                "segmentation_id": thing.segmentation_id,
                "mtu": thing.mtu or None,
            }
        case Subnet():
            fields = _subnet_fields(thing)
        case Port():
            fields = _port_fields(thing)
        case AddressGroup():
            addresses = [_cidr(each) for each in thing.addresses]
            fields = {"id": thing.id, "name": thing.name, "addresses": addresses}
        case SecurityGroup():
            fields = {"id": thing.id, "name": thing.name, "stateful": thing.stateful}
        case Rule():
            fields = _rule_fields(thing)
    return {name: value for name, value in fields.items() if value is not None}


def _subnet_fields(subnet: Subnet) -> dict[str, object]:
    return {
        "id": subnet.id,
        "network_id": subnet.network_id,
        "cidr": _cidr(subnet.cidr),
        "gateway_ip": _text(subnet.gateway_ip),
        "dhcp_ip": _text(subnet.dhcp_ip),
        "enable_dhcp": subnet.enable_dhcp or None,
        "dns_nameservers": [str(ip) for ip in subnet.dns_nameservers] or None,
        "host_routes": routes_as_fields(subnet.host_routes) or None,
        "ipv6_ra_mode": subnet.ipv6_ra_mode or None,
        "ipv6_address_mode": subnet.ipv6_address_mode or None,
    }


def routes_as_fields(routes: Iterable[Route]) -> list[dict[str, str]]:
    """Return routes as plain data, in their order."""
    return [{"destination": _cidr(to), "nexthop": str(by)} for to, by in routes]


def _port_fields(port: Port) -> dict[str, object]:
    return {
        "id": port.id,
        "name": port.name,
        "network_id": port.network_id,
        "mac_address": mac_text(port.mac),
        "fixed_ips": [{"ip_address": str(ip)} for ip in port.fixed_ips],
        "allowed_address_pairs": [
            {"ip_address": str(prefix)}
            if mac is None
            else {"ip_address": str(prefix), "mac_address": mac_text(mac)}
            for prefix, mac in port.allowed_address_pairs
        ],
        "security_groups": list(port.security_groups),
        "port_security_enabled": port.port_security_enabled,
        "host": port.host,
        "device_owner": port.device_owner or None,
    }


def _rule_fields(rule: Rule) -> dict[str, object]:
    protocol = rule.protocol
    return {
        "id": rule.id,
        "security_group_id": rule.security_group_id,
        "direction": rule.direction.value,
        "ethertype": rule.family.name,
        "protocol": None if protocol is None else PROTOCOL_NAMES.get(protocol, protocol),
        "port_range_min": rule.port_range_min,
        "port_range_max": rule.port_range_max,
        "remote_ip_prefix": None if rule.remote_ip_prefix is None else _cidr(rule.remote_ip_prefix),
        "remote_group_id": rule.remote_group_id,
        "remote_address_group_id": rule.remote_address_group_id,
    }


def _text(address: Prefix | None) -> str | None:
    return None if address is None else str(address)


def _cidr(prefix: Prefix) -> str:
    return str(prefix) if "/" in str(prefix) else f"{prefix}/{prefix.length}"
