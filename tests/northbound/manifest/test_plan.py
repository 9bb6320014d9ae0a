"""From manifests to changes of a store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import permutations

import pytest
import yaml

from damselfly.errors import BadInput, Conflict
from damselfly.model.address import IPV4, IPV6, Prefix
from damselfly.model.group import ICMP, ICMPV6, Rule
from damselfly.model.snapshot import Snapshot
from damselfly.northbound import keys
from damselfly.northbound.manifest import Plan, as_manifest, plan, read, without
from damselfly.northbound.memory import MemoryStore
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Contents

NOTHING = Contents(0, {})
BASE = """\
networks:
  - name: net
    subnets: [{cidr: 10.0.0.0/24}, {name: six, cidr: "fd00::/64", gateway_ip: "fd00::1"}]
security_groups:
  - name: web
    rules:
      - {direction: ingress, protocol: tcp, port_range_min: 80, port_range_max: 89,
         remote_ip_prefix: 0.0.0.0/0}
      - {direction: ingress, protocol: tcp, port_range_min: 22, port_range_max: 22,
         remote_group_id: admin}
  - name: admin
ports:
  - name: one
    network_id: net
    mac_address: 02:00:00:00:00:01
    fixed_ips: [10.0.0.4, {ip_address: "fd00::4"}]
    allowed_address_pairs: [{ip_address: 10.9.0.0/16, mac_address: 02:00:00:00:00:09}]
    security_groups: [web, admin]
    host: h1
"""


def planned(text: str, contents: Contents = NOTHING, *, prune: bool = False) -> Plan:
    return plan(read([("file.yaml", text.encode())]), contents, prune=prune)


def after(contents: Contents, changes: Iterable[Change]) -> Contents:
    objects = dict(contents.objects)
    for key, value in changes:
        if value is None:
            del objects[key]
        else:
            objects[key] = value
    return Contents(contents.revision + 1, objects)


def applied(text: str, contents: Contents = NOTHING, *, prune: bool = False) -> Contents:
    return after(contents, planned(text, contents, prune=prune).changes)


def view(contents: Contents) -> Snapshot:
    reader = PolicyReader(contents)
    assert reader.problems == {}
    return reader.snapshot


def the_rule(fields: str) -> Rule:
    text = f"security_groups: [{{name: g, rules: [{{{fields}}}]}}]"
    (found,) = view(applied(text)).groups["g"].rules
    return found


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


def test_what_is_in_the_store_may_be_referred_to_by_id_or_name() -> None:
    before = applied("networks: [{name: blue, id: n-1, subnets: [{cidr: 10.0.0.0/8}]}]")
    port = "ports: [{name: p, network_id: %s, mac_address: 02:00:00:00:00:01}]"
    for text in ("blue", "n-1"):
        assert view(applied(port % text, before)).ports["p"].network_id == "n-1"


def test_what_is_pruned_cannot_be_referred_to() -> None:
    port = "ports: [{name: p, network_id: net, mac_address: 02:00:00:00:00:02}]"
    planned(port, applied(BASE))
    with pytest.raises(BadInput, match="there is no network 'net'"):
        planned(port, applied(BASE), prune=True)


def test_a_name_that_two_objects_have_is_no_reference() -> None:
    text = "security_groups: [{name: a, id: g1}, {name: a, id: g2}, {name: b, rules: [%s]}]"
    with pytest.raises(BadInput, match="names 2 security groups: g1, g2"):
        planned(text % "{direction: ingress, remote_group_id: a}")


def test_ports_in_the_store_keep_their_addresses() -> None:
    port = BASE[BASE.index("ports:") :].replace("name: one", "name: two")
    with pytest.raises(BadInput) as caught:
        planned(port, applied(BASE))
    assert "belongs to port one" in str(caught.value)


def test_a_port_may_take_over_an_address_in_the_same_manifest() -> None:
    assert set(
        view(applied(BASE.replace("name: one", "name: two"), applied(BASE), prune=True)).ports
    ) == {"two"}


def test_networks_get_numbers_of_their_own_and_keep_them() -> None:
    first = applied("networks: [{name: b}, {name: a, segmentation_id: 1}, {name: c}]")
    numbers = {n.id: n.segmentation_id for n in view(first).networks.values()}
    assert sorted(numbers.values()) == [1, 2, 3]
    assert numbers["a"] == 1
    again = view(applied("networks: [{name: c}, {name: 'd'}]", first))
    assert again.networks["c"].segmentation_id == numbers["c"]
    assert again.networks["d"].segmentation_id == 4


def test_a_number_is_owned_in_the_store() -> None:
    store = applied("networks: [{name: a, segmentation_id: 7}]")
    assert "/segment/7" in store.objects
    store = applied("networks: [{name: a, segmentation_id: 8}]", store)
    assert "/segment/7" not in store.objects
    assert "/segment/8" in store.objects


def test_host_bits_are_cleared_and_said() -> None:
    text = "networks: [{name: a, subnets: [{cidr: 10.0.0.7/24}]}]"
    done = planned(text)
    assert set(view(after(NOTHING, done.changes)).subnets) == {"a:10.0.0.0/24"}
    (remark,) = done.notes
    assert "10.0.0.7/24 has host bits set and is taken as 10.0.0.0/24" in str(remark)
    assert planned(BASE).notes == ()


def test_yaml_does_not_guess() -> None:
    text = """
