"""What ovs-vswitchd shows of its datapath; the answers are those of Open vSwitch 3.1."""

from __future__ import annotations

import pytest

from damselfly.southbound.features import read_features

SHOWN = """Masked set action: Yes
Tunnel push pop: No
Max VLAN headers: 2
Recirc: Yes
CT state: Yes
CT label: No
CT orig tuple for IPv6: Yes

"""
SETTINGS = """sample_nesting (Sample nesting) : [run time]:10, [boot time]:10
recirc (Recirc) : [run time]:false, [boot time]:true
max_vlan_headers (Max VLAN headers) : [run time]:0, [boot time]:1
ct_state (CT state) : [run time]:true, [boot time]:true
"""


def test_each_line_names_a_feature_and_whether_it_is_there() -> None:
    assert read_features(SHOWN) == {
        "Masked set action": True, "Tunnel push pop": False, "Max VLAN headers": True,
        "Recirc": True, "CT state": True, "CT label": False, "CT orig tuple for IPv6": True,
    }  # fmt: skip


def test_what_is_in_force_counts_and_not_what_was_found() -> None:
    assert read_features(SETTINGS) == {
        "Sample nesting": True, "Recirc": False, "Max VLAN headers": False, "CT state": True
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", "no such bridge", "Recirc", ": Yes"])
def test_other_text_names_nothing(text: str) -> None:
    assert read_features(text) == {}
