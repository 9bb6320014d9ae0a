"""Neutron's security groups, told as plainly as possible from its API reference alone.

Slow on purpose, and in Neutron's own form: dicts as the API shows them, addresses as text.
Source: OpenStack Networking API v2.0, "Security groups", "Security group rules", "Address groups"
and "Ports" (``port_security_enabled``, ``allowed_address_pairs``).

A packet is a dict as well: ``ethertype``, ``protocol`` (a number), ``source_ip``,
``destination_ip``, and ``destination_port``, or ``icmp_type`` and ``icmp_code``, where its protocol
has them.  Of a ``fragment`` these count as hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

Json = dict[str, Any]

PROTOCOLS = {
    "icmp": 1, "igmp": 2, "ipip": 4, "tcp": 6, "egp": 8, "udp": 17, "dccp": 33, "ipv6-encap": 41,
    "ipv6-route": 43, "ipv6-frag": 44, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "ipv6-icmp": 58,
    "icmpv6": 58, "ipv6-nonxt": 59, "ipv6-opts": 60, "ospf": 89, "vrrp": 112, "pgm": 113,
    "sctp": 132, "udplite": 136,
}  # fmt: skip
"""The names that the API takes, with the numbers it gives for them."""

PORTS_NOT_SEEN = (33, 136)
"""Not Neutron's: DCCP and UDP-Lite, whose ports the switch does not see.  A rule that names such
ports admits nothing, which is less than the API promises."""


def receivers(policy: Json, sender_id: str, frame: Json) -> list[str]:
    """Return the ports that receive a frame: a packet with ``source_mac``, ``destination_mac``."""
    sender = next(port for port in policy["ports"] if port["id"] == sender_id)
    if not may_send(sender, frame) or not admits(policy, sender, "egress", frame):
        return []
    near = [port for port in policy["ports"] if port["network_id"] == sender["network_id"]]
    known = [port["mac_address"] for port in near]
    return [
        port["id"]
        for port in near
        if port["id"] != sender_id
        and reaches(port, frame["destination_mac"], known)
        and admits(policy, port, "ingress", frame)
    ]


def reaches(port: Json, mac: str, known: list[str]) -> bool:
    """Tell whether the network carries a frame to a port: by its MAC, or as one to everybody.

    A MAC that no port of the network is ``known`` by may be behind one without port security.
    """
    to_everybody = int(mac[:2], 16) % 2 == 1
    behind = mac not in known and not port["port_security_enabled"]
    return to_everybody or port["mac_address"] == mac or behind


def may_send(port: Json, frame: Json) -> bool:
    """Tell whether port security lets the port send from these addresses."""
    if not port["port_security_enabled"]:
        return True
    pairs = [*port["fixed_ips"], *port["allowed_address_pairs"]]
    return any(
        pair.get("mac_address", port["mac_address"]) == frame["source_mac"]
        and within(frame["source_ip"], pair["ip_address"])
        for pair in pairs
    )


def admits(policy: Json, port: Json, direction: str, packet: Json) -> bool:
    """Tell whether a port lets a new connection pass.  Rules only allow; the default is to deny."""
    if not port["port_security_enabled"]:
        return True
    return any(
        rule_admits(policy, rule, direction, packet)
        for group in policy["security_groups"]
        if group["id"] in port["security_groups"]
        for rule in group["security_group_rules"]
    )


def hears_answer(policy: Json, sender: Json, receiver: Json, answer: Json) -> bool:
    """Tell whether the answer to a frame that was delivered comes back to its sender.

    Of a stateful group the reference says that what answers is allowed whatever the rules say;
    stateless groups know no answers: each packet needs a rule.
    """
    return all(
        is_stateful(policy, port) or admits(policy, port, direction, answer)
        for port, direction in ((receiver, "egress"), (sender, "ingress"))
    )


def is_stateful(policy: Json, port: Json) -> bool:
    """Tell which kind a port's groups are; the API lets no port have both."""
    worn = [group for group in policy["security_groups"] if group["id"] in port["security_groups"]]
    return all(group["stateful"] for group in worn)


def rule_admits(policy: Json, rule: Json, direction: str, packet: Json) -> bool:
    """Tell whether a rule admits a packet: every condition that it states must hold."""
    remote = packet["source_ip"] if direction == "ingress" else packet["destination_ip"]
    return (
        rule["direction"] == direction
        and rule["ethertype"] == packet["ethertype"]
        and protocol_number(rule) in (None, packet["protocol"])
        and ports_admit(rule, packet)
        and remote_admits(policy, rule, remote)
    )


def protocol_number(rule: Json) -> int | None:
    """Return the protocol as a number; None for any.  In IPv6, ``icmp`` is ICMPv6."""
    protocol = rule["protocol"]
    if protocol in (None, "any", "0", 0):
        return None
    number = PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)
    return 58 if rule["ethertype"] == "IPv6" and number == 1 else number


def ports_admit(rule: Json, packet: Json) -> bool:
    """Tell whether the range admits the port; for ICMP its ends are the type and the code."""
    low, high = rule["port_range_min"], rule["port_range_max"]
    if low is None and high is None:
        return True
    if packet.get("fragment"):
        return False
    if protocol_number(rule) in (1, 58):
        right_code = high is None or packet["icmp_code"] == high
        return packet["icmp_type"] == low and right_code
    if protocol_number(rule) in PORTS_NOT_SEEN:
        return False
    return bool(low <= packet["destination_port"] <= high)


def remote_admits(policy: Json, rule: Json, address: str) -> bool:
    """Tell whether the far end is the one that the rule names; the API takes one remote at most."""
    if rule["remote_ip_prefix"] is not None:
        return within(address, rule["remote_ip_prefix"])
    if rule["remote_group_id"] is not None:
        return any(within(address, each) for each in members(policy, rule["remote_group_id"]))
    if rule["remote_address_group_id"] is not None:
        return any(
            within(address, each)
            for group in policy["address_groups"]
            if group["id"] == rule["remote_address_group_id"]
            for each in group["addresses"]
        )
    return True


def members(policy: Json, group_id: str) -> Iterator[str]:
    """Yield the addresses of a group's ports: their fixed IPs and their allowed address pairs.

    A group that does not exist has none, even where ports claim to wear it.
    """
    if group_id in [group["id"] for group in policy["security_groups"]]:
        for port in policy["ports"]:
            if group_id in port["security_groups"]:
                for pair in (*port["fixed_ips"], *port["allowed_address_pairs"]):
                    yield pair["ip_address"]


def within(address: str, prefix: str) -> bool:
    """Tell whether an address lies in a prefix; host bits of the prefix do not count."""
    return ip_address(address) in ip_network(prefix, strict=False)
