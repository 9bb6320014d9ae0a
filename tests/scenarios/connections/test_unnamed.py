"""ICMP that no tracker follows and no rule names is dropped without asking anybody."""

from __future__ import annotations

import pytest

from damselfly.model.address import IPV4, IPV6
from damselfly.model.group import ICMP, ICMPV6, TCP, Rule
from tests.scenarios.rig import Rig
from tests.scenarios.vms import egress, frame, group, host, ingress, vm

REDIRECT = frame(1, 2, ICMP, 5, 1)


def receiver(*rules: Rule) -> Rig:
    """A host with a sender that is not filtered and a receiver with these rules."""
    return host(group("web", *rules), vm(1, port_security_enabled=False), vm(2, "web"))


@pytest.mark.parametrize(
    "beside",
    [
        ingress("web", TCP, 80),
        ingress("web", ICMP, 0),
        egress("web", ICMP, 5),
        egress("web"),
        ingress("web", family=IPV6),
        ingress("web", ICMPV6, 5, family=IPV6),
    ],
)
def test_a_type_that_no_rule_names_is_no_question(beside: Rule) -> None:
    rig = receiver(beside)
    assert rig.send("vm1", REDIRECT) == []
    assert rig.asked == 0


@pytest.mark.parametrize(
    "named", [ingress("web", ICMP, 5, None), ingress("web", ICMP), ingress("web", family=IPV4)]
)
def test_a_type_that_a_rule_names_is_asked_about_once(named: Rule) -> None:
    rig = receiver(named, ingress("web", ICMP, 0))
    assert rig.send("vm1", REDIRECT) == ["vm2"]
    assert rig.send("vm1", REDIRECT) == ["vm2"]
    assert rig.asked == 1
