"""Random policies and frames in the form of Neutron's API: much is allowed, and much is not.

The policies cover the whole rule model but for what Neutron itself refuses (a code without a
type, port 0, a prefix of the wrong family).  Left out are frames that the built-ins settle before
any rule is asked: neighbour discovery, router messages, DHCP.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .evaluator import PORTS_NOT_KEPT, Json, protocol_number

GROUPS = ("g0", "g1", "g2")
VERSIONS = {"IPv4": 4, "IPv6": 6}
PORT_PROTOCOLS: list[Any] = ["tcp", "udp", 6, "17", "sctp", "dccp", "udplite", "132", 33, 136]
PLAIN_PROTOCOLS: list[Any] = ["gre", "esp", "ipip", "vrrp", "igmp", 200, "255", 47, "ospf"]
ICMP_NAMES: dict[str, list[Any]] = {
    "IPv4": ["icmp", "icmp", 1, "1"],
    "IPv6": ["icmpv6", "ipv6-icmp", "icmp", 58, "1"],
}
ICMP_TYPES = {"IPv4": (8, 8, 0, 13, 5, 17), "IPv6": (128, 128, 129, 144, 137, 200)}
"""Requests, and what no connection tracker follows; without errors, which answer something."""
EDGES = (1, 22, 80, 81, 443, 1023, 1024, 8080, 32768, 65534, 65535)
ADDRESSES = {
    "IPv4": ("10.0.0.%d", "10.0.1.%d", "192.0.2.%d"),
    "IPv6": ("fd00::%d", "fd00:1::%d", "2001:db8::%d"),
}
LENGTHS = {"IPv4": (0, 8, 23, 24, 29, 30, 31, 32), "IPv6": (0, 16, 64, 125, 126, 127, 128)}
REMOTES = (None, None, None, None, "prefix", "prefix", "group", "group", "group", "addresses")
WORN = (
    ("g0", "g1"), ("g0",), ("g1",), ("g1", "g2"), ("g2",), ("g0", "g1", "g2"),
    ("g0", "unknown"), (),
)  # fmt: skip
EVERYBODY = {"IPv4": ("224.0.0.251", "255.255.255.255"), "IPv6": ("ff02::fb",)}
PORTS = ("p1", "p2", "p3", "p4", "p5")

ethertypes = st.sampled_from(["IPv4", "IPv6"])


def mac(number: int) -> str:
    """The MAC of a port by its number."""
    return f"02:00:00:00:00:{number:02x}"


@st.composite
def addresses(draw: st.DrawFn, ethertype: str, pools: int = 2) -> str:
    """Addresses of ports, and of nobody."""
    pool = ADDRESSES[ethertype][draw(st.integers(0, pools - 1))]
    return pool % draw(st.integers(1, 9))


@st.composite
def prefixes(draw: st.DrawFn, ethertype: str) -> str:
    """Prefixes around those addresses, some with host bits, some without a length."""
    length = draw(st.sampled_from([None, *LENGTHS[ethertype]]))
    address = draw(addresses(ethertype, 3))
    return address if length is None else f"{address}/{length}"


@st.composite
def rules(draw: st.DrawFn, group: str, number: int) -> Json:
    """A rule as the API shows it: every field is there, ``None`` where nothing is said."""
    ethertype = draw(ethertypes)
    rule: Json = {
        "id": f"{group}-{number}",
        "security_group_id": group,
        "direction": draw(st.sampled_from(["ingress", "ingress", "egress"])),
        "ethertype": ethertype,
        "protocol": None,
        "port_range_min": None,
        "port_range_max": None,
        "remote_ip_prefix": None,
        "remote_group_id": None,
        "remote_address_group_id": None,
    }
    kind = draw(
        st.sampled_from(["any", "icmp", "icmp", "plain", "ports", "ports", "ports", "ports"])
    )
    if kind == "ports":
        rule["protocol"] = draw(st.sampled_from(PORT_PROTOCOLS[:4] * 3 + PORT_PROTOCOLS[4:]))
        if draw(st.integers(0, 3)):
            ends = sorted((draw(st.sampled_from(EDGES)), draw(st.sampled_from(EDGES))))
            rule["port_range_min"], rule["port_range_max"] = ends
    elif kind == "plain":
        rule["protocol"] = draw(st.sampled_from(PLAIN_PROTOCOLS))
    elif kind == "icmp":
        rule["protocol"] = draw(st.sampled_from(ICMP_NAMES[ethertype]))
        rule["port_range_min"] = draw(st.sampled_from([None, *ICMP_TYPES[ethertype]]))
        if rule["port_range_min"] is not None:
            rule["port_range_max"] = draw(st.sampled_from([None, 0, 0, 1]))
    remote = draw(st.sampled_from(REMOTES))
    if remote == "prefix":
        rule["remote_ip_prefix"] = draw(prefixes(ethertype))
    elif remote == "group":
        rule["remote_group_id"] = draw(st.sampled_from([*GROUPS * 2, "unknown"]))
    elif remote == "addresses":
        rule["remote_address_group_id"] = "unknown"
    return rule


@st.composite
def groups(draw: st.DrawFn, name: str) -> Json:
    """A group; most let everything out, as Neutron's groups do at birth."""
    meant = [draw(rules(name, n)) for n in range(draw(st.sampled_from([5, 6, 4, 3, 1, 0])))]
    if draw(st.integers(0, 7)):
        for ethertype, version in VERSIONS.items():
            born = dict.fromkeys(
                (
                    "protocol", "port_range_min", "port_range_max", "remote_ip_prefix",
                    "remote_group_id", "remote_address_group_id",
                )
            )  # fmt: skip
            meant.append(
                born
                | {"id": f"{name}-out{version}", "security_group_id": name}
                | {"direction": "egress", "ethertype": ethertype}
            )
    return {"id": name, "name": name, "stateful": True, "security_group_rules": meant}


