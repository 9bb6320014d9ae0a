"""What traffic does when the agent has gone for good, as docs/install.md tells."""

from __future__ import annotations

import pytest

from damselfly.southbound.bridge import KEY
from demo.stream import streaming
from lab.daemon import wait_until
from lab.traffic import Probe, reaches
from tests.ovs.site import Site

pytestmark = pytest.mark.ovs


def test_without_an_agent_only_what_was_judged_goes_on_until_the_bridge_is_opened(
    site: Site,
) -> None:
    hypervisor, to = site.hypervisor, site.two.ipv4
    judged, other, denied = (Probe(site.one, to, "tcp", port) for port in (80, 22, 81))
    with streaming(site.one, site.two, 80) as stream:
        assert stream.flows()
        site.agent.process.stop()
        assert stream.flows()
        assert reaches(judged)
        assert not reaches(other)
        assert not reaches(denied)
    hypervisor.restart_vswitchd()
    assert not reaches(judged)
    hypervisor.ofctl("del-flows")
    hypervisor.ofctl("del-meters")
    hypervisor.vsctl("set", "bridge", "br-int", "fail_mode=standalone")
    hypervisor.appctl("dpctl/flush-conntrack")
    wait_until(lambda: reaches(denied), 20, "the opened bridge")


def test_keys_that_the_agent_left_in_the_database_can_be_taken_out(site: Site) -> None:
    site.agent.process.stop()
    show = ("--bare", "get", "bridge", "br-int", "external_ids")
    keys = [word.split("=")[0].strip("{ ") for word in site.hypervisor.vsctl(*show).split(",")]
    ours = [key for key in keys if KEY in key]
    assert len(ours) == 2
    for key in ours:
        site.hypervisor.vsctl("remove", "bridge", "br-int", "external_ids", key)
    assert KEY not in site.hypervisor.vsctl(*show)
