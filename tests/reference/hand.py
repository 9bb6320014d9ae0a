"""Policies in the form of Neutron's API, as one writes them by hand."""

from __future__ import annotations

from typing import Any

from .evaluator import Json, admits

NOTHING: Json = dict.fromkeys(
    (
        "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id",
        "remote_address_group_id",
    )
)  # fmt: skip
WEB: Json = {"ethertype": "IPv4", "protocol": 6, "destination_port": 80}


def port(number: int, *groups: str, **more: Any) -> Json:
    return {
        "id": f"p{number}", "network_id": "net", "mac_address": f"02:00:00:00:00:0{number}",
        "fixed_ips": [{"ip_address": f"10.0.0.{number}"}, {"ip_address": f"fd00::{number}"}],
        "allowed_address_pairs": [], "security_groups": list(groups),
        "port_security_enabled": True,
    } | more  # fmt: skip


def rule(direction: str = "ingress", ethertype: str = "IPv4", **more: Any) -> Json:
    return NOTHING | {"direction": direction, "ethertype": ethertype} | more


def policy(*rules: Json, ports: tuple[Json, ...] = (), **address_groups: list[str]) -> Json:
    groups = [{"id": "g", "security_group_rules": list(rules), "stateful": True}]
    standing = [port(1, "g"), port(2), port(3, "g")]
    lists = [{"id": name, "addresses": addresses} for name, addresses in address_groups.items()]
    return {"security_groups": groups, "ports": [*ports, *standing], "address_groups": lists}


def asked(meant: Json, packet: Json, source: str = "10.0.0.2") -> bool:
    """Ask port 1 whether it lets a packet of that source in."""
    ends = {"source_ip": source, "destination_ip": "10.0.0.1"}
    me = next(each for each in meant["ports"] if each["id"] == "p1")
    return admits(meant, me, "ingress", packet | ends)
