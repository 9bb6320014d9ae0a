"""What manifests mean: defaults, spellings, references, numbers."""

from __future__ import annotations

import pytest

from damselfly.errors import BadInput
from damselfly.model.address import IPV4, IPV6
from damselfly.model.group import ICMP, ICMPV6, Rule

from .plans import BASE, NOTHING, after, applied, planned, view


def the_rule(fields: str) -> Rule:
    text = f"security_groups: [{{name: g, rules: [{{{fields}}}]}}]"
    (found,) = view(applied(text)).groups["g"].rules
    return found


def test_host_bits_are_cleared_and_said() -> None:
    text = "networks: [{name: a, subnets: [{cidr: 10.0.0.7/24}]}]"
    done = planned(text)
    assert set(view(after(NOTHING, done.changes)).subnets) == {"a:10.0.0.0/24"}
    (remark,) = done.notes
    assert "10.0.0.7/24 has host bits set and is taken as 10.0.0.0/24" in str(remark)
    assert planned(BASE).notes == ()


def test_an_address_group_lists_both_families_in_any_order_each_once() -> None:
    first, second = (
        applied(f"address_groups: [{{name: a, addresses: [{listed}]}}]")
        for listed in (
            "10.0.0.7/24, 'fd00::1', 192.0.2.1, 10.0.0.0/24",
            "192.0.2.1/32, 10.0.0.0/24, 'fd00::1'",
        )
    )
    assert first.objects == second.objects
    listed = view(first).address_groups["a"].addresses
    assert set(map(str, listed)) == {"10.0.0.0/24", "192.0.2.1", "fd00::1"}


def test_host_bits_in_an_address_group_are_said() -> None:
    (remark,) = planned("address_groups: [{name: a, addresses: [192.0.2.1, 10.0.0.7/24]}]").notes
    assert "address_groups[a].addresses[1]: 10.0.0.7/24 has host bits set" in str(remark)


def test_an_address_group_and_a_group_may_share_a_name() -> None:
    text = """
    address_groups: [{name: same, addresses: [192.0.2.1]}]
    security_groups:
      - name: same
        rules:
          - {direction: ingress, remote_group_id: same}
          - {direction: ingress, remote_address_group_id: same}
    """
    one, other = view(applied(text)).groups["same"].rules
    assert (one.remote_group_id, one.remote_address_group_id) == ("same", None)
    assert (other.remote_group_id, other.remote_address_group_id) == (None, "same")


def test_an_address_group_goes_by_its_name_where_only_one_has_it() -> None:
    text = """
    address_groups: [{name: office, id: 17, addresses: [192.0.2.1]}]
    security_groups: [{name: g, rules: [{direction: egress, remote_address_group_id: office}]}]
    """
    (rule,) = view(applied(text.replace("17", "'17'"))).groups["g"].rules
    assert rule.remote_address_group_id == "17"


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


def test_a_name_that_two_objects_have_is_no_reference() -> None:
    text = "security_groups: [{name: a, id: g1}, {name: a, id: g2}, {name: b, rules: [%s]}]"
    with pytest.raises(BadInput, match="names 2 security groups: g1, g2"):
        planned(text % "{direction: ingress, remote_group_id: a}")


def test_what_is_in_the_store_may_be_referred_to_by_id_or_name() -> None:
    before = applied("networks: [{name: blue, id: n-1, subnets: [{cidr: 10.0.0.0/8}]}]")
    port = "ports: [{name: p, network_id: %s, mac_address: 02:00:00:00:00:01}]"
    for text in ("blue", "n-1"):
        assert view(applied(port % text, before)).ports["p"].network_id == "n-1"


def test_an_id_will_do_without_a_name() -> None:
    group = view(applied("security_groups: [{id: 5f0e}]")).groups["5f0e"]
    assert group.name == ""
    with pytest.raises(BadInput, match=r"security_groups\[0\].name: is missing"):
        planned("security_groups: [{stateful: true}]")
