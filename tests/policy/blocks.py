"""Blocks and values found from the rules alone, without the code under test.

A field's *edges* are the values at which a rule begins or ceases to hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from damselfly.model.address import IPV6
from damselfly.model.group import ICMP, ICMP_PROTOCOLS, ICMPV6, Rule
from damselfly.model.intervals import Block
from damselfly.model.packet import Packet
from damselfly.policy.region import Region

from .worlds import OTHER, World

Spans = list[tuple[int, int]]


def port_spans(rule: Rule) -> tuple[Spans, Spans]:
    """Return what the rule says of ``tp_src`` and ``tp_dst``; nothing where it says nothing."""
    low, high = rule.port_range_min, rule.port_range_max
    if rule.protocol in ICMP_PROTOCOLS:
        return [(v, v) for v in (low,) if v is not None], [(v, v) for v in (high,) if v is not None]
    if low is None and high is None:
        return [], []
    return [], [(0 if low is None else low, 0xFFFF if high is None else high)]


def remote_spans(world: World, rule: Rule) -> Spans:
    """Return the addresses that the rule names."""
    if rule.remote_group_id is not None:
        return [
            (prefix.first, prefix.last)
            for port in world.snapshot.ports.values()
            if rule.remote_group_id in port.security_groups
            for prefix in port.prefixes(world.family)
        ]
    if rule.remote_address_group_id is not None:
        group = world.snapshot.address_groups.get(rule.remote_address_group_id)
        listed = () if group is None else group.addresses
        return [(each.first, each.last) for each in listed if each.family is world.family]
    prefix = rule.remote_ip_prefix
    return [] if prefix is None else [(prefix.first, prefix.last)]


def coarsest(spans: Spans, bits: int) -> list[Block]:
    """Split a field into the coarsest aligned blocks in which no span begins or ends."""
    edges = {first for first, _ in spans} | {last + 1 for _, last in spans}

    def split(block: Block) -> Iterator[Block]:
        if not any(block.first < edge <= block.last for edge in edges):
            yield block
            return
        middle = 1 << (bits - block.length - 1)
        yield from split(Block(block.value, block.length + 1, bits))
        yield from split(Block(block.value | middle, block.length + 1, bits))

    return list(split(Block(0, 0, bits)))


def protocols(world: World) -> list[int]:
    """Return every protocol that a rule names, and one that none does."""
    named = {meant(rule) for rule in world.rules} | {rule.protocol for rule in world.rules}
    return sorted({number for number in named if number is not None} | {OTHER, world.family.icmp})


def meant(rule: Rule) -> int | None:
    """Return the protocol that the rule is about: ICMP is ICMPv6 in IPv6."""
    return ICMPV6 if rule.family is IPV6 and rule.protocol == ICMP else rule.protocol


Cell = tuple[int, Block, Block, Block]


def cells(*worlds: World) -> Iterator[Cell]:
    """Yield the cells of the packet space: protocol and a block per field.

    Every rule of every world is constant on a cell; the worlds ask the same question.  Types and
    codes of ICMP are cells of their own, because the switch cannot match a block of them.
    """
    rules = [(world, rule) for world in worlds for rule in world.rules]
    bits = worlds[0].family.bits
    remotes = coarsest([span for each in rules for span in remote_spans(*each)], bits)
    for protocol in sorted({number for world in worlds for number in protocols(world)}):
        named = [port_spans(rule) for _, rule in rules if meant(rule) == protocol]
        src = [span for spans, _ in named for span in spans]
        dst = [span for _, spans in named for span in spans]
        yield from product([protocol], _blocks(src, protocol), _blocks(dst, protocol), remotes)


def _blocks(spans: Spans, protocol: int) -> list[Block]:
    if protocol not in ICMP_PROTOCOLS:
        return coarsest(spans, 16)
    around = {value for first, _ in spans for value in (first, first + 1)}
    return [Block(value, 16, 16) for value in sorted(around | {77})]


def packet_of(world: World, cell: Cell, *, last: bool = False) -> Packet:
    """Return the first or last packet of a cell; a protocol without ports has 0 there."""
    protocol, src, dst, remote = cell
    values = [block.last if last else block.first for block in (src, dst, remote)]
    return world.packet(protocol, *values)


def candidates(world: World, rule: Rule, region: Region) -> Iterator[Packet]:
    """Yield packets of the region on both sides of every edge that the rule has in it.

    Where the rule admits some packet of the region, or fails to admit some, one of these shows it.
    """
    src, dst = port_spans(rule)
    numbers = [region.protocol] if region.protocol is not None else [meant(rule), OTHER]
    for protocol in numbers:
        for values in product(
            _values(region.tp_src, src),
            _values(region.tp_dst, dst),
            _values(region.remote, remote_spans(world, rule)),
        ):
            yield world.packet(OTHER if protocol is None else protocol, *values)


def packets_at_edges(world: World, region: Region) -> list[Packet]:
    """Return such packets for every rule."""
    return [packet for rule in world.rules for packet in candidates(world, rule, region)]


def _values(block: Block, spans: Spans) -> list[int]:
    around = {v for first, last in spans for v in (first - 1, first, last, last + 1)}
    return sorted({block.first, block.last} | {v for v in around if block.first <= v <= block.last})
