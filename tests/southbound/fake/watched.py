"""A fake switch whose flows show every packet to the agent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from damselfly.flow.delta import Delta
from damselfly.flow.text import parse_flows
from damselfly.southbound.fake import FakeSwitch
from damselfly.southbound.switch import PacketIn

COMMIT = """
table=0,ip actions=ct(table=1,zone=1)
table=0,ipv6 actions=ct(table=1,zone=1)
table=1,ip,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label)),controller(pause)
table=1,ipv6,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label)),controller(pause)
table=1,priority=0 actions=controller(pause)
"""
WATCH = COMMIT.replace("ct(commit,zone=1,exec(set_field:7->ct_label)),", "")
# The state is shown before the commit hides it.
SHOW = (
    WATCH.replace("controller(pause)", "controller(pause),resubmit(,2)")
    + """
table=2,ip,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label))
table=2,ipv6,ct_state=-inv actions=ct(commit,zone=1,exec(set_field:7->ct_label))
"""
)


class Watched(FakeSwitch):
    """Shows what the tracker said of each packet, where its flows pause packets."""

    def __init__(self, flows: str) -> None:
        super().__init__()
        self.seen: list[PacketIn] = []
        self.on_packet_in = self.seen.append
        asyncio.run(self.apply(Delta(add=tuple(parse_flows(flows)))))

    def see(self, packet: Packet) -> PacketIn:
        """Send a packet in; return what the agent was shown."""
        return self.see_all([packet])[0]

    def see_all(self, packets: Iterable[Packet]) -> list[PacketIn]:
        self.seen.clear()
        for packet in packets:
            self.inject(1, bytes(Ether() / packet))
        return self.seen


def there(body: Packet) -> Packet:
    return IP(src="10.0.0.1", dst="10.0.0.2") / body


def back(body: Packet) -> Packet:
    return IP(src="10.0.0.2", dst="10.0.0.1") / body


def there6(body: Packet) -> Packet:
    return IPv6(src="fd00::1", dst="fd00::2") / body


def back6(body: Packet) -> Packet:
    return IPv6(src="fd00::2", dst="fd00::1") / body
