"""Random frames, aimed at what a policy says: at its ports, its rules and their edges.

Left out is what the built-ins settle before any rule is asked (neighbour discovery, router
messages, DHCP), and what belongs to another connection (ICMP errors).
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from .drawn import EDGES, ICMP_TYPES, addresses, mac
from .evaluator import Json, protocol_number

STRANGER = mac(0x66)
"""Nobody's."""
WITH_PORTS = (33, 132, 136)
"""DCCP, SCTP and UDP-Lite."""
SOURCE_PORT = 40_000
ECHOES = {(1, 8): 0, (1, 13): 14, (58, 128): 129}
"""The ICMP requests that are answered, and by which type."""
EVERYBODY = {"IPv4": ("224.0.0.251", "255.255.255.255"), "IPv6": ("ff02::fb",)}


class Kind(NamedTuple):
    """A family, and the protocols of a sort there."""

    ethertype: str
    name: str
    protocols: tuple[int, ...]


KINDS = (
    Kind("IPv4", "TCP", (6,)), Kind("IPv4", "UDP", (17,)), Kind("IPv4", "ICMP", (1,)),
    Kind("IPv4", "others", (*WITH_PORTS, 47, 50, 4, 112, 2, 200, 255, 253, 0, 44, 51)),
    Kind("IPv6", "TCP", (6,)), Kind("IPv6", "UDP", (17,)), Kind("IPv6", "ICMP", (58,)),
    Kind("IPv6", "others", (*WITH_PORTS, 47, 50, 4, 112, 2, 200, 255, 253)),
)  # fmt: skip


@st.composite
def frames(draw: st.DrawFn, policy: Json, kind: Kind | None = None) -> tuple[str, Json]:
    """A frame and the port that sends it; most often honest, to a port of its own network."""
    ethertype, _, protocols = kind or draw(st.sampled_from(KINDS))
    sender: Json = draw(st.sampled_from(policy["ports"]))
    others = [port for port in policy["ports"] if port is not sender]
    near = [port for port in others if port["network_id"] == sender["network_id"]]
    far = draw(st.integers(0, 9)) == 0
    receiver: Json = draw(st.sampled_from(others if far or not near else near))
    frame: Json = {"ethertype": ethertype} | draw(sources(sender, ethertype))
    if draw(st.integers(0, 7)):
        stray = draw(st.integers(0, 11)) == 0
        frame["destination_mac"] = STRANGER if stray else receiver["mac_address"]
        frame["destination_ip"] = draw(st.sampled_from(own(receiver, ethertype)))
    else:
        frame["destination_mac"] = "ff:ff:ff:ff:ff:ff"
        frame["destination_ip"] = draw(st.sampled_from(EVERYBODY[ethertype]))
    meant = [
        rule
        for group in policy["security_groups"]
        if group["id"] in receiver["security_groups"]
        for rule in group["security_group_rules"]
        if (rule["direction"], rule["ethertype"]) == ("ingress", ethertype)
        if protocol_number(rule) in protocols
    ]
    return sender["id"], frame | draw(transports(meant, ethertype, protocols))


@st.composite
def sources(draw: st.DrawFn, sender: Json, ethertype: str) -> Json:
    """Where a frame says it comes from: a fixed address, an address pair, or a lie."""
    pairs = [*sender["fixed_ips"] * 3, *sender["allowed_address_pairs"]]
    known = [pair for pair in pairs if (":" in pair["ip_address"]) == (ethertype == "IPv6")]
    pair: Json = draw(st.sampled_from(known))
    source = {
        "source_ip": pair["ip_address"].partition("/")[0],
        "source_mac": pair.get("mac_address", sender["mac_address"]),
    }
    lie = draw(st.integers(0, 19))
    if lie == 0:
        source["source_ip"] = draw(addresses(ethertype, 3))
    elif lie == 1:
        source["source_mac"] = mac(draw(st.sampled_from([1, 2, 0x41, 0x77])))
    return source


def own(port: Json, ethertype: str) -> list[str]:
    """Return the fixed addresses of a port in one family."""
    known = [pair["ip_address"] for pair in port["fixed_ips"]]
    return [each for each in known if (":" in each) == (ethertype == "IPv6")]


@st.composite
def transports(
    draw: st.DrawFn, meant: list[Json], ethertype: str, protocols: tuple[int, ...]
) -> Json:
    """What a packet carries: by the wording of some rule, or at its edges, or anything."""
    protocol: int | None = draw(st.sampled_from(protocols))
    types, edges = list(ICMP_TYPES[ethertype]), list(EDGES)
    by_rule = draw(st.integers(0, 3)) > 0
    if meant and by_rule:
        rule: Json = draw(st.sampled_from(meant))
        protocol = protocol_number(rule)
        low, high = rule["port_range_min"], rule["port_range_max"]
        if low is not None:
            types = [low, low, *types[:2]]
        if low is not None and high is not None:
            edges = [low, low, high, high, max(low - 1, 1), min(high + 1, 0xFFFF)]
    if protocol in (1, 58):
        code = draw(st.sampled_from([0, 0, 0, 1]))
        return {
            "protocol": protocol, "icmp_type": draw(st.sampled_from(types)), "icmp_code": code
        }  # fmt: skip
    if protocol in (6, 17, *WITH_PORTS):
        return {"protocol": protocol, "destination_port": draw(st.sampled_from(edges))}
    return {"protocol": protocol}


def answer(sender: Json, receiver: Json, frame: Json) -> Json | None:
    """Return the frame that answers one; None where nothing does, or nothing that is tracked."""
    asked = frame["source_mac"] == sender["mac_address"]
    if frame["protocol"] == 0 or frame["destination_mac"] != receiver["mac_address"] or not asked:
        return None
    turned = {
        "source_mac": frame["destination_mac"], "destination_mac": frame["source_mac"],
        "source_ip": frame["destination_ip"], "destination_ip": frame["source_ip"],
    }  # fmt: skip
    if "icmp_type" in frame:
        kind = ECHOES.get((frame["protocol"], frame["icmp_type"]))
        turned |= {"icmp_type": kind}
        return None if kind is None or frame["icmp_code"] else frame | turned
    if "destination_port" in frame:
        turned |= {"source_port": frame["destination_port"], "destination_port": SOURCE_PORT}
    return frame | turned | {"answers": True}
