"""Random TCP segments of few conversations."""

from __future__ import annotations

from hypothesis import strategies as st
from scapy.layers.inet import TCP
from scapy.packet import Packet, Raw

ports = st.sampled_from((80, 1000, 1001))
sequences = st.sampled_from((0, 1, 2, 3, 100, 70000, 2**31, 2**32 - 1))
flags = st.sampled_from(("S", "SA", "A", "PA", "FA", "R", "RA", "", "F", "SF", "S", "SA", "A"))
payloads = st.sampled_from((b"", b"x", b"y" * 700))


@st.composite
def segments(draw: st.DrawFn) -> Packet:
    """TCP segments of few conversations."""
    options = draw(st.sampled_from(([], [("WScale", 7)], [("NOP", None), ("WScale", 2)])))
    return TCP(
        sport=draw(ports),
        dport=draw(ports),
        flags=draw(flags),
        seq=draw(sequences),
        ack=draw(sequences),
        window=draw(st.sampled_from((0, 1, 8192, 65535))),
        options=options,
    ) / Raw(draw(payloads))
