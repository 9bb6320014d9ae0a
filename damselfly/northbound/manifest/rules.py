"""Rules of a manifest: defaults, ICMP's own words, and an id that says what the rule says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from damselfly.model.address import IPV4, IPV6, Family
from damselfly.model.group import ICMP_PROTOCOLS, ICMPV6, PROTOCOL_NAMES, UNSEEN_PORTS, Rule
from damselfly.northbound.codec.rules import canonical, faults

from .names import Directory, Names
from .text import Item, Problem
from .text.entries import RuleEntry

_ICMP_WORDS = {"port_range_min": "icmp_type", "port_range_max": "icmp_code"}


def rule_of(
    group_id: str, item: Item[RuleEntry], directory: Directory
) -> tuple[Rule | None, list[Problem]]:
    """Return the rule that an entry means, or None, and what is wrong with it but its remote."""
    entry = item.entry
    problems = list(_icmp_problems(item))
    group, found = _resolved(entry.remote_group_id, directory.groups)
    listed, also_found = _resolved(entry.remote_address_group_id, directory.address_groups)
    low = entry.port_range_min if entry.icmp_type is None else entry.icmp_type
    high = entry.port_range_max if entry.icmp_code is None else entry.icmp_code
    rule = canonical(Rule(
        id=entry.id or "",
        security_group_id=group_id,
        direction=entry.direction,
        family=_family(entry),
        protocol=entry.protocol,
        port_range_min=low,
        port_range_max=high,
        remote_ip_prefix=entry.remote_ip_prefix,
        remote_group_id=group,
        remote_address_group_id=listed,
    ))  # fmt: skip
    if not problems:
        wrong = (*faults(rule), *_unseen(rule))
        problems = [item.problem(why, _field(entry, field)) for field, why in wrong]
    if problems or not (found and also_found):
        return None, problems
    return rule if entry.id is not None else replace(rule, id=content_id(rule)), []


def _unseen(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield the fault of naming ports that no switch can match: the rule would admit nothing.

    Neutron's are stored all the same, and named where the policy is shown.
    """
    if rule.protocol in UNSEEN_PORTS and rule.port_range_min is not None:
        name = PROTOCOL_NAMES[rule.protocol]
        why = f"no Open vSwitch can match the ports of {name}; accepted: none, which admits all"
        yield "port_range_min", why


def _resolved(text: str | None, names: Names) -> tuple[str | None, bool]:
    """Return the id that is meant, or the text itself where that cannot be told, and which."""
    if text is None:
        return None, True
    found = names.find(text)
    return (text, False) if found is None else (found, True)


def content_id(rule: Rule) -> str:
    """Spell what a rule says, such as ``web:ingress:ipv4:tcp:80-89:0.0.0.0/0``."""
    protocol = "any" if rule.protocol is None else PROTOCOL_NAMES.get(rule.protocol, rule.protocol)
    remote = "any"
    if rule.remote_ip_prefix is not None:
        remote = str(rule.remote_ip_prefix)
    elif rule.remote_group_id is not None:
        remote = f"@{rule.remote_group_id}"
    elif rule.remote_address_group_id is not None:
        remote = f"in@{rule.remote_address_group_id}"
    parts = (
        rule.security_group_id, rule.direction.value, rule.family.name.lower(), protocol,
        _ports(rule), remote,
    )  # fmt: skip
    return ":".join(map(str, parts))


def _ports(rule: Rule) -> str:
    low, high = rule.port_range_min, rule.port_range_max
    if low is None:
        return "any"
    if rule.protocol in ICMP_PROTOCOLS:
        return f"type-{low}" if high is None else f"type-{low}-code-{high}"
    return str(low) if low == high else f"{low}-{high}"


def _family(entry: RuleEntry) -> Family:
    """Return what ``ethertype`` says; without it the remote, then the protocol, then Neutron."""
    if entry.ethertype is not None:
        return entry.ethertype
    if entry.remote_ip_prefix is not None:
        return entry.remote_ip_prefix.family
    return IPV6 if entry.protocol == ICMPV6 else IPV4


def _icmp_problems(item: Item[RuleEntry]) -> Iterator[Problem]:
    for range_field, icmp_field in _ICMP_WORDS.items():
        if getattr(item.entry, icmp_field) is None:
            continue
        if getattr(item.entry, range_field) is not None:
            message = f"says the same as {range_field}; accepted: one of them"
            yield item.problem(message, icmp_field)
        if item.entry.protocol not in ICMP_PROTOCOLS:
            yield item.problem("needs protocol icmp or ipv6-icmp", icmp_field)


def _field(entry: RuleEntry, field: str) -> str:
    """Name a faulty field as its author did."""
    word = _ICMP_WORDS.get(field)
    return word if word is not None and getattr(entry, word) is not None else field
