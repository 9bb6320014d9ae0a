"""Whether Neutron and the store say the same: which objects there are, by kind and id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bench.cloud import Cloud
from damselfly.northbound import keys
from lab.daemon import wait_until


def in_neutron(cloud: Cloud) -> set[str]:
    """Return the keys that the store should have, one for each object that Neutron has.

    To ask for groups is to make the caller's default group, so ask before looking at the store.
    """
    api = cloud.api
    found = {
        *_keys(keys.network, api.networks()),
        *_keys(keys.subnet, api.subnets()),
        *_keys(keys.port, api.ports()),
        *_keys(keys.address_group, api.address_groups()),
        *_keys(keys.group, api.security_groups()),
    }
    rules = api.security_group_rules()
    return found | {keys.rule(rule.security_group_id, rule.id) for rule in rules}


def in_store(cloud: Cloud) -> set[str]:
    """Return the keys of the policy that the store has."""
    return set(cloud.stored(*keys.POLICY_PREFIXES))


def until_same(cloud: Cloud, patience: float = 60) -> None:
    """Wait until both say the same."""
    wait_until(lambda: in_neutron(cloud) == in_store(cloud), patience, "the store's repair")


def _keys(key: Any, things: Iterable[Any]) -> set[str]:
    return {key(thing.id) for thing in things}
