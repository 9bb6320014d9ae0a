"""Actions: ``set_field:0x5->reg0,resubmit(,50),ct(commit,zone=NXM_NX_REG6[0..15]),output:2``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import singledispatch

from damselfly.flow.action import (
    Action,
    Conntrack,
    Controller,
    CtClear,
    Meter,
    Move,
    Output,
    Resubmit,
    SetField,
)
from damselfly.flow.field import FIELDS

from .names import field_named, long_name, set_name
from .value import PORT_NAMES, PORTS, format_value, parse_number, parse_value

_ZONE_BITS = "[0..15]"
_WORD = re.compile(
    r"(?P<name>[A-Za-z_]+)(?:(?P<colon>:)(?P<rest>.*)|\((?P<inside>.*)\))?", re.DOTALL
)


def format_actions(actions: Iterable[Action]) -> str:
    """Spell actions; ``drop`` where there are none."""
    return ",".join(map(_format, actions)) or "drop"


def parse_actions(text: str) -> tuple[Action, ...]:
    """Read actions.  Raises ValueError, naming the one that cannot be read."""
    parts = list(split(text))
    if parts in ([], ["drop"]):
        return ()
    return tuple(map(_parse, parts))


def split(text: str) -> Iterator[str]:
    """Yield the parts between commas that stand in no parentheses."""
    depth, part = 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            break
        if letter == "," and depth == 0:
            yield part.strip()
            part = ""
        else:
            part += letter
    if depth != 0:
        raise ValueError(f"{text!r}: parentheses do not match")
    if part.strip():
        yield part.strip()


@singledispatch
def _format(action: object) -> str:
    # What the switch holds may be more than we ever send.
    return repr(action)


@_format.register
def _(action: SetField) -> str:
    return f"set_field:{format_value(FIELDS[action.field], action.value)}->{set_name(action.field)}"


@_format.register
def _(action: Move) -> str:
    return f"move:{long_name(action.source)}[]->{long_name(action.destination)}[]"


@_format.register
def _(action: Resubmit) -> str:
    return f"resubmit(,{action.table})"


@_format.register
def _(action: Output) -> str:
    return PORT_NAMES.get(action.port, f"output:{action.port}")


@_format.register
def _(action: Meter) -> str:
    return f"meter:{action.id}"


@_format.register
def _(action: Controller) -> str:
    userdata = action.userdata.hex(".")
    return f"controller(userdata={userdata},pause)" if userdata else "controller(pause)"


@_format.register
def _(_action: CtClear) -> str:
    return "ct_clear"


@_format.register
def _(action: Conntrack) -> str:
    parts = ["commit"] if action.commit else []
    if action.table is not None:
        parts.append(f"table={action.table}")
    if isinstance(action.zone, str):
        parts.append(f"zone={long_name(action.zone)}{_ZONE_BITS}")
    elif action.zone:
        parts.append(f"zone={action.zone}")
    if action.sets:
        parts.append(f"exec({format_actions(action.sets)})")
    return f"ct({','.join(parts)})" if parts else "ct"


def _parse(text: str) -> Action:
    if text in PORTS:
        return Output(PORTS[text])
    word = _WORD.fullmatch(text)
    parser = _PARSERS.get(word["name"]) if word else None
    if word is None or parser is None:
        raise ValueError(f"{text!r} is no action that is known here")
    return parser(word["rest"] if word["colon"] else word["inside"] or "", text)


def _parse_set_field(rest: str, text: str) -> SetField:
    value, arrow, name = rest.partition("->")
    if not arrow:
        raise ValueError(f"{text!r}: set_field:VALUE->FIELD is meant")
    field = field_named(name)
    return SetField(field, parse_value(FIELDS[field], value))


def _parse_move(rest: str, text: str) -> Move:
    ends = [_whole(end, text) for end in rest.split("->")]
    if len(ends) != 2:
        raise ValueError(f"{text!r}: move:FIELD[]->FIELD[] is meant")
    source, destination = ends
    if FIELDS[source].bits != FIELDS[destination].bits:
        raise ValueError(f"{text!r}: {source} and {destination} differ in width")
    return Move(source, destination)


def _whole(end: str, text: str) -> str:
    name = end.removesuffix("[]")
    if "[" in name:
        raise ValueError(f"{text!r}: only whole fields can be moved")
    return field_named(name)


def _parse_resubmit(rest: str, text: str) -> Resubmit:
    port, comma, table = rest.partition(",")
    if port or not comma:
        raise ValueError(f"{text!r}: resubmit(,TABLE) is meant")
    return Resubmit(parse_number(table, text))


def _parse_output(rest: str, text: str) -> Output:
    return Output(PORTS[rest] if rest in PORTS else parse_number(rest, text))


def _parse_meter(rest: str, text: str) -> Meter:
    return Meter(parse_number(rest, text))


def _parse_controller(rest: str, text: str) -> Controller:
    userdata, pauses = b"", False
    for part in split(rest):
        name, _, value = part.partition("=")
        if part == "pause":
            pauses = True
        elif name == "userdata":
            userdata = _parse_bytes(value, text)
        else:
            raise ValueError(f"{text!r}: {part!r} is not known here")
    if not pauses:
        raise ValueError(f"{text!r}: a packet is handed over only with pause")
    return Controller(userdata)


def _parse_bytes(text: str, whole: str) -> bytes:
    try:
        return bytes(int(part, 16) for part in text.split(".") if part)
    except ValueError:
        raise ValueError(f"{whole!r}: {text!r} is not of the form 01.02.ff") from None


def _parse_conntrack(rest: str, text: str) -> Conntrack:
    commit, table, zone = False, None, "0"
    sets: tuple[Action, ...] = ()
    for part in split(rest):
        name, _, value = part.partition("=")
        if part == "commit":
            commit = True
        elif name == "table":
            table = parse_number(value, text)
        elif name == "zone":
            zone = value
        elif part.startswith("exec("):
            sets = parse_actions(part[len("exec(") : -1])
        else:
            raise ValueError(f"{text!r}: {part!r} is not known here")
    stored = tuple(each for each in sets if isinstance(each, SetField | Move))
    if len(stored) != len(sets):
        raise ValueError(f"{text!r}: exec may hold set_field and move only")
    return Conntrack(_parse_zone(zone, text), table, commit, stored)


def _parse_zone(zone: str, text: str) -> int | str:
    if zone.endswith(_ZONE_BITS):
        return field_named(zone.removesuffix(_ZONE_BITS))
    return parse_number(zone, text)


def _parse_ct_clear(rest: str, text: str) -> CtClear:
    if rest:
        raise ValueError(f"{text!r}: ct_clear has no arguments")
    return CtClear()


_PARSERS: dict[str, Callable[[str, str], Action]] = {
    "set_field": _parse_set_field,
    "move": _parse_move,
    "resubmit": _parse_resubmit,
    "output": _parse_output,
    "meter": _parse_meter,
    "controller": _parse_controller,
    "ct": _parse_conntrack,
    "ct_clear": _parse_ct_clear,
}
