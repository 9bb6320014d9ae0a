"""The agent finds out what the datapath at hand can do, and closes what needs more."""

from __future__ import annotations

import pytest

from tests.ovs.site import Site

pytestmark = pytest.mark.ovs


def closed(site: Site) -> set[str]:
    status = site.agent.status()
    assert status is not None
    return {port.reason for port in status.ports if port.state == "closed"}


def switch(site: Site, feature: str, value: str) -> None:
    """Switch a feature of the datapath on or off; its flows are refused from then on."""
    site.hypervisor.appctl("dpif/set-dp-features", site.hypervisor.bridge, feature, value)


def answers(site: Site) -> bool:
    ping = ["ping", "-c1", "-W1", site.two.ipv4]
    return site.one.run(ping, check=False).returncode == 0


@pytest.mark.parametrize(
    ("feature", "name"), [("ct_label", "CT label"), ("ct_orig_tuple6", "CT orig tuple for IPv6")]
)
def test_what_the_datapath_lacks_closes_the_ports_and_is_said(
    site: Site, feature: str, name: str
) -> None:
    assert closed(site) == set()
    assert answers(site)
    site.restart_agent(lambda: switch(site, feature, "false"))
    assert closed(site) == {f"the datapath lacks {name}"}
    status = site.agent.status()
    assert status is not None
    assert status.problems["datapath"] == f"lacks {name}"
    assert status.lacks == (name,)
    assert not answers(site)
    site.restart_agent(lambda: switch(site, feature, "true"))
    assert closed(site) == set()
    assert answers(site)
