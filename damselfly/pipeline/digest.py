"""Stable fingerprints of policy, by which a starting agent knows what a label still stands for.

64 bits, from BLAKE2b; equal in every process and version that spells the same facts.  They only
ever say "nothing changed": a label is random and never derived from them.
"""

from __future__ import annotations

import marshal
from hashlib import blake2b

from damselfly.model.address import FAMILIES
from damselfly.model.group import Rule, SecurityGroup
from damselfly.model.port import Port
from damselfly.model.snapshot import Snapshot


def digest(text: str, size: int = 8) -> int:
    """Return the fingerprint of a text, ``size`` bytes wide and never 0."""
    return _fingerprint(text.encode(), size)


def port_digest(port: Port) -> int:
    """Return the fingerprint of what decides a port's policy, besides the groups' contents."""
    return digest(f"{port.security_groups} {port.port_security_enabled}")


def rules_digest(group: SecurityGroup) -> int:
    """Return the fingerprint of a group's rules."""
    return _fingerprint(_spelt([group.stateful, [_facts(rule) for rule in group.rules]]))


def members_digest(snapshot: Snapshot, group_id: str) -> int:
    """Return the fingerprint of a group's members, and of whether it exists at all."""
    sets = [snapshot.members(group_id, family) for family in FAMILIES]
    spans = [(each.starts, each.ends) for each in sets]
    return _fingerprint(_spelt([group_id in snapshot.groups, spans]))


def addresses_digest(snapshot: Snapshot, group_id: str) -> int:
    """Return the fingerprint of an address group's addresses, and of whether it exists at all."""
    sets = [snapshot.addresses(group_id, family) for family in FAMILIES]
    facts = (group_id in snapshot.address_groups, [(each.starts, each.ends) for each in sets])
    return _fingerprint(marshal.dumps(facts, 2))


def rule_mark(rule: Rule) -> int:
    """Return the 32-bit number by which connections name the rule that admitted them."""
    return digest(rule.id, size=4)


def _fingerprint(data: bytes, size: int = 8) -> int:
    return int.from_bytes(blake2b(data, digest_size=size).digest()) or 1


def _spelt(facts: list[object]) -> bytes:
    """Spell plain values fast: ``marshal`` in format 2 does so alike in every Python 3."""
    return marshal.dumps(facts, 2)


def _facts(rule: Rule) -> tuple[object, ...]:
    prefix = rule.remote_ip_prefix
    return (
        rule.id,
        rule.direction.value,
        rule.family.name,
        rule.protocol,
        rule.port_range_min,
        rule.port_range_max,
        None if prefix is None else (prefix.family.version, prefix.value, prefix.length),
        rule.remote_group_id,
        rule.remote_address_group_id,
    )
