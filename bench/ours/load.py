"""Loads whose every packet needs a decision of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator

from damselfly.model.address import IPV4
from damselfly.model.direction import Direction
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot
from damselfly.policy.policies import Policies
from damselfly.policy.region import Region, Verdict

from .frames import TCP, UDP, Ends, frame
from .policies import WORN, Size, member_addresses, rules

_GIVE_UP = 500
"""Packets in regions that were seen before, after which no new one is looked for."""
Asked = tuple[bytes, Verdict]
"""A frame, and the verdict that the agent will give on it."""


def distinct(size: Size, view: Snapshot, ends: Ends, seed: int = 0) -> Iterator[Asked]:
    """Yield frames to one receiver, none covered by the verdict on an earlier one.

    Ends when such frames become rare.
    """
    chance = random.Random(seed)
    book = Policies(view).book((WORN,), Direction.INGRESS, IPV4)
    known = _Known(size)
    given: set[Region] = set()
    in_vain = 0
    while in_vain < _GIVE_UP:
        in_vain += 1
        source, port = known.source(chance), known.port(chance)
        packet = Packet(IPV4, chance.choice((TCP, UDP)), source, ends.destination, 40_000, port)
        # The tracker calls port 0 invalid, and such a packet never gets as far as to be judged.
        verdict = book.judge(packet)
        if port and _is_unicast(source) and not _covered(packet, verdict.region, given):
            given.add(verdict.region)
            in_vain = 0
            yield frame(ends, packet.protocol, source, packet.tp_src, port), verdict


def _covered(packet: Packet, region: Region, given: set[Region]) -> bool:
    return region in given or any(each.holds(packet, Direction.INGRESS) for each in given)


class _Known:
    """The addresses and ports that the rules name, and what lies about them."""

    def __init__(self, size: Size) -> None:
        stated = list(rules(size))
        self._members = member_addresses(size.members)
        self._prefixes = [r.remote_ip_prefix.value for r in stated if r.remote_ip_prefix]
        self._ports = [rule.port_range_min for rule in stated if rule.port_range_min]

    def source(self, chance: random.Random) -> int:
        if self._members and chance.random() < 0.5:
            return chance.choice(self._members)
        if chance.random() < 0.5:
            return chance.choice(self._prefixes) ^ (1 << chance.randrange(32))
        return chance.randrange(1 << 32)

    def port(self, chance: random.Random) -> int:
        if chance.random() < 0.5:
            return chance.choice(self._ports)
        return chance.choice(self._ports) ^ (1 << chance.randrange(16))


def _is_unicast(address: int) -> bool:
    first = address >> 24
    return first not in (0, 127) and first < 224
