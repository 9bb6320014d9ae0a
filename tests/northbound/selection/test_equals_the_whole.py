"""What is selected for some ports gives them the same flows and verdicts as the whole policy."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from damselfly.errors import Compacted
from damselfly.model.address import FAMILIES
from damselfly.model.network import Attachment
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.selection import Selection
from damselfly.northbound.store import Store
from damselfly.pipeline.assemble import assemble
from damselfly.pipeline.view import host_view
from tests.contract.drivers import DRIVERS

from .clouds import NAMES, STEPS, Cloud, clouds, difference


class _Labels(dict[Any, int]):
    def __missing__(self, key: object) -> int:
        return 4711


def seen_by(view: Snapshot, here: Iterable[str]) -> dict[str, object]:
    """Return all that a host with these ports makes of a view."""
    plugged = [Attachment(name, 1 + NAMES.index(name), 1 + NAMES.index(name)) for name in here]
    host = host_view(view, plugged, _Labels())
    groups = {group for local in host.local.values() for group in local.port.security_groups}
    rules = {group: view.groups[group] for group in groups if group in view.groups}
    named = [rule for group in rules.values() for rule in group.rules]
    return {
        "flows": set(assemble(host)),
        "closed": host.closed,
        "rules": rules,
        "members": {
            (rule.remote_group_id, family): view.members(rule.remote_group_id, family)
            for rule in named
            if rule.remote_group_id is not None
            for family in FAMILIES
        },
        "listed": {
            (rule.remote_address_group_id, family): view.addresses(
                rule.remote_address_group_id, family
            )
            for rule in named
            if rule.remote_address_group_id is not None
            for family in FAMILIES
        },
        "neighbours": {
            port.id: port
            for local in host.local.values()
            for port in (view.ports[name] for name in view.ports_on[local.port.network_id])
        },
        "subnets": {
            subnet
            for local in host.local.values()
            for subnet in view.subnets.values()
            if subnet.network_id == local.port.network_id
        },
    }


async def whole(store: Store) -> Snapshot:
    return PolicyReader(await store.read(keys.POLICY_PREFIXES)).snapshot


async def follow(store: Store, selection: Selection, revision: int) -> None:
    """Follow the store up to a revision, as the agent does."""
    commits = store.watch(selection.revision, selection.wants)
    try:
        while selection.revision < revision:
            await selection.apply(await anext(commits))
    except Compacted:
        await selection.read(selection._here, selection._known)


async def run(store: Store, cloud: dict[str, Any], steps: list[Any], here: set[str]) -> None:
    try:
        await store.commit(difference({}, cloud))
        selection = Selection(store)
        await selection.read(here)
        assert seen_by(selection.reader.snapshot, here) == seen_by(await whole(store), here)
        for name, pieces, plug in steps:
            if plug is not None and name in NAMES:
                here = here | {name} if plug else here - {name}
                await selection.choose(here)
                assert selection.is_whole
                assert seen_by(selection.reader.snapshot, here) == seen_by(await whole(store), here)
            before: Cloud = cloud
            cloud = {key: value for key, value in cloud.items() if key != name}
            if pieces is not None:
                cloud[name] = pieces
            changes = difference(before, cloud)
            if changes:
                await follow(store, selection, await store.commit(changes))
            assert seen_by(selection.reader.snapshot, here) == seen_by(await whole(store), here)
        fresh = Selection(store)
        await fresh.read(here)
        assert fresh._held == selection._held, "nothing is held that is not needed any more"
        assert fresh.reader.snapshot.ports == selection.reader.snapshot.ports
        assert fresh.reader.problems.keys() == selection.reader.problems.keys()
        await selection.choose(())
        assert selection.objects == 0
    finally:
        await store.close()


@pytest.mark.parametrize(("driver", "examples"), [("memory", 60), ("sqlite", 10), ("etcd", 15)])
def test_a_selection_gives_its_ports_what_the_whole_policy_gives(
    driver: str, examples: int
) -> None:
    @settings(max_examples=examples, phases=[Phase.explicit, Phase.generate])
    @given(cloud=clouds(), steps=STEPS, here=st.sets(st.sampled_from(NAMES[:4])))
    def histories(cloud: dict[str, Any], steps: list[Any], here: set[str]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            asyncio.run(run(DRIVERS[driver](Path(directory), 1000), cloud, steps, here))

    histories()