@st.composite
def ports(draw: st.DrawFn, number: int) -> Json:
    """A port with addresses of both families, now and then several, or pairs, or no security."""
    fixed = [ADDRESSES[each][0] % number for each in VERSIONS]
    pairs: list[Json] = []
    for ethertype in VERSIONS:
        if not draw(st.integers(0, 5)):
            fixed.append(ADDRESSES[ethertype][1] % number)
        if not draw(st.integers(0, 4)):
            pair = {"ip_address": draw(prefixes(ethertype))}
            others = {"mac_address": mac(0x40 + number)} if draw(st.booleans()) else {}
            pairs.append(pair | others)
    secured = draw(st.integers(0, 9)) > 0
    worn = draw(st.sampled_from(WORN)) if secured else ()
    return {
        "id": f"p{number}",
        "network_id": draw(st.sampled_from(["net-a"] * 9 + ["net-b"])),
        "mac_address": mac(number),
        "fixed_ips": [{"ip_address": each} for each in fixed],
        "allowed_address_pairs": pairs,
        "security_groups": list(worn),
        "port_security_enabled": secured,
    }


@st.composite
def policies(draw: st.DrawFn) -> Json:
    """A whole policy: three groups, five ports on two networks."""
    return {
        "networks": ["net-a", "net-b"],
        "security_groups": [draw(groups(name)) for name in GROUPS],
        "ports": [draw(ports(n)) for n in range(1, len(PORTS) + 1)],
        "address_groups": {},
    }


@st.composite
def frames(draw: st.DrawFn, policy: Json) -> tuple[str, Json]:
    """A frame and the port that sends it; most often honest, to a port of its own network."""
    sender: Json = draw(st.sampled_from(policy["ports"]))
    ethertype = draw(ethertypes)
    others = [port for port in policy["ports"] if port is not sender]
    near = [port for port in others if port["network_id"] == sender["network_id"]]
    far = draw(st.integers(0, 9)) == 0
    receiver: Json = draw(st.sampled_from(others if far or not near else near))
    frame: Json = {"ethertype": ethertype} | draw(sources(sender, ethertype))
    if draw(st.integers(0, 7)):
        frame["destination_mac"] = receiver["mac_address"]
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
    ]
    return sender["id"], frame | draw(transports(meant, ethertype))


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
def transports(draw: st.DrawFn, meant: list[Json], ethertype: str) -> Json:
    """What a packet carries: by the wording of some rule, or at its edges, or anything."""
    icmp = 1 if ethertype == "IPv4" else 58
    numbers = [6, 6, 17, 17, icmp, icmp, *PORTS_NOT_KEPT, 47, 50, 4, 112, 2, 200, 255, 253]
    if ethertype == "IPv4":
        numbers += [0, 44, 51]
    low: Any = None
    high: Any = None
    by_rule = draw(st.integers(0, 3)) > 0
    if meant and by_rule:
        rule: Json = draw(st.sampled_from(meant))
        number = protocol_number(rule)
        if number in numbers:
            numbers = [number]
            low, high = rule["port_range_min"], rule["port_range_max"]
    protocol = draw(st.sampled_from(numbers))
    if protocol == icmp:
        types = [low] * 4 if low is not None else []
        return {
            "protocol": protocol,
            "icmp_type": draw(st.sampled_from([*types, *types, *ICMP_TYPES[ethertype]])),
            "icmp_code": draw(st.sampled_from([0, 0, 0, 1])),
        }
    if protocol in (6, 17, *PORTS_NOT_KEPT):
        edges = EDGES if low is None else (low, low, high, high, low - 1, high + 1)
        valid = [each for each in edges if 1 <= each <= 0xFFFF]
        return {"protocol": protocol, "destination_port": draw(st.sampled_from(valid))}
    return {"protocol": protocol}
