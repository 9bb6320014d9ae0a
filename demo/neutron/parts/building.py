"""Part 1: ask Neutron for a network, groups and rules."""

from __future__ import annotations

from demo.neutron.cloud import ADDRESS_GROUP, GROUPS, NETWORK, RULES, SUBNETS
from demo.neutron.stage import CloudStage
from demo.score import Score


def show(stage: CloudStage, score: Score) -> None:
    """Make everything but the machines, with the OpenStack client."""
    network = stage.ask("network", "create", NETWORK)
    score.expect(
        "its packets will travel in Geneve, as every network's here",
        met=network["provider:network_type"] == "geneve",
    )
    for name, (version, prefix) in SUBNETS.items():
        where = ["--network", NETWORK, "--ip-version", version, "--subnet-range", prefix]
        stage.openstack("subnet", "create", *where, name)
    for group, more in GROUPS.items():
        stage.openstack("security", "group", "create", *more, group)
    stage.openstack("address", "group", "create", ADDRESS_GROUP)
    for group, *words in RULES:
        rule = stage.ask("security", "group", "rule", "create", *words, group)
        stage.rules[group, *words] = rule["id"]
