"""Whatever the bytes are, a decoder raises ProtocolError or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from damselfly.flow.action import Foreign
from damselfly.southbound.openflow import ProtocolError
from damselfly.southbound.openflow.codec import actions, errors, match, packet_in, stats, wire

from .recorded import NAMES, recorded

DECODERS: list[Callable[[bytes], object]] = [
    stats.decode_flows,
    stats.decode_meters,
    stats.decode_meter_stats,
    stats.decode_datapath_id,
    packet_in.decode_packet_in,
    errors.decode_error,
    actions.decode_instructions,
    actions.decode_actions,
    lambda data: match.decode_match(data, 0, len(data)),
    lambda data: match.decode_values(data, 0, len(data)),
    lambda data: wire.Framer().feed(data),
]
MESSAGES = [message for name in NAMES for message in recorded(name)]


def decode_all(data: bytes) -> None:
    for decode in DECODERS:
        with suppress(ProtocolError):
            decode(data)


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    decode_all(data)


@given(st.sampled_from(MESSAGES), st.data())
@settings(max_examples=400)
def test_messages_of_the_switch_with_bytes_changed(message: bytes, data: st.DataObject) -> None:
    changed = bytearray(message)
    places = st.integers(0, len(message) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        changed[place] = value
    decode_all(bytes(changed))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message[:8].hex())
def test_messages_of_the_switch_cut_off_anywhere(message: bytes) -> None:
    for length in range(len(message)):
        decode_all(message[:length])


def test_actions_nested_without_end_are_foreign() -> None:
    nested = b""
    while len(nested) < 60_000:
        length = 24 + len(nested)
        head = b"\xff\xff" + length.to_bytes(2, "big") + bytes.fromhex("000023200023") + bytes(14)
        nested = head + nested
    (action,) = actions.decode_actions(nested)
    assert action == Foreign(nested)


def test_a_flow_that_is_cut_off_is_no_flow() -> None:
    (answer,) = recorded("flows")
    with pytest.raises(ProtocolError):
        stats.decode_flows(answer[:-8])


def test_a_property_that_ends_behind_the_message_is_refused() -> None:
    (message,) = recorded("packet_in")
    with pytest.raises(ProtocolError):
        packet_in.decode_packet_in(message[:-1])


def test_a_packet_that_was_not_paused_cannot_go_on() -> None:
    (message,) = recorded("packet_in")
    packet = packet_in.decode_packet_in(message[: message.index(bytes.fromhex("00080048"))])
    with pytest.raises(ProtocolError):
        packet_in.encode_resume(packet, 1)


@pytest.mark.parametrize("first", ["0000000800000001", "04000007 00000001", "04000000 00000001"])
def test_a_stream_out_of_step_is_given_up(first: str) -> None:
    with pytest.raises(ProtocolError):
        wire.Framer().feed(bytes.fromhex(first))


@given(st.lists(st.sampled_from(MESSAGES), max_size=8), st.data())
def test_messages_are_found_however_the_stream_is_cut(
    messages: list[bytes], data: st.DataObject
) -> None:
    stream, framer, found = b"".join(messages), wire.Framer(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += framer.feed(stream[:size])
        stream = stream[size:]
    assert found == messages
