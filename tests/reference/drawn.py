"""Random policies in the form of Neutron's API: much is allowed, and much is not.

They cover the whole rule model but for what Neutron itself refuses (a code without a type, port 0,
a prefix of the wrong family).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from .evaluator import Json

GROUPS = ("g0", "g1", "g2")
LISTS = ("a0", "a1")
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
REMOTES = (None, None, None, None, "prefix", "prefix", "group", "group", "group", "list", "list")
WORN = (
    ("g0", "g1"), ("g0",), ("g1",), ("g1", "g2"), ("g2",), ("g2", "g0", "g1"),
    ("g0", "unknown"), (),
)  # fmt: skip
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
        rule["port_range_min"] = draw(st.sampled_from([None, None, None, *ICMP_TYPES[ethertype]]))
        if rule["port_range_min"] is not None:
            rule["port_range_max"] = draw(st.sampled_from([None, None, 0, 0, 1]))
    remote = draw(st.sampled_from(REMOTES))
    if remote == "prefix":
        rule["remote_ip_prefix"] = draw(prefixes(ethertype))
    elif remote == "group":
        rule["remote_group_id"] = draw(st.sampled_from([*GROUPS * 2, "unknown"]))
    elif remote == "list":
        rule["remote_address_group_id"] = draw(st.sampled_from([*LISTS * 2, "unknown"]))
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
    stateful = draw(st.sampled_from([True, False] if name == "g2" else [True, True, True, False]))
    return {"id": name, "name": name, "stateful": stateful, "security_group_rules": meant}


@st.composite
def address_groups(draw: st.DrawFn, name: str) -> Json:
    """An address group, of one family or both."""
    listed = st.lists(ethertypes.flatmap(prefixes), max_size=4)
    return {"id": name, "name": name, "addresses": draw(listed)}


@st.composite
def ports(draw: st.DrawFn, number: int, stateful: dict[str, bool]) -> Json:
    """A port with addresses of both families, now and then several, or pairs, or no security.

    Its groups are all of one kind, that of the first.
    """
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
    kinds = [stateful[name] for name in worn if name in stateful]
    worn = tuple(name for name in worn if stateful.get(name, kinds[0]) is kinds[0])
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
    """A whole policy: five ports on two networks, and the groups that they name."""
    meant = [draw(groups(name)) for name in GROUPS]
    kinds = {group["id"]: group["stateful"] for group in meant}
    return {
        "networks": ["net-a", "net-b"],
        "security_groups": meant,
        "ports": [draw(ports(n, kinds)) for n in range(1, len(PORTS) + 1)],
        "address_groups": [draw(address_groups(name)) for name in LISTS],
    }
