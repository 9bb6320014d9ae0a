"""Where each object lives in the store: the layout of ``store.py``'s docstring, written once.

Ids may hold any text; what would break a path (``/`` and ``%``) is percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, unquote

NETWORK, SUBNET, PORT, GROUP, RULE = "network", "subnet", "port", "group", "rule"
ADDRESS_GROUP = "address-group"
MEMBER, NETWORK_PORT, SEGMENT, STATUS = "member", "network-port", "segment", "status"
NETWORK_SUBNET = "network-subnet"
ROUTER, ROUTER_INTERFACE = "router", "router-interface"

POLICY = (NETWORK, SUBNET, PORT, ADDRESS_GROUP, GROUP, RULE)
POLICY_PREFIXES = tuple(f"/{kind}/" for kind in POLICY)
"""What a reader of the whole policy asks for; the index entries repeat what is there."""
INDEX = (MEMBER, NETWORK_PORT, NETWORK_SUBNET, SEGMENT)
INDEX_PREFIXES = tuple(f"/{kind}/" for kind in INDEX)
TOPOLOGY_PREFIXES = tuple(f"/{kind}/" for kind in (ROUTER, ROUTER_INTERFACE))
"""Routers, which no agent asks for yet."""
STATUS_PREFIX = f"/{STATUS}/agent/"

_PLAIN = ":@+,=!*'()[]&$; "
_NEEDS_NOTHING = re.compile(rf"[\w.~{re.escape(_PLAIN)}-]*", re.ASCII)
"""What stays as it is, as nearly every id does; looking is far cheaper than encoding."""


class Key(NamedTuple):
    """A key taken apart: the kind of object and the ids on its path."""

    kind: str
    ids: tuple[str, ...]


def parse(key: str) -> Key:
    """Take a key apart; the inverse of the functions below.  Any text is accepted."""
    kind, *ids = key.removeprefix("/").split("/")
    return Key(kind, tuple(map(unquote, ids) if "%" in key else ids))


def _path(*parts: str) -> str:
    path = "/" + "/".join(parts)
    if _NEEDS_NOTHING.fullmatch(path.replace("/", "", len(parts))):
        return path
    return "/" + "/".join(quote(part, safe=_PLAIN) for part in parts)


def network(network_id: str) -> str:
    """Return the key of a network."""
    return _path(NETWORK, network_id)


def subnet(subnet_id: str) -> str:
    """Return the key of a subnet."""
    return _path(SUBNET, subnet_id)


def port(port_id: str) -> str:
    """Return the key of a port."""
    return _path(PORT, port_id)


def address_group(group_id: str) -> str:
    """Return the key of an address group."""
    return _path(ADDRESS_GROUP, group_id)


def group(group_id: str) -> str:
    """Return the key of a security group's header; its rules have keys of their own."""
    return _path(GROUP, group_id)


def rule(group_id: str, rule_id: str) -> str:
    """Return the key of a rule."""
    return _path(RULE, group_id, rule_id)


def rules_of(group_id: str) -> str:
    """Return the prefix under which a group's rules live."""
    return _path(RULE, group_id) + "/"


def member(group_id: str, port_id: str) -> str:
    """Return the index entry that says which addresses a port brings into a group."""
    return _path(MEMBER, group_id, port_id)


def members_of(group_id: str) -> str:
    """Return the prefix of a group's index entries."""
    return _path(MEMBER, group_id) + "/"


def network_port(network_id: str, port_id: str) -> str:
    """Return the index entry that says where a network's port is."""
    return _path(NETWORK_PORT, network_id, port_id)


def network_ports_of(network_id: str) -> str:
    """Return the prefix of a network's index entries."""
    return _path(NETWORK_PORT, network_id) + "/"


def network_subnet(network_id: str, subnet_id: str) -> str:
    """Return the index entry that says that a subnet is a network's."""
    return _path(NETWORK_SUBNET, network_id, subnet_id)


def network_subnets_of(network_id: str) -> str:
    """Return the prefix of a network's index entries for its subnets."""
    return _path(NETWORK_SUBNET, network_id) + "/"


def segment(segmentation_id: int) -> str:
    """Return the key that says which network owns a segmentation id."""
    return _path(SEGMENT, str(segmentation_id))


def router(router_id: str) -> str:
    """Return the key of a router."""
    return _path(ROUTER, router_id)


def router_interface(router_id: str, port_id: str) -> str:
    """Return the key of a router's interface, which is a port."""
    return _path(ROUTER_INTERFACE, router_id, port_id)


def agent_status(host: str) -> str:
    """Return the key under which the agent of a host says how it is."""
    return STATUS_PREFIX + quote(host, safe=_PLAIN)


KEY_OF: dict[str, Callable[[str], str]] = {
    NETWORK: network,
    SUBNET: subnet,
    PORT: port,
    ADDRESS_GROUP: address_group,
    GROUP: group,
}
"""The key function of each kind that lives under one id."""


def is_regular(key: str) -> bool:
    """Tell whether the key is just as these functions write the key of a policy object."""
    kind, ids = parse(key)
    if kind == RULE:
        return len(ids) == 2 and rule(*ids) == key
    return kind in KEY_OF and len(ids) == 1 and KEY_OF[kind](ids[0]) == key
