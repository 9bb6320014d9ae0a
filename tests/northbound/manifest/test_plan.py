"""From manifests to changes of a store."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest
import yaml

from damselfly.errors import BadInput, Conflict
from damselfly.model.address import Prefix
from damselfly.northbound import keys
from damselfly.northbound.manifest import as_manifest, plan, read, without
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.store import Contents

from .plans import BASE, after, applied, planned, view


def test_what_is_named_is_in_the_store() -> None:
    store = view(applied(BASE))
    port = store.ports["one"]
    assert port.security_groups == ("admin", "web")
    assert port.fixed_ips == (Prefix.parse("10.0.0.4"), Prefix.parse("fd00::4"))
    assert port.host == "h1"
    assert store.networks["net"].segmentation_id == 1
    assert set(store.subnets) == {"net:10.0.0.0/24", "six"}
    assert [rule.id for rule in store.groups["web"].rules] == [
        "web:ingress:ipv4:tcp:22:@admin",
        "web:ingress:ipv4:tcp:22:in@office",
        "web:ingress:ipv4:tcp:80-89:0.0.0.0/0",
    ]


def test_index_entries_are_written_with_their_port() -> None:
    objects = applied(BASE).objects
    assert {"/member/web/one", "/member/admin/one", "/network-port/net/one"} <= objects.keys()
    moved = applied(BASE.replace("[web, admin]", "[web]"), applied(BASE)).objects
    assert "/member/admin/one" not in moved


def test_applying_again_changes_nothing() -> None:
    store = applied(BASE)
    assert planned(BASE, store).changes == ()
    assert planned(BASE, store, prune=True).changes == ()


def test_neither_order_nor_files_matter() -> None:
    sections = yaml.safe_load(BASE)
    sections["security_groups"][0]["rules"].reverse()
    sections["security_groups"].reverse()
    files = [(f"{name}.yaml", yaml.safe_dump({name: sections[name]}).encode()) for name in sections]
    for order in permutations(files):
        assert plan(read(order), applied(BASE)).changes == ()


def test_a_named_object_is_replaced_as_a_whole() -> None:
    text = "security_groups: [{name: web, rules: [{direction: egress}]}]"
    store = view(applied(text, applied(BASE)))
    assert [rule.id for rule in store.groups["web"].rules] == ["web:egress:ipv4:any:any:any"]
    text = "networks: [{name: net, subnets: [{cidr: 10.0.0.0/16}]}]"
    assert set(view(applied(text, applied(BASE))).subnets) == {"net:10.0.0.0/16"}


def test_an_address_group_is_replaced_as_a_whole() -> None:
    text = "address_groups: [{name: office, addresses: [192.0.2.1]}]"
    before = applied(BASE)
    done = planned(text, before)
    assert [effect[:3] for effect in done.effects] == [("change", "address-group", "office")]
    store = view(after(before, done.changes))
    assert store.address_groups["office"].addresses == (Prefix.parse("192.0.2.1"),)


def test_what_is_not_named_stays() -> None:
    store = view(applied("security_groups: [{name: other}]", applied(BASE)))
    assert set(store.groups) == {"web", "admin", "other"}
    assert set(store.ports) == {"one"}


def test_pruning_deletes_all_policy_that_is_not_named_and_nothing_else() -> None:
    status = {"/status/agent/h1": b"{}"}
    before = Contents(5, {**applied(BASE).objects, **status})
    store = applied("security_groups: [{name: other}]", before, prune=True)
    assert store.objects.keys() == {"/group/other", "/status/agent/h1"}


def test_pruning_takes_broken_objects_and_orphans_away() -> None:
    broken = {"/port/x": b"?", "/rule/gone/r": b"{}", "/subnet/s": b"1", "/member/g/p": b"{}"}
    before = Contents(5, {**applied(BASE).objects, **broken})
    assert applied(BASE, before, prune=True) == Contents(6, applied(BASE).objects)


def test_applying_mends_a_broken_object() -> None:
    before = Contents(5, {**applied(BASE).objects, "/port/one": b"?", "/rule/web/x": b"?"})
    assert applied(BASE, before).objects == applied(BASE).objects


def test_what_is_pruned_cannot_be_referred_to() -> None:
    port = "ports: [{name: p, network_id: net, mac_address: 02:00:00:00:00:02}]"
    planned(port, applied(BASE))
    with pytest.raises(BadInput, match="there is no network 'net'"):
        planned(port, applied(BASE), prune=True)


def test_ports_in_the_store_keep_their_addresses() -> None:
    port = BASE[BASE.index("ports:") :].replace("name: one", "name: two")
    with pytest.raises(BadInput) as caught:
        planned(port, applied(BASE))
    assert "belongs to port one" in str(caught.value)


def test_a_port_may_take_over_an_address_in_the_same_manifest() -> None:
    assert set(
        view(applied(BASE.replace("name: one", "name: two"), applied(BASE), prune=True)).ports
    ) == {"two"}


def test_a_plan_expects_what_it_was_made_from() -> None:
    before = applied(BASE)
    text = BASE[BASE.index("ports:") :].replace("10.0.0.4", "10.0.0.5")
    done = planned(text, before)
    assert done.expected["/port/one"] == before.objects["/port/one"]
    assert done.expected["/network/net"] == before.objects["/network/net"]
    assert done.expected["/group/web"] == before.objects["/group/web"]
    text = """
    security_groups:
      - {name: new, rules: [{direction: egress, remote_address_group_id: office}]}
    """
    expected = planned(text, before).expected
    assert expected["/address-group/office"] == before.objects["/address-group/office"]


def test_a_plan_conflicts_with_who_was_faster() -> None:
    async def race() -> None:
        store = MemoryStore()
        contents = await store.read()
        one = planned("networks: [{name: a}]", contents)
        other = planned("networks: [{name: b}]", contents)
        await store.commit(one.changes, one.expected)
        with pytest.raises(Conflict, match="/segment/1"):
            await store.commit(other.changes, other.expected)

    asyncio.run(race())


def test_effects_tell_objects_apart_from_index_entries() -> None:
    effects = {(effect.verb, effect.kind, effect.id) for effect in planned(BASE).effects}
    assert ("create", "port", "one") in effects
    assert {kind for _, kind, _ in effects} == set(keys.POLICY)
    text = BASE.replace("80, port_range_max: 89", "80, port_range_max: 90")
    changed = {(effect.verb, effect.id) for effect in planned(text, applied(BASE)).effects}
    assert changed == {
        ("create", "web:ingress:ipv4:tcp:80-90:0.0.0.0/0"),
        ("delete", "web:ingress:ipv4:tcp:80-89:0.0.0.0/0"),
    }


def test_an_object_is_deleted_with_what_belongs_to_it() -> None:
    store = applied(BASE)
    left = after(store, without(store, keys.port("one")).changes)
    assert not [key for key in left.objects if "one" in key]
    left = after(left, without(left, keys.group("web")).changes)
    assert not [key for key in left.objects if "web" in key]
    left = after(left, without(left, keys.subnet("six")).changes)
    left = after(left, without(left, keys.network("net")).changes)
    left = after(left, without(left, keys.address_group("office")).changes)
    assert left.objects.keys() == {"/group/admin"}


def test_a_rule_is_deleted_alone() -> None:
    store = applied(BASE)
    key = keys.rule("web", "web:ingress:ipv4:tcp:22:@admin")
    left = after(store, without(store, key).changes)
    assert store.objects.keys() - left.objects.keys() == {key}


def test_an_exported_store_is_the_manifest_of_itself() -> None:
    store = applied(
        BASE.replace("name: web\n", "name: web\n    id: w-1\n").replace(
            "- name: admin", "- id: admin"
        )
    )
    text = yaml.safe_dump(as_manifest(view(store)))
    assert planned(text, store, prune=True).changes == ()
    assert applied(text).objects == store.objects
