"""Part 5: an outsider scans all TCP ports; verdicts grow with the policy, not with the packets."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

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
_OPEN = {80, 443, 8443}
_RATE = 10_000
"""Packets a second that are sent."""
_SOURCE_PORT = 50_000
_PORTS = range(1, 65536)
_SOURCE_AT, _DESTINATION_AT, _CHECKSUM_AT = 34, 36, 50
"""Offsets in an Ethernet frame with IPv4 and TCP, both without options."""
_IPV4 = bytes.fromhex("080045")


class Load(NamedTuple):
    """What scans may add to."""

    verdicts: int
    """In the whole table."""
    asked: int
    """Packets that reached the agent."""


class Scan(NamedTuple):
    """What came of sending a SYN to every port of a VM."""

    target: str
    answered: set[int]
    before: Load
    after: Load


def show(stage: Stage, score: Score) -> None:
    """Scan a VM with three open ports, twice as scanners do, and the one in the default group."""
    score.say(f"A SYN to each of {len(_PORTS)} ports, {_RATE} a second, from attacker:")
    first, again, stray = scans = list(_scans(stage, ("web-1", "web-1", "stray")))
    score.table(_table(scans))
    opened = first.answered | again.answered
    score.expect("web-1: what its rules open answers, and nothing else", met=opened == _OPEN)
    score.expect("stray: nothing answers", met=not stray.answered)
    for name, before, after in (("web-1", first, again), ("stray", stray, stray)):
        added = after.after.verdicts - before.before.verdicts
        score.expect(f"{name}: at most {_MOST} new verdicts", met=added <= _MOST, seen=str(added))


def _scans(stage: Stage, targets: Iterable[str]) -> Iterator[Scan]:
    before = _load(stage)
    for name in targets:
        answered = _answers(stage.vms["attacker"], stage.vms[name])
        after = _load(stage)
        yield Scan(name, answered, before, after)
        before = after


def _load(stage: Stage) -> Load:
    return Load(verdicts(stage).total, stage.packets_to_agent())


def _table(scans: list[Scan]) -> Table:
    table = Table(
        "scanned", "answered", "verdicts before", "after", "packets to the agent", box=None
    )
    table.header_style, table.pad_edge = "bold", False
    for scan in scans:
        asked = scan.after.asked - scan.before.asked
        numbers = (scan.before.verdicts, scan.after.verdicts, asked)
        table.add_row(scan.target, _spelt(scan.answered), *map(str, numbers))
    return table


def _answers(source: VM, target: VM) -> set[int]:
    """Send a SYN to every port and return the ports that answered in any way."""
    mac = bytes.fromhex(target.mac.replace(":", ""))
    with Frames(source) as wire:
        started = time.monotonic()
        for sent, frame in enumerate(_syns(source, target)):
            if sent % 50 == 0:
                time.sleep(max(0.0, started + sent / _RATE - time.monotonic()))
            wire.send(frame)
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
