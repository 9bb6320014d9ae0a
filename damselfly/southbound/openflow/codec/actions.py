"""Actions and instructions on the wire.

A flow's actions travel inside the instruction "apply actions"; a meter is an instruction of its
own, which the switch carries out first.  Source: OpenFlow 1.3.5, 7.2.4 and 7.2.5; ovs-actions(7).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Foreign,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.field import FIELDS

from .fields import copied_field, copied_header, decode_value, encode_value
from .wire import LARGEST, NICIRA, Port, ProtocolError, decoder, padding

_OUTPUT, _SET_FIELD, _EXPERIMENTER = 0, 25, 0xFFFF
_REG_MOVE, _RESUBMIT_TABLE, _CT, _CONTROLLER2, _CT_CLEAR = 6, 14, 35, 37, 43
_USERDATA, _PAUSE = 3, 4
_APPLY, _METER = 4, 6

_HEAD = struct.Struct("!HH")
_PORT = struct.Struct("!HHIH6x")
_NICIRA = struct.Struct("!HHIH")
_MOVE = struct.Struct("!HHH4s4s")
_TABLE = struct.Struct("!HB3x")
_TRACK = struct.Struct("!H4sHB3xH")
_INSTRUCTION = struct.Struct("!HHI")

_SAME_PORT = Port.IN_PORT & 0xFFFF
_COMMIT, _NO_TABLE, _LOW_16_BITS = 1, 0xFF, 15
_CACHED = 8192
_MOVE_MARK = struct.pack("!IH", NICIRA, _REG_MOVE)


@lru_cache(maxsize=_CACHED)
def encode_instructions(actions: tuple[Action, ...]) -> bytes:
    """Encode all that a flow does; raise ProtocolError for what OpenFlow cannot say."""
    metered = b""
    if actions and isinstance(actions[0], Meter):
        metered = _INSTRUCTION.pack(_METER, _INSTRUCTION.size, actions[0].id)
        actions = actions[1:]
    if not actions:
        return metered
    body = encode_actions(actions)
    length = _INSTRUCTION.size + len(body)
    if length > LARGEST:
        raise ProtocolError(f"actions of {length} bytes are too long for OpenFlow")
    return metered + _INSTRUCTION.pack(_APPLY, length, 0) + body


def encode_actions(actions: Sequence[Action]) -> bytes:
    """Encode a list of actions, without a meter."""
    try:
        return b"".join([_ENCODERS[type(action)](action) for action in actions])
    except KeyError as error:
        raise ProtocolError(f"{error.args[0].__name__} cannot stand here: {actions}") from None
    except (struct.error, OverflowError, ValueError) as error:
        raise ProtocolError(f"{actions}: {error}") from error


def _output(action: Output) -> bytes:
    # The length matters to the controller only: the whole packet.
    length = 0xFFFF if action.port == Port.CONTROLLER else 0
    return _PORT.pack(_OUTPUT, _PORT.size, action.port, length)


def _set_field(action: SetField) -> bytes:
    body = encode_value(action.field, action.value)
    length = _HEAD.size + len(body)
    pad = padding(length)
    return _HEAD.pack(_SET_FIELD, length + len(pad)) + body + pad


def _extension(subtype: int, body: bytes) -> bytes:
    length = _NICIRA.size + len(body)
    pad = padding(length)
    head = _NICIRA.pack(_EXPERIMENTER, length + len(pad), NICIRA, subtype)
    return head + body + pad


def _move(action: Move) -> bytes:
    source, destination = FIELDS[action.source], FIELDS[action.destination]
    if source.bits != destination.bits:
        raise ProtocolError(f"{action}: the fields differ in width")
    headers = copied_header(action.source), copied_header(action.destination)
    return _extension(_REG_MOVE, _MOVE.pack(source.bits, 0, 0, *headers))


def _resubmit(action: Resubmit) -> bytes:
    return _extension(_RESUBMIT_TABLE, _TABLE.pack(_SAME_PORT, action.table))


def _controller(action: Controller) -> bytes:
    length = _HEAD.size + len(action.userdata)
    userdata = _HEAD.pack(_USERDATA, length) + action.userdata + padding(length)
    pause = _HEAD.pack(_PAUSE, _HEAD.size) + padding(_HEAD.size)
    return _extension(_CONTROLLER2, bytes(6) + (userdata if action.userdata else b"") + pause)


def _conntrack(action: Conntrack) -> bytes:
    flags = _COMMIT if action.commit else 0
    table = _NO_TABLE if action.table is None else action.table
    if isinstance(action.zone, str):
        source, zone = copied_header(action.zone), _LOW_16_BITS
    else:
        source, zone = bytes(4), action.zone
    head = _TRACK.pack(flags, source, zone, table, 0)
    return _extension(_CT, head + encode_actions(action.sets))


def _ct_clear(_: CtClear) -> bytes:
    return _extension(_CT_CLEAR, b"")


_ENCODERS: dict[type[Action], Callable[[Any], bytes]] = {
    Output: _output,
    SetField: _set_field,
    Move: _move,
    Resubmit: _resubmit,
    Controller: _controller,
    Conntrack: _conntrack,
    CtClear: _ct_clear,
}


@lru_cache(maxsize=_CACHED)
@decoder
def decode_instructions(data: bytes) -> tuple[Action, ...]:
    """Decode all that a flow does; what has no name here becomes ``Foreign``."""
    actions: list[Action] = []
    for kind, body in _split(data):
        if kind == _METER and len(body) == 4:
            actions.insert(0, Meter(int.from_bytes(body, "big")))
        elif kind == _APPLY:
            actions += decode_actions(body[4:])
        else:
            actions.append(Foreign(_HEAD.pack(kind, _HEAD.size + len(body)) + body))
    return tuple(actions)


@decoder
def decode_actions(data: bytes) -> tuple[Action, ...]:
    """Decode a list of actions."""
    return tuple([_decode_action(kind, body) for kind, body in _split(data)])


def _split(data: bytes) -> list[tuple[int, bytes]]:
    """Cut actions, instructions or properties apart: the type and what follows the header."""
    parts, start = [], 0
    while start < len(data):
        kind, length = _HEAD.unpack_from(data, start)
        if length < _HEAD.size or length % 8 or start + length > len(data):
            raise ProtocolError(f"an action of {length} bytes cannot be: {data[start:].hex()}")
        parts.append((kind, data[start + _HEAD.size : start + length]))
        start += length
    return parts


def _decode_action(kind: int, body: bytes) -> Action:
    """Decode one action; what we would not spell just like this is not one of ours."""
    whole = _HEAD.pack(kind, _HEAD.size + len(body)) + body
    try:
        action = _named_action(kind, body)
        if action is not None and encode_actions([action]) == whole:
            return action
    except (ProtocolError, struct.error):
        pass
    return Foreign(whole)


def _named_action(kind: int, body: bytes) -> Action | None:
    if kind == _OUTPUT:
        return Output(int.from_bytes(body[:4], "big"))
    if kind == _SET_FIELD:
        return SetField(*decode_value(body))
    if kind == _EXPERIMENTER and int.from_bytes(body[:4], "big") == NICIRA:
        read = _DECODERS.get(int.from_bytes(body[4:6], "big"))
        return read(body[6:]) if read is not None else None
    return None


def _read_move(body: bytes) -> Move:
    _, _, _, source, destination = _MOVE.unpack_from(body)
    return Move(copied_field(source), copied_field(destination))


def _read_resubmit(body: bytes) -> Resubmit:
    return Resubmit(_TABLE.unpack_from(body)[1])


def _read_controller(body: bytes) -> Controller:
    userdata, start = b"", 6
    while start < len(body):
        kind, length = _HEAD.unpack_from(body, start)
        if length < _HEAD.size:
            raise ProtocolError("a property of an action is cut off")
        if kind == _USERDATA:
            userdata = body[start + _HEAD.size : start + length]
        start += length + (-length % 8)
    return Controller(userdata)


def _read_conntrack(body: bytes) -> Conntrack:
    flags, source, zone, table, _ = _TRACK.unpack_from(body)
    return Conntrack(
        zone=copied_field(source) if any(source) else zone,
        table=None if table == _NO_TABLE else table,
        commit=bool(flags & _COMMIT),
        sets=tuple([_read_set(*part) for part in _split(body[_TRACK.size :])]),
    )


def _read_set(kind: int, body: bytes) -> SetField | Move:
    """Read what a commit stores; other actions, another ct() among them, are none of ours."""
    if kind == _SET_FIELD:
        return SetField(*decode_value(body))
    if kind == _EXPERIMENTER and body[:6] == _MOVE_MARK:
        return _read_move(body[6:])
    raise ProtocolError("ct() stores something else than fields")


def _read_ct_clear(_: bytes) -> CtClear:
    return CtClear()


_DECODERS: dict[int, Callable[[bytes], Action]] = {
    _REG_MOVE: _read_move,
    _RESUBMIT_TABLE: _read_resubmit,
    _CONTROLLER2: _read_controller,
    _CT: _read_conntrack,
    _CT_CLEAR: _read_ct_clear,
}
