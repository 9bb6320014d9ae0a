"""The connection: order, deadlines, and what happens when the other end misbehaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from damselfly.errors import SwitchError, SwitchGone
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.southbound.openflow import OpenFlowSwitch, ProtocolError, connect
from damselfly.southbound.openflow.codec.wire import Type, message, xid_of
from damselfly.southbound.switch import FlowRefused, PacketIn

from .recorded import recorded
from .support.peer import Peer, confirm, refusal


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    made = Peer()
    server = await made.listen(tmp_path / "mgmt")
    yield made
    server.close()


@pytest.fixture
async def switch(peer: Peer, tmp_path: Path) -> AsyncIterator[OpenFlowSwitch]:
    connected = await connect(str(tmp_path / "mgmt"))
    yield connected
    await connected.close()


def flow(priority: int) -> Flow:
    return Flow(0, priority, match())


async def test_what_is_called_first_reaches_the_switch_first(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    paused: asyncio.Future[PacketIn] = asyncio.get_running_loop().create_future()
    switch.on_packet_in = paused.set_result
    peer.say(recorded("packet_in")[0])
    packet = await paused
    switch.add(flow(1))
    first = asyncio.ensure_future(switch.apply(Delta((flow(2), flow(3)))))
    await asyncio.sleep(0)
    switch.add(flow(4))
    second = asyncio.ensure_future(switch.apply(Delta((flow(5),), (flow(6).key,))))
    await asyncio.sleep(0)
    switch.resume(packet)
    switch.add(flow(7))
    await asyncio.gather(first, second)
    await switch.barrier()
    assert peer.kinds() == [
        *("flow 1", "open", "staged 2", "staged 3", "commit"),
        *("flow 4", "open", "staged 6", "staged 5", "commit"),
        *("resume", "flow 7"),
    ]


async def test_a_delta_of_which_a_part_is_refused_is_never_committed(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    def answer(request: bytes) -> bytes:
        return refusal(request) if b"\x00\x2a\xff\xff\xff\xff" in request else confirm(request)

    peer.answer = answer
    with pytest.raises(FlowRefused, match="BAD_PREREQ") as caught:
        await switch.apply(Delta((flow(41), flow(42), flow(43))))
    assert caught.value.flows == (flow(42).key,)
    assert peer.kinds()[-1] == "discard"


async def test_a_cancelled_apply_is_carried_out_and_blocks_nobody(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    task = asyncio.ensure_future(switch.apply(Delta((flow(1),))))
    await asyncio.sleep(0)
    task.cancel()
    switch.add(flow(2))
    await switch.barrier()
    assert peer.kinds() == ["open", "staged 1", "commit", "flow 2"]


async def test_an_echo_is_answered_with_what_it_carried(peer: Peer, switch: OpenFlowSwitch) -> None:
    peer.say(message(Type.ECHO_REQUEST, 77, b"are you there"))
    await switch.barrier()
    assert message(Type.ECHO_REPLY, 77, b"are you there") in peer.received


async def test_a_malformed_packet_is_counted_and_the_next_one_is_heard(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    packets: list[PacketIn] = []
    switch.on_packet_in = packets.append
    (good,) = recorded("packet_in")
    bad = good[:18] + b"\xff\xff" + good[20:]
    peer.say(bad + good)
    await switch.barrier()
    assert (switch.malformed, len(packets)) == (1, 1)


async def test_an_answer_in_parts_is_put_together(peer: Peer, switch: OpenFlowSwitch) -> None:
    (recording,) = recorded("flows")

    def answer(request: bytes) -> bytes:
        if request[1] != Type.MULTIPART_REQUEST:
            return confirm(request)
        last = recording[:4] + request[4:8] + recording[8:]
        return last[:11] + b"\x01" + last[12:] + last

    peer.answer = answer
    assert len(await switch.flows()) == 12


async def test_an_answer_that_makes_no_sense_raises_protocol_error(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    def answer(request: bytes) -> bytes:
        if request[1] != Type.MULTIPART_REQUEST:
            return confirm(request)
        return message(Type.MULTIPART_REPLY, xid_of(request), request[8:16] + bytes(100))

    peer.answer = answer
    with pytest.raises(ProtocolError):
        await switch.flows()
    with pytest.raises(ProtocolError):
        await switch.meters()
    with pytest.raises(ProtocolError):
        await switch.meter_stats()


async def test_whoever_waits_hears_that_the_connection_is_lost(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    peer.answer = lambda _: b""
    waiting = [
        asyncio.ensure_future(wait)
        for wait in (switch.barrier(), switch.apply(Delta((flow(1),))), switch.flows())
    ]
    await asyncio.sleep(0)
    peer.hang_up()
    for wait in waiting:
        with pytest.raises(SwitchGone, match="connection"):
            await wait
    assert isinstance(await switch.gone(), SwitchGone)
    switch.add(flow(2))
    with pytest.raises(SwitchGone):
        await switch.barrier()
    with pytest.raises(SwitchGone):
        await switch.apply(Delta((flow(1),)))


async def test_a_stream_out_of_step_ends_the_connection(peer: Peer, switch: OpenFlowSwitch) -> None:
    peer.say(bytes(8))
    assert "no OpenFlow message" in str(await switch.gone())


async def test_a_refusal_for_which_nobody_waits_is_reported(
    peer: Peer, switch: OpenFlowSwitch
) -> None:
    heard: list[SwitchError] = []
    switch.on_refused = heard.append
    peer.say(refusal(message(Type.EXPERIMENTER, 0xFFFFFF)))
    await switch.barrier()
    assert ["OFPBMC_BAD_PREREQ" in str(error) for error in heard] == [True]


async def test_a_switch_that_does_not_answer_is_given_up(peer: Peer, tmp_path: Path) -> None:
    switch = await connect(str(tmp_path / "mgmt"), patience=0.2)
    peer.answer = lambda _: b""
    with pytest.raises(SwitchGone, match="no answer within"):
        await switch.barrier()


async def test_a_silent_switch_is_asked_and_then_given_up(peer: Peer, tmp_path: Path) -> None:
    switch = await connect(str(tmp_path / "mgmt"), patience=0.2)
    peer.answer = lambda _: b""
    assert "silent" in str(await switch.gone())
    assert Type.ECHO_REQUEST in [request[1] for request in peer.received]


@pytest.mark.parametrize(
    ("hello", "reason"),
    [
        (bytes.fromhex("0100000800000001"), "does not speak OpenFlow 1.3"),
        (bytes.fromhex("0500001000000001 0001000800000022"), "does not speak OpenFlow 1.3"),
        (b"", "no answer within"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "mgmt"),
        (message(Type.ERROR, 1, bytes(4)), "OFPHFC"),
    ],
)
async def test_a_peer_that_is_no_switch_for_us_is_refused(
    peer: Peer, tmp_path: Path, hello: bytes, reason: str
) -> None:
    peer.answer = lambda _: hello
    with pytest.raises(SwitchGone, match=reason):
        await connect(str(tmp_path / "mgmt"), patience=0.3)


async def test_hello_with_a_bitmap_counts_by_the_bitmap(peer: Peer, tmp_path: Path) -> None:
    hello = bytes.fromhex("0600001000000001 0001000800000012")
    peer.answer = lambda request: hello if request[1] == Type.HELLO else confirm(request)
    await (await connect(str(tmp_path / "mgmt"))).close()


async def test_a_switch_that_cannot_pause_packets_is_refused(peer: Peer, tmp_path: Path) -> None:
    def answer(request: bytes) -> bytes:
        return refusal(request) if request[1] == Type.EXPERIMENTER else confirm(request)

    peer.answer = answer
    with pytest.raises(SwitchGone, match="cannot hand packets over"):
        await connect(str(tmp_path / "mgmt"))


async def test_no_socket_no_listener_and_a_path_too_long_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SwitchGone, match="no such socket"):
        await connect(str(tmp_path / "nothing"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SwitchGone, match="nobody listens"):
        await connect(str(tmp_path / "file"))
    with pytest.raises(SwitchGone, match="too long"):
        await connect(str(tmp_path / ("x" * 200)))


async def test_close_sends_what_was_written(peer: Peer, tmp_path: Path) -> None:
    switch = await connect(str(tmp_path / "mgmt"))
    switch.add(flow(9))
    await switch.close()
    await peer.left.wait()
    assert peer.kinds() == ["flow 9"]
