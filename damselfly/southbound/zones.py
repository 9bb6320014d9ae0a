"""How many connections a zone of the tracker may hold, told over the control socket.

OpenFlow has no message for it (ovs-vswitchd(8), ``dpctl/ct-set-limits``).  A restart forgets it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .conntrack import datapath_of
from .unixctl import ask_vswitchd


async def limit_zones(rundir: Path, datapath_type: str, zones: Iterable[int], limit: int) -> None:
    """Let each of these zones hold so many connections; further ones are not entered.

    Raises SwitchGone where the ovs-vswitchd of a directory does not answer, SwitchError where it
    refuses.
    """
    words = [f"zone={zone},limit={limit}" for zone in zones]
    await ask_vswitchd(rundir, "dpctl/ct-set-limits", datapath_of(datapath_type), *words)


async def unlimit_zones(rundir: Path, datapath_type: str, zones: Iterable[int]) -> None:
    """Take the limits of these zones away; raises as :func:`limit_zones` does."""
    words = f"zone={','.join(map(str, zones))}"
    await ask_vswitchd(rundir, "dpctl/ct-del-limits", datapath_of(datapath_type), words)