security_groups:
  - name: no
    rules: [{id: 12:30:45, direction: ingress}, {id: 1.10, direction: egress}]
  - name: 2026-01-01
"""
    groups = view(applied(text)).groups
    assert set(groups) == {"no", "2026-01-01"}
    assert [rule.id for rule in groups["no"].rules] == ["1.10", "12:30:45"]


def test_ethertype_follows_neutron_the_remote_and_the_protocol() -> None:
    assert the_rule("direction: ingress").family is IPV4
    assert the_rule("direction: ingress, remote_ip_prefix: 'fd00::/8'").family is IPV6
    assert the_rule("direction: ingress, protocol: ipv6-icmp").family is IPV6
    assert the_rule("direction: ingress, ethertype: IPv6").family is IPV6


@pytest.mark.parametrize(
    "words", ["icmp_type: 0, icmp_code: 0", "port_range_min: 0, port_range_max: 0"]
)
def test_icmp_type_and_code_have_two_spellings_and_zero_is_a_value(words: str) -> None:
    rule = the_rule(f"direction: ingress, protocol: icmp, {words}")
    assert (rule.protocol, rule.port_range_min, rule.port_range_max) == (ICMP, 0, 0)
    assert rule.id == "g:ingress:ipv4:icmp:type-0-code-0:any"


@pytest.mark.parametrize("spelt", ["icmp", "1", "ipv6-icmp", "icmpv6", "58", "'58'", "ICMP"])
def test_icmp_with_ipv6_is_icmpv6(spelt: str) -> None:
    rule = the_rule(f"direction: ingress, ethertype: IPv6, protocol: {spelt}, icmp_type: 128")
    assert rule.protocol == ICMPV6


@pytest.mark.parametrize(("spelt", "number"), [("tcp", 6), ("17", 17), ("vrrp", 112), ("0", 0)])
def test_protocols_go_by_name_and_number(spelt: str, number: int) -> None:
    assert the_rule(f"direction: egress, protocol: {spelt}").protocol == number


def test_equal_content_has_equal_ids_however_it_is_spelt() -> None:
    one = the_rule("direction: ingress, protocol: tcp, remote_ip_prefix: 10.0.0.9/8")
    other = the_rule("direction: ingress, protocol: 6, remote_ip_prefix: 10.0.0.0/8")
    assert one == other


def test_a_plan_expects_what_it_was_made_from() -> None:
    before = applied(BASE)
    text = BASE[BASE.index("ports:") :].replace("10.0.0.4", "10.0.0.5")
    done = planned(text, before)
    assert done.expected["/port/one"] == before.objects["/port/one"]
    assert done.expected["/network/net"] == before.objects["/network/net"]
    assert done.expected["/group/web"] == before.objects["/group/web"]


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
    assert left.objects.keys() == {"/group/admin"}


def test_a_rule_is_deleted_alone() -> None:
    store = applied(BASE)
    key = keys.rule("web", "web:ingress:ipv4:tcp:22:@admin")
    left = after(store, without(store, key).changes)
    assert store.objects.keys() - left.objects.keys() == {key}


def test_an_exported_store_is_the_manifest_of_itself() -> None:
    store = applied(BASE.replace("name: web\n", "name: web\n    id: w-1\n"))
    text = yaml.safe_dump(as_manifest(view(store)))
    assert planned(text, store, prune=True).changes == ()
    assert applied(text).objects == store.objects
