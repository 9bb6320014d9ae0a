"""What the connection tracker holds, read over the control socket (``dpctl/dump-conntrack``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from damselfly.model.address import parse_address
from damselfly.model.group import ICMP_PROTOCOLS, PROTOCOL_NUMBERS
from damselfly.model.packet import Packet

from .unixctl import ask_vswitchd

_DATAPATHS = {"netdev": "netdev@ovs-netdev"}
_KERNEL = "system@ovs-system"
_DUMP = "dpctl/dump-conntrack"
_LINE = re.compile(r"(?P<protocol>\w+),orig=\((?P<tuple>[^)]*)\),reply=\([^)]*\)(?P<rest>.*)")
_FIELD = re.compile(r"\b(zone|mark|labels|timeout|state)=(\w+)")


class Tracked(NamedTuple):
    """One connection in one zone."""

    zone: int
    packet: Packet
    """The packet that opened it: the original tuple."""
    mark: int = 0
    label: int = 0
    state: str = ""
    """Of TCP, such as ``ESTABLISHED``."""
    timeout: int | None = None
    """Seconds until the entry is forgotten, unless another packet comes."""


async def tracked(rundir: Path, datapath_type: str, zone: int | None = None) -> list[Tracked]:
    """Read the connections of all zones, or of one, from the ovs-vswitchd of a directory.

    Raises SwitchGone where it does not answer, SwitchError where it has no such datapath.
    """
    wanted = [] if zone is None else [f"zone={zone}"]
    return list(parse(await ask_vswitchd(rundir, _DUMP, "-s", datapath_of(datapath_type), *wanted)))


def datapath_of(datapath_type: str) -> str:
    """Return the name by which ovs-vswitchd knows its datapath of a bridge's type."""
    return _DATAPATHS.get(datapath_type, _KERNEL)


def parse(text: str) -> Iterator[Tracked]:
    """Read the lines of a dump; those of protocols or in forms that are not known are left out."""
    for line in text.splitlines():
        found = _LINE.match(line)
        packet = None if found is None else _packet(found["protocol"], found["tuple"])
        if found is None or packet is None:
            continue
        said = dict(_FIELD.findall(found["rest"]))
        timeout = said.get("timeout")
        yield Tracked(
            zone=int(said.get("zone", "0")),
            packet=packet,
            mark=int(said.get("mark", "0"), 0),
            label=int(said.get("labels", "0"), 0),
            state=said.get("state", ""),
            timeout=None if timeout is None else int(timeout),
        )


def _packet(name: str, text: str) -> Packet | None:
    protocol = int(name) if name.isdecimal() else PROTOCOL_NUMBERS.get(name)
    said = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    try:
        family, source = parse_address(said["src"])
        other, destination = parse_address(said["dst"])
        names = ("type", "code") if protocol in ICMP_PROTOCOLS else ("sport", "dport")
        tp_src, tp_dst = (int(said.get(name, "0")) for name in names)
    except (KeyError, ValueError):
        return None
    if protocol is None or family is not other:
        return None
    return Packet(family, protocol, source, destination, tp_src, tp_dst)
