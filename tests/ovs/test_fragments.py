"""Big datagrams through a real switch, across a change of policy."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from tests.ovs.site import Site

pytestmark = pytest.mark.ovs


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_big_datagrams_of_a_live_connection_cross_a_change(site: Site, family: str) -> None:
    """Under the new label all is judged again, and later fragments have no ports for that."""
    address = getattr(site.two, family)
    site.one.run(["ping", "-c2", "-i0.1", address], check=False)
    ping = site.one.popen(["ping", "-c30", "-i0.1", "-s4000", address], stdout=subprocess.PIPE)
    time.sleep(1)
    site.delete_rule("ssh")
    output, _ = ping.communicate(timeout=20)
    found = re.search(r"(\d+) received", output)
    assert found is not None
    assert int(found[1]) >= 25, output
