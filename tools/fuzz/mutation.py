"""How an input becomes another: bytes changed blindly, or with an eye to what they mean."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

Mutate = Callable[[bytes, Random], bytes]
_NUMBERS = (0, 1, 2, 7, 8, 15, 16, 63, 127, 128, 254, 255)
_WORDS = (0, 1, 4, 7, 8, 16, 40, 255, 256, 0x7FFF, 0x8000, 0xFFF8, 0xFFFE, 0xFFFF)
_ETHERTYPES = (0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x05DC, 0x0600)
_PROTOCOLS = (0, 1, 6, 17, 43, 44, 51, 58, 59, 60, 132, 135, 136)
LONGEST = 4096
"""Bytes of the longest input that mutation makes."""


def mutated(seed: bytes, other: bytes, random: Random) -> bytes:
    """Change a seed in one to four places, with pieces of another one now and then."""
    data = bytearray(seed)
    for _ in range(1 + int(random.random() ** 2 * 4)):
        _CHANGES[int(random.random() * len(_CHANGES))](data, random, other)
    return bytes(data[:LONGEST])


def _at(data: bytearray, random: Random) -> int:
    return int(random.random() * len(data)) if data else 0


def _flip(data: bytearray, random: Random, _: bytes) -> None:
    if data:
        data[_at(data, random)] ^= 1 << int(random.random() * 8)


def _number(data: bytearray, random: Random, _: bytes) -> None:
    if data:
        data[_at(data, random)] = random.choice(_NUMBERS)


def _word(data: bytearray, random: Random, _: bytes) -> None:
    if len(data) > 1:
        at = _at(data, random) & ~1
        data[at : at + 2] = random.choice(_WORDS).to_bytes(2)


def _cut(data: bytearray, random: Random, _: bytes) -> None:
    del data[_at(data, random) :]


def _remove(data: bytearray, random: Random, _: bytes) -> None:
    at = _at(data, random)
    del data[at : at + 1 + int(random.random() * 8)]


def _repeat(data: bytearray, random: Random, _: bytes) -> None:
    at, size = _at(data, random), 1 + int(random.random() * 24)
    data[at:at] = data[at : at + size]


def _insert(data: bytearray, random: Random, _: bytes) -> None:
    at = _at(data, random)
    data[at:at] = random.randbytes(1 + int(random.random() * 8))


def _splice(data: bytearray, random: Random, other: bytes) -> None:
    at, start = _at(data, random), int(random.random() * len(other))
    data[at:] = other[start:]


_CHANGES = (_flip, _flip, _number, _number, _word, _word, _cut, _remove, _repeat, _insert, _splice)


def frame(data: bytes, random: Random) -> bytes:
    """Put what parsers branch on into a frame, and now and then lengths that are right."""
    changed = bytearray(data)
    if len(changed) < 34:
        return data
    choice = random.random()
    if choice < 0.15:
        changed[12:14] = random.choice(_ETHERTYPES).to_bytes(2)
    elif choice < 0.25:
        changed[12:12] = random.choice((0x8100, 0x88A8)).to_bytes(2) + random.randbytes(2)
    elif choice < 0.45:
        changed[20 if changed[12:14] == b"\x86\xdd" else 23] = random.choice(_PROTOCOLS)
    elif choice < 0.55 and changed[12:14] == b"\x86\xdd" and len(changed) >= 54:
        # An extension header of random length before what was there.
        header = bytes((changed[20], int(random.random() * 3))) + random.randbytes(6)
        changed[20] = random.choice((0, 43, 44, 51, 60))
        changed[54:54] = header
    if random.random() < 0.5:
        _mend_lengths(changed)
    return bytes(changed)


def _mend_lengths(data: bytearray) -> None:
    if data[12:14] == b"\x08\x00":
        data[16:18] = min(len(data) - 14, 0xFFFF).to_bytes(2)
    elif data[12:14] == b"\x86\xdd" and len(data) >= 54:
        data[18:20] = min(len(data) - 54, 0xFFFF).to_bytes(2)


def openflow(data: bytes, random: Random) -> bytes:
    """Make the header's length right most of the time, so that more than framing is tried."""
    if len(data) < 8 or random.random() < 0.1:
        return data
    changed = bytearray(data)
    changed[2:4] = min(len(changed), 0xFFFF).to_bytes(2)
    if random.random() < 0.1:
        changed[1] = random.choice((0, 1, 4, 6, 19))
    return bytes(changed)


_SCALARS = (
    b"no", b"010", b"0x10", b"null", b"~", b"-1", b"65536", b"4294967296", b"1e9", b"1.10",
    b"22:22", b"'", b'"', b"{", b"[", b"&a", b"*a", b"!!int", b"<<", b"true", b"\xff", b"\xc3\xa9",
    b"10.0.0.0/33", b"::/0", b"0.0.0.0/0", b"02:00:00:00:00:01", b"tcp", b"icmp", b"9" * 40, b"\t",
    b"2026-11-23", b"---", b"...", b"|", b">", b"%", b"@", b"- ", b": ", b"#", b"\x00",
    b"\xe2\x80\xa8",
)  # fmt: skip


def text(data: bytes, random: Random) -> bytes:
    """Change lines, indents and scalars of a text."""
    lines = data.split(b"\n")
    at = int(random.random() * len(lines))
    choice = random.random()
    if choice < 0.2:
        lines[at:at] = lines[at : at + 1 + int(random.random() * 3)]
    elif choice < 0.35:
        del lines[at]
    elif choice < 0.5:
        lines[at] = b" " * int(random.random() * 4) + lines[at].lstrip()
    elif choice < 0.9:
        words = lines[at].split(b" ")
        words[int(random.random() * len(words))] = random.choice(_SCALARS)
        lines[at] = b" ".join(words)
    return b"\n".join(lines)


_VALUES: Sequence[object] = (
    None, True, False, 0, 1, -1, 255, 65536, 1 << 64, 1e308, float("nan"), "", "x", "no",
    "10.0.0.1", "::", "0.0.0.0/0", "02:00:00:00:00:01", [], {}, [[]], {"v": 1}, ["a"] * 50,
    "\ud800", "a" * 5000,
)  # fmt: skip


def objects(data: bytes, random: Random) -> bytes:
    """Change a value, a name or a key of one stored object; lines are ``key<TAB>JSON``."""
    lines = data.split(b"\n")
    at = int(random.random() * len(lines))
    key, _, value = lines[at].partition(b"\t")
    choice = random.random()
    if choice < 0.1:
        lines[at:at] = [lines[at]]
    elif choice < 0.2:
        lines[at] = random.choice(lines).partition(b"\t")[0] + b"\t" + value
    elif choice < 0.9:
        try:
            whole = json.loads(value)
        except (ValueError, RecursionError):
            return b"\n".join(lines)
        changed = _changed(whole, random)
        lines[at] = key + b"\t" + json.dumps(changed).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def _changed(value: object, random: Random) -> object:
    """Change something within a value of JSON."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(list(value))
        if random.random() < 0.15:
            return {**value, f"{name}x": value[name]}
        if random.random() < 0.1:
            return {other: value[other] for other in value if other != name}
        return {**value, name: _changed(value[name], random)}
    if isinstance(value, list) and value and random.random() < 0.8:
        at = int(random.random() * len(value))
        return [*value[:at], _changed(value[at], random), *value[at + 1 :]]
    return random.choice(_VALUES)
