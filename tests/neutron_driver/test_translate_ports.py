"""Neutron's ports in our words."""

from __future__ import annotations

from itertools import permutations

import pytest

from damselfly.errors import BadInput
from damselfly.model.address import Prefix
from damselfly.model.port import AddressPair
from damselfly.neutron import translate
from tests.neutron_driver.fields import GROUP, OTHER, SUB, port


def test_a_port_keeps_its_addresses_groups_and_place() -> None:
    made = translate.port(port())
    assert made is not None
    assert made.mac == 0xFA163E000001
    assert made.fixed_ips == (Prefix.parse("10.0.0.7"),)
    assert made.security_groups == (GROUP,)
    assert made.port_security_enabled
    assert made.host == "compute1"
    assert made.device_owner == "compute:nova"


def test_a_port_that_is_nowhere_has_no_host() -> None:
    made = translate.port(port(**{"binding:host_id": ""}))
    assert made is not None
    assert made.host is None


def test_a_port_that_is_administratively_down_is_not_in_the_store() -> None:
    assert translate.port(port(admin_state_up=False)) is None


def test_the_databases_order_means_nothing() -> None:
    ips = [{"subnet_id": SUB, "ip_address": ip} for ip in ("10.0.0.7", "10.0.0.8", "fd00::7")]
    pairs = [{"ip_address": ip, "mac_address": "fa:16:3e:00:00:01"} for ip in ("1.1.1.1", "::5")]
    said = {
        translate.port(
            port(
                fixed_ips=list(one),
                allowed_address_pairs=list(other),
                security_groups=list(groups),
            )
        )
        for one in permutations(ips)
        for other in permutations(pairs)
        for groups in permutations([GROUP, OTHER])
    }
    assert len(said) == 1


def test_a_pair_with_the_ports_own_mac_goes_with_that_mac() -> None:
    own = {"ip_address": "10.0.0.99", "mac_address": "FA:16:3E:00:00:01"}
    foreign = {"ip_address": "10.0.0.0/28", "mac_address": "fa:16:3e:00:00:99"}
    made = translate.port(port(allowed_address_pairs=[own, foreign]))
    assert made is not None
    assert set(made.allowed_address_pairs) == {
        AddressPair(Prefix.parse("10.0.0.99")),
        AddressPair(Prefix.parse("10.0.0.0/28"), 0xFA163E000099),
    }


def test_only_port_security_grants_trust() -> None:
    """A device owner never does: CVE-2015-5240."""
    owned = translate.port(port(device_owner="network:dhcp"))
    assert owned is not None
    assert owned.port_security_enabled
    trusted = translate.port(port(port_security_enabled=False, security_groups=[]))
    assert trusted is not None
    assert not trusted.port_security_enabled


def test_a_cloud_without_the_port_security_extension_filters_every_port() -> None:
    fields = port()
    del fields["port_security_enabled"]
    made = translate.port(fields)
    assert made is not None
    assert made.port_security_enabled


def test_a_name_may_hold_anything() -> None:
    made = translate.port(port(name="two\nlines\x00" + "é" * 300))
    assert made is not None
    assert made.name.startswith("two lines é")
    assert len(made.name) == 255


@pytest.mark.parametrize(
    "wrong",
    [
        {"mac_address": "not a mac"},
        {"fixed_ips": [{"subnet_id": SUB, "ip_address": "10.0.0.300"}]},
        {"allowed_address_pairs": [{"ip_address": "nowhere"}]},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_read_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        translate.port(port(**wrong))
