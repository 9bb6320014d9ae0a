"""Part 5: an outsider scans all TCP ports; verdicts grow with the policy, not with the packets."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

from rich.table import Table
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

from demo.score import Score
from demo.stage import Stage
from demo.tables import verdicts
from lab.frames import Frames
from lab.vm import VM

_MOST = 64
"""Verdicts that a scan may leave, at any rate."""
_RATE = 10_000
"""Packets a second that are sent."""
_SOURCE_PORT = 50_000
_PORTS = range(1, 65536)
_SOURCE_AT, _DESTINATION_AT, _CHECKSUM_AT = 34, 36, 50
"""Offsets in an Ethernet frame with IPv4 and TCP, both without options."""
_IPV4 = bytes.fromhex("080045")


def show(stage: Stage, score: Score) -> None:
    """Scan a VM with three open ports, and the one in the default group."""
    table = Table("scanned", "packets", "answered", "new verdicts", "packets to the agent")
    table.box, table.header_style, table.pad_edge = None, "bold", False
    opened: dict[str, set[int]] = {"web-1": {80, 443, 8443}, "stray": set()}
    for name, expected in opened.items():
        verdicts_before, asked_before = verdicts(stage).total, stage.packets_to_agent()
        answered = _scan(stage.vms["attacker"], stage.vms[name])
        new = verdicts(stage).total - verdicts_before
        asked = stage.packets_to_agent() - asked_before
        table.add_row(name, str(len(_PORTS)), _spelt(answered), str(new), str(asked))
        score.count(f"the scan of {name} finds {_spelt(expected)}", met=answered == expected)
        score.count(f"the scan of {name} leaves at most {_MOST} verdicts", met=new <= _MOST)
    score.table(table)
    before = verdicts(stage).total
    _scan(stage.vms["attacker"], stage.vms["web-1"])
    after = verdicts(stage).total
    score.expect("the same scan again adds no verdict", met=after == before, seen=f"{after} in all")


def _scan(source: VM, target: VM) -> set[int]:
    """Send a SYN to every port and return the ports that answered in any way."""
    with Frames(source) as wire:
        started = time.monotonic()
        for sent, frame in enumerate(_syns(source, target)):
            if sent % 50 == 0:
                time.sleep(max(0.0, started + sent / _RATE - time.monotonic()))
            wire.send(frame)
        mac = bytes.fromhex(target.mac.replace(":", ""))
        return {port for frame in wire.receive(0.5) if (port := _answering(frame, mac))}


def _syns(source: VM, target: VM) -> Iterator[bytes]:
    """Make the SYN for every port from one that scapy made for port 0."""
    frame = Ether(src=source.mac, dst=target.mac) / IP(src=source.ipv4, dst=target.ipv4)
    template = bytearray(bytes(frame / TCP(sport=_SOURCE_PORT, dport=0, flags="S")))
    (checksum,) = struct.unpack_from("!H", template, _CHECKSUM_AT)
    for port in _PORTS:
        total = (~checksum & 0xFFFF) + port
        struct.pack_into("!H", template, _DESTINATION_AT, port)
        struct.pack_into("!H", template, _CHECKSUM_AT, ~(total + (total >> 16)) & 0xFFFF)
        yield bytes(template)


def _answering(frame: bytes, mac: bytes) -> int | None:
    """Return the TCP source port of an answer to the scan; None for any other frame."""
    if len(frame) <= _CHECKSUM_AT or frame[6:12] != mac or frame[12:15] != _IPV4 or frame[23] != 6:
        return None
    source, destination = struct.unpack_from("!HH", frame, _SOURCE_AT)
    return int(source) if destination == _SOURCE_PORT else None


def _spelt(ports: set[int]) -> str:
    few = ", ".join(map(str, sorted(ports)[:5])) or "none"
    return few if len(ports) <= 5 else f"{few} ... {len(ports)} in all"
