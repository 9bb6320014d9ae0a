"""Random clouds that change, written to a store as `apply` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from damselfly.model.address import Prefix
from damselfly.model.group import Rule
from damselfly.model.network import Network, Subnet
from damselfly.northbound.codec import Stored, write, written_together
from damselfly.northbound.store import Change
from tests.scenarios import policies

GROUPS, LISTS = ("g0", "g1", "g2"), ("a0", "a1")
NAMES = tuple(f"p{number}" for number in range(10))
_FIXED: tuple[Stored, ...] = (
    Network("net", "net", 7),
    Network("other", "other", 8),
    Subnet("s1", "net", Prefix.parse("10.0.0.0/24")),
    Subnet("s2", "other", Prefix.parse("10.0.0.0/24")),
    Subnet("s3", "other", Prefix.parse("fd00::/64")),
)
Cloud = Mapping[str, tuple[Stored, ...]]
"""What is written together, by a name."""


@st.composite
def pieces(draw: st.DrawFn, name: str) -> tuple[Stored, ...]:
    """Return what goes by a name: a port, a group with its rules, a list, or a fixed object."""
    if name in NAMES:
        return (draw(policies.ports(name)),)
    if name in GROUPS:
        group = draw(policies.groups(name))
        return (group, *group.rules)
    if name in LISTS:
        return (draw(policies.address_groups(name)),)
    return (_FIXED[int(name)],)


ALL = (*NAMES, *GROUPS, *LISTS, *(str(number) for number in range(len(_FIXED))))
STEPS = st.lists(
    st.sampled_from(ALL).flatmap(
        lambda name: st.tuples(st.just(name), st.none() | pieces(name), st.none() | st.booleans())
    ),
    min_size=1,
    max_size=5,
)
"""Each: what goes by a name becomes this or vanishes; and, maybe, the port is (un)plugged."""


@st.composite
def clouds(draw: st.DrawFn) -> dict[str, tuple[Stored, ...]]:
    """Return a whole cloud; some of it may be missing."""
    gone = draw(st.sets(st.sampled_from(ALL), max_size=3))
    return {name: draw(pieces(name)) for name in ALL if name not in gone}


def entries(cloud: Cloud) -> dict[str, bytes | None]:
    """Return all that the store holds of a cloud, index entries included."""
    return {
        change.key: change.value
        for things in cloud.values()
        for thing in things
        for change in _written(thing)
    }


def _written(thing: Stored) -> Iterable[Change]:
    return [write(thing)] if isinstance(thing, Rule) else [write(thing), *written_together(thing)]


def difference(before: Cloud, after: Cloud) -> list[Change]:
    """Return the changes that turn one cloud into the other."""
    old, new = entries(before), entries(after)
    put = [Change(key, value) for key, value in new.items() if old.get(key) != value]
    return put + [Change(key, None) for key in old if key not in new]
