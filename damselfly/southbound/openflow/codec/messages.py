"""The messages that we send.

Source: OpenFlow 1.3.5, 7.3 and 7.5; ONF extension 230 (bundles); ovs-fields(7) and ovs-ofctl(8)
for what Nicira added.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum

from damselfly.flow.action import Action
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand

from .actions import encode_actions, encode_instructions
from .faithful import check
from .match import encode_match
from .wire import LARGEST, NICIRA, ONF, VERSION, Port, ProtocolError, Type, experimenter, message

_FLOW_MOD = struct.Struct("!BBHIQQBBHHHIIIH2x")
_PACKET_OUT = struct.Struct("!IIH6x")
_METER_MOD = struct.Struct("!HHI")
_DROP_BAND = struct.Struct("!HHII4x")
_BUNDLE = struct.Struct("!IHH")
_NO_BUFFER, _ANY_GROUP = 0xFFFFFFFF, 0xFFFFFFFF
_SET_PACKET_IN_FORMAT, _CT_FLUSH_ZONE = 16, 29
_PACKET_IN2_FORMAT = 2
_BUNDLE_CONTROL, _BUNDLE_ADD = 2300, 2301
_ATOMIC_ORDERED = 3
_METER_FLAGS = 0x2 | 0x4 | 0x8  # packets per second, with a burst, counted
_DROP = 1


class Command(IntEnum):
    """What a flow-mod does (OFPFC_*); the last two take priority and the whole match as key."""

    ADD = 0
    MODIFY_STRICT = 2
    DELETE_STRICT = 4


class MeterCommand(IntEnum):
    """What a meter-mod does (OFPMC_*)."""

    ADD = 0
    MODIFY = 1
    DELETE = 2


class BundleStep(IntEnum):
    """Requests about a bundle as a whole (ONF_BCT_*)."""

    OPEN = 0
    COMMIT = 4
    DISCARD = 6


def hello(xid: int) -> bytes:
    """Offer OpenFlow 1.3, as version and as bitmap."""
    return message(Type.HELLO, xid, struct.pack("!HHI", 1, 8, 1 << VERSION))


def features_request(xid: int) -> bytes:
    """Ask the switch who it is."""
    return message(Type.FEATURES_REQUEST, xid)


def set_config(xid: int) -> bytes:
    """Ask for whole packets; a management connection gets no packets before that."""
    return message(Type.SET_CONFIG, xid, struct.pack("!HH", 0, LARGEST))


def packet_in_format(xid: int) -> bytes:
    """Ask for packets as NXT_PACKET_IN2, which alone can be resumed."""
    return experimenter(NICIRA, _SET_PACKET_IN_FORMAT, xid, _PACKET_IN2_FORMAT.to_bytes(4, "big"))


def barrier(xid: int) -> bytes:
    """Ask to be told when everything sent before is done."""
    return message(Type.BARRIER_REQUEST, xid)


def flow_mod(flow: Flow, xid: int, command: Command = Command.ADD) -> bytes:
    """Encode the adding (or overwriting) of a flow; raise ProtocolError if it cannot be said."""
    check(flow.match)
    body = encode_match(flow.match) + encode_instructions(flow.actions)
    return _flow_mod(flow.key, xid, command, flow.cookie, body)


def flow_delete(key: FlowKey, xid: int) -> bytes:
    """Encode the deletion of the one flow that has this key."""
    return _flow_mod(key, xid, Command.DELETE_STRICT, 0, encode_match(key.match))


def _flow_mod(key: FlowKey, xid: int, command: Command, cookie: int, body: bytes) -> bytes:
    length = _FLOW_MOD.size + len(body)
    if length > LARGEST:
        raise ProtocolError(f"table {key.table}: a flow of {length} bytes is too long")
    try:
        head = _FLOW_MOD.pack(
            *(VERSION, Type.FLOW_MOD, length, xid),
            *(cookie, 0, key.table, command, 0, 0, key.priority),
            *(_NO_BUFFER, Port.ANY, _ANY_GROUP, 0),
        )
    except struct.error as error:
        raise ProtocolError(f"{key}: {error}") from error
    return head + body


def packet_out(data: bytes, actions: Sequence[Action], in_port: int, xid: int) -> bytes:
    """Encode a frame for the switch to carry the actions out on."""
    encoded = encode_actions(actions)
    head = _PACKET_OUT.pack(_NO_BUFFER, in_port, len(encoded))
    return message(Type.PACKET_OUT, xid, head + encoded + data)


def meter_mod(command: MeterCommand, band: MeterBand, xid: int) -> bytes:
    """Encode the adding, changing or deleting of a meter; a deletion looks at the id alone."""
    try:
        body = _METER_MOD.pack(command, _METER_FLAGS, band.id)
        if command != MeterCommand.DELETE:
            body += _DROP_BAND.pack(_DROP, _DROP_BAND.size, band.rate, band.burst)
    except struct.error as error:
        raise ProtocolError(f"{band}: {error}") from error
    return message(Type.METER_MOD, xid, body)


def bundle_control(step: BundleStep, bundle: int, xid: int) -> bytes:
    """Encode the opening, committing or discarding of an atomic and ordered bundle."""
    return experimenter(ONF, _BUNDLE_CONTROL, xid, _BUNDLE.pack(bundle, step, _ATOMIC_ORDERED))


def bundle_add(bundle: int, inner: bytes, xid: int) -> bytes:
    """Put a message into a bundle; both must have the same xid."""
    return experimenter(ONF, _BUNDLE_ADD, xid, _BUNDLE.pack(bundle, 0, _ATOMIC_ORDERED) + inner)


def flush_zone(zone: int, xid: int) -> bytes:
    """Ask conntrack to forget all connections of a zone."""
    try:
        return experimenter(NICIRA, _CT_FLUSH_ZONE, xid, struct.pack("!6xH", zone))
    except struct.error as error:
        raise ProtocolError(f"zone {zone}: {error}") from error


def staging(delta: Delta, bundle: int, xids: range) -> bytes:
    """Encode all of a delta but its commit: the opening, each flow and a barrier, an xid each."""
    step = iter(xids)
    parts = [bundle_control(BundleStep.OPEN, bundle, next(step))]
    for key in delta.delete:
        xid = next(step)
        parts.append(bundle_add(bundle, flow_delete(key, xid), xid))
    for flow in delta.add:
        xid = next(step)
        parts.append(bundle_add(bundle, flow_mod(flow, xid), xid))
    parts.append(barrier(next(step)))
    return b"".join(parts)
