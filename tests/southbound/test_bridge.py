"""Which interface is which port."""

from __future__ import annotations

from dataclasses import replace

from damselfly.southbound.bridge import BridgeState, Interface, InterfaceRow, claims


def row(
    name: str, iface_id: str | None, ofport: int | None, error: str | None = None
) -> InterfaceRow:
    return InterfaceRow(name, iface_id, ofport, "02:00:00:00:00:01", error)


def test_an_interface_with_id_and_ofport_is_a_port() -> None:
    assert claims([row("tap1", "a", 3)]).interfaces == {
        "a": Interface("tap1", 3, "02:00:00:00:00:01")
    }


def test_an_interface_without_id_is_nobody() -> None:
    made = claims([row("br-int", None, 65534), row("eth1", "", 2)])
    assert (made.interfaces, made.duplicates, made.errors) == ({}, {}, {})


def test_without_an_ofport_it_is_no_port_and_says_why() -> None:
    made = claims(
        [row("tap1", "a", -1, "no such device"), row("tap2", "b", None), row("t", "c", 0)]
    )
    assert made.interfaces == {}
    assert made.errors["tap1"] == "no such device"
    assert set(made.errors) == {"tap1", "tap2", "t"}


def test_one_whose_packets_do_not_fit_into_a_message_is_no_port_and_says_why() -> None:
    rows = [replace(row("tap1", "a", 1), mtu=9000), replace(row("tap2", "b", 2), mtu=65535)]
    made = claims(rows)
    assert set(made.interfaces) == {"a"}
    assert made.errors == {"tap2": "has an MTU of 65535, at most 60000 can be filtered"}


def test_two_that_claim_one_port_are_both_refused_in_any_order() -> None:
    rows = [row("tap1", "a", 1), row("tap2", "a", 2), row("tap3", "b", 3)]
    for order in (rows, rows[::-1]):
        made = claims(order)
        assert set(made.interfaces) == {"b"}
        assert made.duplicates == {"a": ("tap1", "tap2")}


def test_a_claim_without_an_ofport_is_a_claim_all_the_same() -> None:
    made = claims([row("tap1", "a", 1), row("tap2", "a", -1)])
    assert made.interfaces == {}
    assert made.duplicates == {"a": ("tap1", "tap2")}


def test_port_keys_are_read_and_what_is_no_number_is_not() -> None:
    ids = {"damselfly-key:a": "7", "damselfly-key:b": "x", "damselfly-key:c": "-1", "other": "5"}
    assert BridgeState("br-int", "netdev", "3.1.0", {}, external_ids=ids).keys == {"a": 7}
