"""All rules of one direction and family, indexed: judges a packet and says how wide that holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from damselfly.model.address import Family
from damselfly.model.direction import Direction
from damselfly.model.group import ICMP_PROTOCOLS, Rule
from damselfly.model.intervals import Block
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot

from .decision import rules_of
from .index import Index, Remote, RemoteIndex, rule_set
from .meaning import TP_BITS, Box, box
from .preference import Fields, Preference
from .region import Region, Verdict


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules that a port with certain groups is judged by, in one direction and family.

    ``rules[i]`` has the meaning ``boxes[i]`` and is bit *i* of every rule set; rules that match
    nothing are left out.  Build it with :func:`rule_book`.
    """

    direction: Direction
    family: Family
    rules: tuple[Rule, ...]
    boxes: tuple[Box, ...]
    places: dict[str, int]
    """The place of each rule by id."""
    by_protocol: dict[int, int]
    any_protocol: int
    tp_src: Index
    tp_dst: Index
    remote: RemoteIndex
    preference: Preference
    silent: tuple[Rule, ...] = ()
    """Rules that match nothing because nobody is in the group that they name, or none is known."""
    _portless: list[tuple[object, RuleBook]] = field(
        default_factory=list, repr=False, compare=False
    )
    """The book for fragments, once it was asked for, and the boxes that it was made of."""

    def judge(self, packet: Packet) -> Verdict:
        """Return the verdict on the packet, with the widest region that provably shares it."""
        if packet.fragment:
            return _of_fragments(self.for_fragments().judge(packet._replace(fragment=False)))
        remote = packet.remote(self.direction)
        at_protocol = self._of_protocol(packet.protocol)
        at_src, at_dst = self.tp_src.at(packet.tp_src), self.tp_dst.at(packet.tp_dst)
        at_remote = self.remote.at(remote)
        admitting = at_protocol & at_src & at_dst & at_remote
        if admitting:
            return self._allow((admitting & -admitting).bit_length() - 1, packet, remote)
        every = self._every
        failed = Fields(
            protocol=every & ~at_protocol,
            tp_src=at_protocol & ~at_src,
            tp_dst=at_protocol & ~at_dst,
            remote=every & ~at_remote,
        )
        return Verdict(self._deny(packet, remote, self.preference.choose(failed)), None)

    def holds(self, verdict: Verdict) -> bool:
        """Tell whether a verdict, given by whatever rules, is one that these rules give too."""
        if verdict.region.fragments:
            whole = verdict.region._replace(fragments=False)
            return self.for_fragments().holds(Verdict(whole, verdict.rule))
        if verdict.rule is None:
            return not self._admitting(verdict.region)
        place = self.places.get(verdict.rule.id)
        if place is None or self.rules[place] != verdict.rule:
            return False
        region, admitted = verdict.region, self.boxes[place]
        return (
            admitted.protocol in (None, region.protocol)
            and admitted.tp_src.covers(region.tp_src.first, region.tp_src.last)
            and admitted.tp_dst.covers(region.tp_dst.first, region.tp_dst.last)
            and admitted.remote.covers(region.remote.first, region.remote.last)
        )

    def for_fragments(self) -> RuleBook:
        """Return the rules that name no port, type or code: all that a lone fragment can meet."""
        if not self._portless or self._portless[0][0] is not self.boxes:
            meant = [
                (rule, box)
                for rule, box in zip(self.rules, self.boxes, strict=True)
                if box.tp_src.is_everything and box.tp_dst.is_everything
            ]
            self._portless[:] = [(self.boxes, compiled((self.direction, self.family), meant))]
        return self._portless[0][1]

    def allowances(self) -> Iterator[Verdict]:
        """Yield a verdict for every region that a rule admits, rule by rule.

        They are those that :meth:`judge` would give one by one.
        """
        for rule, admitted in zip(self.rules, self.boxes, strict=True):
            fields = (admitted.tp_src, admitted.tp_dst, admitted.remote)
            for src, dst, remote in product(*(tuple(values.blocks()) for values in fields)):
                yield Verdict(Region(self.family, admitted.protocol, src, dst, remote), rule)

    @property
    def _every(self) -> int:
        return (1 << len(self.rules)) - 1

    def _of_protocol(self, protocol: int) -> int:
        return self.any_protocol | self.by_protocol.get(protocol, 0)

    def _admitting(self, region: Region) -> int:
        """Return the rules that admit some packet of the region."""
        rules = self.remote.within(region.remote)
        if region.protocol is None:
            return rules
        return (
            rules
            & self._of_protocol(region.protocol)
            & self.tp_src.within(region.tp_src)
            & self.tp_dst.within(region.tp_dst)
        )

    def _allow(self, place: int, packet: Packet, remote: int) -> Verdict:
        """Take the rule's own conditions, each narrowed to the block around the packet."""
        admitted = self.boxes[place]
        region = Region(
            self.family,
            admitted.protocol,
            admitted.tp_src.block_around(packet.tp_src),
            admitted.tp_dst.block_around(packet.tp_dst),
            admitted.remote.block_around(remote),
        )
        return Verdict(region, self.rules[place])

    def _deny(self, packet: Packet, remote: int, chosen: Fields) -> Region:
        """Narrow each field off the rules it was chosen for, then widen what was in vain.

        Where another field keeps a rule out already, a field need not; after one such pass over
        all fields none can be doubled, since widening one only adds reasons against the others.
        """
        far = Block.around(
            remote, self.remote.clear_length(remote, chosen.remote), self.family.bits
        )
        if not chosen.protocol | chosen.tp_src | chosen.tp_dst:
            return Region(self.family, None, _ANY_TP, _ANY_TP, far)
        of_protocol = self._of_protocol(packet.protocol)
        near = of_protocol & self.remote.within(far)
        src = _clear(self.tp_src, packet.tp_src, chosen.tp_src, packet.protocol)
        dst = _clear(self.tp_dst, packet.tp_dst, near & self.tp_src.within(src), packet.protocol)
        src = _clear(self.tp_src, packet.tp_src, near & self.tp_dst.within(dst), packet.protocol)
        if src.is_everything and dst.is_everything and not self.remote.within(far):
            return Region(self.family, None, src, dst, self._off(remote, self._every))
        off = of_protocol & self.tp_src.within(src) & self.tp_dst.within(dst)
        return Region(self.family, packet.protocol, src, dst, self._off(remote, off))

    def _off(self, remote: int, rules: int) -> Block:
        return Block.around(remote, self.remote.clear_length(remote, rules), self.family.bits)


