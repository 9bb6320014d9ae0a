"""Matches: which packets a flow is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .field import FIELDS, ORDER, CtState


class Term(NamedTuple):
    """One condition: the field's bits under ``mask`` equal ``value``."""

    field: str
    value: int
    mask: int


_FULL_MASKS = {name: field.full_mask for name, field in FIELDS.items()}
_WIDE = {f"xxreg{n}": 4 * n for n in range(4)}
"""The 128-bit registers, and the first of the four registers that each is made of."""
Wanted = int | tuple[int, int]
"""A field's value, or its value and mask."""


@dataclass(frozen=True, slots=True)
class Match:
    """The conjunction of conditions on fields; with none, every packet matches.

    Terms are unique per field, ordered as in ``FIELDS``, without empty masks and without value
    bits outside the mask, so that equal matches are equal values.  Prerequisites (``dl_type``
    before ``nw_src`` ...) are terms like any other: whoever states a match states them too.
    """

    terms: tuple[Term, ...] = ()

    def __and__(self, other: Match) -> Match:
        """Return the match of packets that satisfy both; raise ValueError if none can."""
        merged = {term.field: term for term in self.terms}
        for term in other.terms:
            merged[term.field] = _both(merged[term.field], term) if term.field in merged else term
        return Match(tuple(sorted(merged.values(), key=_order)))

    def __iter__(self) -> Iterator[Term]:
        """Yield the terms in order."""
        return iter(self.terms)

    def covers(self, other: Match) -> bool:
        """Tell whether the other match states all these conditions, and so is no wider."""
        theirs = {term.field: term for term in other.terms}
        return all(
            name in theirs
            and theirs[name].mask & mask == mask
            and theirs[name].value & mask == value
            for name, value, mask in self.terms
        )

    def term(self, field: str) -> Term | None:
        """Return the condition on that field, if there is one."""
        return next((term for term in self.terms if term.field == field), None)


def match(**wanted: Wanted) -> Match:
    """Build a match: ``match(dl_type=0x800, nw_src=(0x0A000000, 0xFF000000), reg6=5)``.

    Raises KeyError for an unknown field, ValueError for a value that does not fit.
    """
    return from_mapping(wanted)


def from_mapping(wanted: Mapping[str, Wanted]) -> Match:
    """Build a match from field names to values, or to pairs of value and mask.

    ``xxreg0`` to ``xxreg3`` become terms on their four registers, as the switch has it.
    """
    terms: list[Term] = []
    for name, want in wanted.items():
        full = _FULL_MASKS[name]
        value, mask = want if isinstance(want, tuple) else (want, full)
        if value & ~mask or mask & ~full:
            raise ValueError(f"{name}={value:#x}/{mask:#x} does not fit in its mask or field")
        if name in _WIDE:
            terms += _parts(Term(name, value, mask))
        elif mask:
            terms.append(Term(name, value, mask))
    terms.sort(key=_order)
    return Match(tuple(terms))


def ct_state(text: str) -> tuple[int, int]:
    """Read ``+trk-inv`` into value and mask."""
    value = mask = 0
    for sign, name in zip(
        text[::4], (text[i + 1 : i + 4] for i in range(0, len(text), 4)), strict=True
    ):
        bit = CtState[name.upper()].value
        mask |= bit
        value |= bit if sign == "+" else 0
    return value, mask


def _parts(term: Term) -> list[Term]:
    """Take a term on a 128-bit register apart; what has no mask is no condition."""
    name, value, mask = term
    first, word = _WIDE[name], 0xFFFFFFFF
    parts = [
        (f"reg{first + i}", value >> s & word, mask >> s & word)
        for i, s in enumerate((96, 64, 32, 0))
    ]
    return [Term(*part) for part in parts if part[2]]


def _both(a: Term, b: Term) -> Term:
    common = a.mask & b.mask
    if (a.value ^ b.value) & common:
        raise ValueError(f"no packet has both {a} and {b}")
    return Term(a.field, a.value | b.value, a.mask | b.mask)


def _order(term: Term) -> int:
    return ORDER[term.field]
