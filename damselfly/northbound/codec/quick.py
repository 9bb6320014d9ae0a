"""Rules as this version writes them, read without looking at field after field.

A host may need hundreds of thousands of rules at once, nearly all of them plain.  What does not
look just like one is left to :func:`.objects.decode`, which accepts it or says what is wrong.
"""

from __future__ import annotations

import re
from functools import lru_cache
from sys import intern

from damselfly.model.address import FAMILY_BY_NAME, Family, Prefix
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, PORT_PROTOCOLS, PROTOCOL_NUMBERS, Rule

from .values import prefix

_ID = r"[\w.~:@+,=!*'()\[\]&$; -]{1,255}"
"""An id that stands in its key as it is; see :mod:`damselfly.northbound.keys`."""
_NUMBER = r"0|[1-9][0-9]{0,4}"
_RULE = re.compile(
    r'\{"direction":"(ingress|egress)","ethertype":"(IPv[46])",'
    rf'"id":"({_ID})"'
    rf'(?:,"port_range_max":({_NUMBER}))?'
    rf'(?:,"port_range_min":({_NUMBER}))?'
    rf'(?:,"protocol":(?:"([a-z0-9-]+)"|({_NUMBER})))?'
    rf'(?:,"remote_address_group_id":"({_ID})")?'
    rf'(?:,"remote_group_id":"({_ID})")?'
    r'(?:,"remote_ip_prefix":"([0-9a-f.:/]+)")?'
    rf',"security_group_id":"({_ID})","v":1\}}',
    re.ASCII,
)
_DIRECTIONS = {direction.value: direction for direction in Direction}
_Ports = tuple[int | None, int | None]


def quick_rule(key: str, data: bytes) -> Rule | None:
    """Read a plain rule; None where it is not one, or something is wrong with it."""
    if not key.startswith("/rule/"):
        return None
    try:
        seen = _RULE.fullmatch(data.decode("ascii"))
    except UnicodeDecodeError:
        return None
    if seen is None:
        return None
    way, ethertype, rule_id, high, low, name, number, listed, group, cidr, own = seen.groups()
    family = FAMILY_BY_NAME[ethertype]
    try:
        protocol = _protocol(name, number)
        remote = None if cidr is None else _prefix(cidr)
    except (KeyError, ValueError):
        return None
    ports = None if low is None else int(low), None if high is None else int(high)
    plain = (
        key == f"/rule/{own}/{rule_id}"
        and (listed, group, cidr).count(None) >= 2
        and (remote is None or remote.family is family)
        and _are_plain(family, protocol, ports)
    )
    if not plain:
        return None
    group = group and intern(group)
    own = intern(own)
    return Rule(rule_id, own, _DIRECTIONS[way], family, protocol, *ports, remote, group, listed)


def _protocol(name: str | None, number: str | None) -> int | None:
    if name is not None:
        return PROTOCOL_NUMBERS[name]
    return None if number is None else int(number)


def _are_plain(family: Family, protocol: int | None, ports: _Ports) -> bool:
    """Tell whether nothing can be wrong with the protocol and the ports, nor be another's name."""
    if protocol in ICMP_PROTOCOLS and protocol != family.icmp:
        return False
    low, high = ports
    if low is None or high is None:
        return low is high and (protocol is None or protocol <= 255)
    return protocol in PORT_PROTOCOLS and low <= high <= 0xFFFF


@lru_cache(maxsize=1 << 16)
def _prefix(text: str) -> Prefix:
    return prefix(text)