def rule_book(
    snapshot: Snapshot, groups: tuple[str, ...], direction: Direction, family: Family
) -> RuleBook:
    """Compile the rules of the groups."""
    rules = list(rules_of(snapshot, groups, direction, family))
    boxes = [box(rule, snapshot) for rule in rules]
    meant = [(rule, each) for rule, each in zip(rules, boxes, strict=True) if each is not None]
    named = (rule for rule, each in zip(rules, boxes, strict=True) if each is None)
    return compiled((direction, family), meant, [r for r in named if r.remote_set is not None])


def _of_fragments(verdict: Verdict) -> Verdict:
    return Verdict(verdict.region._replace(fragments=True), verdict.rule)


def compiled(
    asked: tuple[Direction, Family], meant: Sequence[tuple[Rule, Box]], silent: Sequence[Rule] = ()
) -> RuleBook:
    """Index rules, in the order in which they count, with what they mean."""
    rules = tuple(rule for rule, _ in meant)
    boxes = tuple(meaning for _, meaning in meant)
    by_protocol: dict[int | None, list[int]] = defaultdict(list)
    for place, meaning in enumerate(boxes):
        by_protocol[meaning.protocol].append(place)
    any_protocol = rule_set(by_protocol.pop(None, ()))
    return RuleBook(
        *asked,
        rules,
        boxes,
        {rule.id: place for place, rule in enumerate(rules)},
        {number: rule_set(places) for number, places in by_protocol.items() if number is not None},
        any_protocol,
        Index.of(TP_BITS, [(meaning.tp_src, 1 << n) for n, meaning in enumerate(boxes)]),
        Index.of(TP_BITS, [(meaning.tp_dst, 1 << n) for n, meaning in enumerate(boxes)]),
        _remote_index(asked[1], rules, boxes),
        Preference.of(rules, boxes),
        tuple(silent),
    )


_ANY_TP = Block(0, 0, TP_BITS)


def _clear(index: Index, value: int, rules: int, protocol: int) -> Block:
    length = index.clear_length(value, rules)
    if protocol in ICMP_PROTOCOLS and length:
        length = TP_BITS  # the switch matches an untracked ICMP type or code whole or not at all
    return Block.around(value, length, TP_BITS)


def _remote_index(family: Family, rules: Sequence[Rule], boxes: Sequence[Box]) -> RemoteIndex:
    """Index the remotes; rules that name the same remote share one entry."""
    places: dict[object, list[int]] = defaultdict(list)
    for place, rule in enumerate(rules):
        places[rule.remote_set or rule.remote_ip_prefix].append(place)
    remotes = (
        Remote(rules[each[0]].remote_set, boxes[each[0]].remote, rule_set(each))
        for each in places.values()
    )
    return RemoteIndex.of(family.bits, remotes)
