"""A store's policy in the form of a manifest, so that it can be kept, edited and applied again."""

from __future__ import annotations

from damselfly.model.group import ICMP_PROTOCOLS, Rule, SecurityGroup
from damselfly.model.network import Network
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot
from damselfly.northbound.codec import fields_of

from .rules import content_id

_BY_DEFAULT = {
    "stateful": True,
    "port_security_enabled": True,
    "allowed_address_pairs": [],
    "segmentation_id": 0,
}
_SUBNET = ("id", "cidr", "gateway_ip", "dhcp_ip")
"""What a file may say of a subnet; the rest comes from Neutron only."""


def as_manifest(view: Snapshot) -> dict[str, list[dict[str, object]]]:
    """Return the sections of a manifest as plain data; what is the default is left out."""
    return {
        "networks": [_network(view, view.networks[name]) for name in sorted(view.networks)],
        "address_groups": [
            _named(fields_of(view.address_groups[name])) for name in sorted(view.address_groups)
        ],
        "security_groups": [_group(view.groups[name]) for name in sorted(view.groups)],
        "ports": [_port(view.ports[name]) for name in sorted(view.ports)],
    }


def _network(view: Snapshot, network: Network) -> dict[str, object]:
    subnets = [
        {name: value for name, value in fields_of(view.subnets[one]).items() if name in _SUBNET}
        for one in sorted(view.subnets_on.get(network.id, ()))
    ]
    fields = fields_of(network)
    fields.pop("mtu", None)
    return {**_named(fields), "subnets": subnets}


def _group(group: SecurityGroup) -> dict[str, object]:
    return {**_named(fields_of(group)), "rules": [_rule(rule) for rule in group.rules]}


def _rule(rule: Rule) -> dict[str, object]:
    fields = fields_of(rule)
    del fields["security_group_id"]
    if rule.id == content_id(rule):
        del fields["id"]
    if rule.protocol in ICMP_PROTOCOLS:
        words = {"port_range_min": "icmp_type", "port_range_max": "icmp_code"}
        return {words.get(name, name): value for name, value in fields.items()}
    return fields


def _port(port: Port) -> dict[str, object]:
    return {**_named(fields_of(port)), "fixed_ips": [str(ip) for ip in port.fixed_ips]}


def _named(fields: dict[str, object]) -> dict[str, object]:
    """Put the name first; leave out the id where it is the name, and the name where it is empty."""
    named = {"name": fields.pop("name"), **fields}
    if named["name"] == named["id"]:
        del named["id"]
    elif not named["name"]:
        del named["name"]
    return {key: value for key, value in named.items() if _BY_DEFAULT.get(key) != value}
