"""What the demonstration asks of Neutron: a network, groups and their rules, machines."""

from __future__ import annotations

NETWORK = "shop"
SUBNETS = {"shop-v4": ("4", "10.20.0.0/24"), "shop-v6": ("6", "fd20::/64")}

GROUPS = {"bastion": (), "web": (), "db": (), "dns": ("--stateless",)}
"""The groups, with more words for the client."""

ADDRESS_GROUP = "operators"
"""Lists the bastion's address, as soon as it has one."""

RULES: tuple[tuple[str, ...], ...] = (
    ("bastion", "--ethertype", "IPv4", "--protocol", "icmp"),
    ("web", "--ethertype", "IPv4", "--protocol", "tcp", "--dst-port", "80"),
    ("web", "--ethertype", "IPv6", "--protocol", "tcp", "--dst-port", "80"),
    ("web", "--ethertype", "IPv4", "--protocol", "tcp", "--dst-port", "22",
     "--remote-group", "bastion"),
    ("web", "--ethertype", "IPv6", "--protocol", "tcp", "--dst-port", "22",
     "--remote-group", "bastion"),
    ("db", "--ethertype", "IPv4", "--protocol", "tcp", "--dst-port", "5432",
     "--remote-group", "web"),
    ("db", "--ethertype", "IPv6", "--protocol", "tcp", "--dst-port", "5432",
     "--remote-group", "web"),
    ("db", "--ethertype", "IPv4", "--protocol", "tcp", "--dst-port", "22",
     "--remote-address-group", ADDRESS_GROUP),
    ("dns", "--ethertype", "IPv4", "--protocol", "udp", "--dst-port", "53"),
    ("dns", "--ethertype", "IPv6", "--protocol", "udp", "--dst-port", "53"),
)  # fmt: skip
"""What comes in; a group is made with rules that let everything out."""

MACHINES = {
    "bastion": "bastion",
    "web-1": "web",
    "db-1": "db",
    "dns-1": "dns",
    "attacker": None,
}
"""The machines and their groups; None: the project's default group."""
