"""Random sequences of frames: of every kind, or of one TCP connection; some of them hostile."""

from __future__ import annotations

from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6PacketTooBig,
    IPv6,
)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from .frames import Sent, Way, fragmented, neighbours, tracked
from .tcp import flags, payloads, sequences


@st.composite
def errors(draw: st.DrawFn, earlier: list[Sent]) -> Sent:
    """An ICMP error about an earlier packet, sent by whom it was sent to, or not."""
    about = draw(st.sampled_from(earlier))
    packet = Ether(about.frame).payload
    is_v6 = isinstance(packet, IPv6)
    right = draw(st.integers(0, 3)) > 0
    way = Way(2 - about.ofport if right else about.ofport - 1, is_v6)
    quoted = bytes(packet)[: draw(st.sampled_from((20, 28, 36, 48, 60, 576)))]
    if is_v6:
        head = draw(st.sampled_from((ICMPv6DestUnreach, ICMPv6PacketTooBig)))()
    else:
        head = ICMP(type=draw(st.sampled_from((3, 4, 5, 11, 12))), code=0)
    return way.send(way.network / head / Raw(quoted))


@st.composite
def spoilt(draw: st.DrawFn, earlier: list[Sent]) -> Sent:
    """An earlier frame cut short, padded, tagged or with a byte changed."""
    port, frame = draw(st.sampled_from(earlier))
    how = draw(st.integers(0, 3))
    if len(frame) == 14:
        return Sent(port, frame)
    at = draw(st.integers(14, len(frame) - 1))
    if how == 0:
        return Sent(port, frame[:at])
    if how == 1 and len(frame) < 1000:
        return Sent(port, frame + bytes(draw(st.sampled_from((1, 6, 255, 256)))))
    if how == 2:
        return Sent(port, frame[:12] + b"\x81\x00\x00\x05" + frame[12:])
    return Sent(
        port, frame[:at] + bytes([frame[at] ^ 1 << draw(st.integers(0, 7))]) + frame[at + 1 :]
    )


@st.composite
def answers(draw: st.DrawFn, earlier: list[Sent]) -> Sent:
    """What the other host may say to an earlier packet."""
    ofport, frame = draw(st.sampled_from(earlier))
    packet = Ether(frame).payload
    way = Way(2 - ofport, isinstance(packet, IPv6))
    body = packet.payload.copy()
    if isinstance(body, TCP):
        length = len(bytes(body.payload)) + bool(body.flags.S) + bool(body.flags.F)
        opening = body.flags.S and not body.flags.A
        ack = (body.seq + length) % 2**32
        flag = draw(st.sampled_from(("SA" if opening else "A", "A", "RA", "FA")))
        body = TCP(sport=body.dport, dport=body.sport, flags=flag, seq=body.ack, ack=ack)
    elif isinstance(body, UDP):
        body = UDP(sport=body.dport, dport=body.sport) / Raw(b"answer")
    elif isinstance(body, ICMP):
        body = ICMP(type=draw(st.sampled_from((0, 14, 16))), id=body.id)
    elif isinstance(body, ICMPv6EchoRequest):
        body = ICMPv6EchoReply(id=body.id)
    network = way.network
    if isinstance(packet, IP):
        network.proto = packet.proto
    elif isinstance(packet, IPv6):
        network.nh = packet.nh
    return way.send(network / body)


@st.composite
def traffic(draw: st.DrawFn) -> list[Sent]:
    """A sequence of frames in both directions."""
    sent: list[Sent] = []
    for _ in range(draw(st.integers(1, 14))):
        kind = draw(st.integers(0, 14))
        if kind == 0:
            sent += draw(fragmented())
        elif kind == 1:
            sent.append(draw(neighbours()))
        elif kind == 2 and sent:
            sent.append(draw(errors(sent)))
        elif kind == 3 and sent:
            sent.append(draw(spoilt(sent)))
        elif kind == 4 and sent:
            sent.append(draw(st.sampled_from(sent)))
        elif kind <= 9 and sent:
            sent.append(draw(answers(sent)))
        else:
            sent.append(draw(tracked()))
    return sent


@st.composite
def conversations(draw: st.DrawFn) -> list[Sent]:
    """One TCP connection, as its ends might see it: mostly what comes next, at times astray."""
    is_v6 = draw(st.booleans())
    scales = draw(st.tuples(st.sampled_from((None, 0, 7)), st.sampled_from((None, 2))))
    sequence = [draw(sequences), draw(sequences)]
    frames = []
    for _ in range(draw(st.integers(2, 14))):
        end = draw(st.integers(0, 1))
        flag, data = draw(flags), draw(payloads)
        scale = scales[end]
        options = [("WScale", scale)] if "S" in flag and scale is not None else []
        astray = draw(st.sampled_from((0, 0, 0, 0, 1, -1, 1460, -70000, 2**31)))
        segment = TCP(
            sport=1000 if end == 0 else 80,
            dport=80 if end == 0 else 1000,
            flags=flag,
            seq=(sequence[end] + astray) % 2**32,
            ack=(sequence[1 - end] + draw(st.sampled_from((0, 0, 0, 1, 70000)))) % 2**32,
            window=draw(st.sampled_from((0, 1, 500, 65535))),
            options=options,
        )
        way = Way(end, is_v6)
        frames.append(way.send(way.network / segment / Raw(data)))
        step = len(data) + ("S" in flag) + ("F" in flag)
        sequence[end] = (sequence[end] + step) % 2**32
    return frames
