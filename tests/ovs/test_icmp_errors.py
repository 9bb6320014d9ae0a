"""ICMP errors on the wire of a real switch: those about a live connection arrive, and no others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6Unknown, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from damselfly.model.address import IPV4, IPV6
from damselfly.model.group import Rule, SecurityGroup
from lab.frames import Frames
from tests.ovs.site import EGRESS, Site, mac, port, vm

pytestmark = pytest.mark.ovs

OUT = SecurityGroup(
    "out", "out", (Rule("o4", "out", EGRESS, IPV4), Rule("o6", "out", EGRESS, IPV6))
)
HEADERS: dict[str, tuple[Packet, Packet]] = {
    "IPv4": (IP(src="10.0.0.1", dst="10.0.0.3"), IP(src="10.0.0.3", dst="10.0.0.1")),
    "IPv6": (IPv6(src="fd00::1", dst="fd00::3"), IPv6(src="fd00::3", dst="fd00::1")),
}
"""From VM 1 to VM 3, and back."""
ERRORS = {"IPv4": [(3, 3), (3, 4), (11, 0), (12, 0)], "IPv6": [(1, 4), (2, 0), (3, 0), (4, 1)]}
"""Types and codes: unreachable, too big, time exceeded, malformed (RFC 792, RFC 4443)."""
CASES = [(family, kind, code) for family, kinds in ERRORS.items() for kind, code in kinds]


class Talk:
    """VM 1, which lets everything out and nothing in, sends to VM 3, which may complain."""

    def __init__(self, site: Site, near: Frames, far: Frames) -> None:
        self.site, self.near, self.far = site, near, far

    def say(self, family: str, number: int) -> bytes:
        """Have VM 1 send a datagram from some port; return it as it left."""
        there, _ = HEADERS[family]
        sent = Ether(src=mac(1), dst=mac(3)) / there / UDP(sport=number, dport=9) / b"hello"
        self.near.send(sent)
        return bytes(sent)

    def complain(self, family: str, error: tuple[int, int], number: int) -> bytes:
        """Have VM 3 send an error that quotes the datagram from that port; return it."""
        there, back = HEADERS[family]
        quoted = bytes(there / UDP(sport=number, dport=9) / b"hello")
        kind, code = error
        if family == "IPv4":
            body = ICMP(type=kind, code=code, nexthopmtu=1200) / quoted
        else:
            body = ICMPv6Unknown(type=kind, code=code) / Raw((1280).to_bytes(4) + quoted)
        frame = bytes(Ether(src=mac(3), dst=mac(1)) / back / body)
        self.far.send(frame)
        return frame

    def hears(self, frame: bytes, wait: float = 2.0) -> bool:
        """Tell whether a frame reaches VM 1."""
        return self.near.expect(frame.__eq__, wait) is not None


@pytest.fixture
def talk(site: Site) -> Iterator[Talk]:
    """VM 1 has sent from port 5000, over both families."""
    far = vm(site.hypervisor, 3)
    open_port = replace(port(3), port_security_enabled=False, security_groups=())
    site.apply(OUT, replace(port(1), security_groups=("out",)), open_port)
    with Frames(site.one) as near, Frames(far) as wire:
        made = Talk(site, near, wire)
        for family in HEADERS:
            assert wire.expect(made.say(family, 5000).__eq__) is not None
        yield made


def test_an_error_arrives_where_it_quotes_a_live_connection_and_only_there(talk: Talk) -> None:
    for family, kind, code in CASES:
        stray = talk.complain(family, (kind, code), 5001)
        meant = talk.complain(family, (kind, code), 5000)
        seen = set(talk.near.receive())
        assert meant in seen or talk.hears(meant), (family, kind, code)
        assert stray not in seen, (family, kind, code)


def test_no_error_about_a_connection_that_was_revoked_arrives(talk: Talk) -> None:
    for rule in OUT.rules:
        talk.site.delete_rule(rule.id, "out")
    time.sleep(0.3)  # What the datapath remembers of before goes a moment later (docs/limits.md).
    refused = [talk.complain(family, (kind, code), 5000) for family, kind, code in CASES]
    assert not set(refused) & set(talk.near.receive(0.5))


def test_an_error_arrives_about_a_connection_that_is_allowed_again(talk: Talk) -> None:
    """It was judged again at its next packet; what is not judged yet is not believed yet."""
    talk.site.delete_rule("o4", "out")
    talk.site.apply(OUT)
    talk.say("IPv4", 5000)
    assert talk.hears(talk.complain("IPv4", (3, 4), 5000))
