"""How many fragments the connection tracker lets wait, told over the control socket.

Userspace datapath only (ovs-vswitchd(8), ``dpctl/ipf-set-max-nfrags``): the kernel's tracker has
limits of its own, in bytes and for each network namespace.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from damselfly.errors import SwitchError

from .unixctl import ask_vswitchd

MOST = 5000
"""As many fragments as the tracker can be made to keep; by itself it keeps 1,000."""
SMALLEST = 400
"""Bytes; the smallest IPv4 frame that it can be made to take for a fragment, not the last one."""
_DATAPATH = "netdev@ovs-netdev"
_FACTS = {"waiting": r"num frag: (\d+)", "most": r"max num frags[^:]*: (\d+)"}


class Reassembly(NamedTuple):
    """How full the tracker is."""

    waiting: int
    """Fragments that wait for the rest of their datagram."""
    most: int
    """Fragments that may."""


async def make_room(rundir: Path) -> None:
    """Have the tracker keep as many fragments, and as small ones, as it can.

    Raises SwitchGone where the ovs-vswitchd of a directory does not answer, SwitchError where it
    refuses.
    """
    await ask_vswitchd(rundir, "dpctl/ipf-set-max-nfrags", _DATAPATH, str(MOST))
    await ask_vswitchd(rundir, "dpctl/ipf-set-min-frag", _DATAPATH, "v4", str(SMALLEST))


async def reassembly(rundir: Path) -> Reassembly:
    """Read how full the tracker is; raises as :func:`make_room` does."""
    said = await ask_vswitchd(rundir, "dpctl/ipf-get-status", _DATAPATH)
    found = {name: re.search(pattern, said) for name, pattern in _FACTS.items()}
    if None in found.values():
        raise SwitchError(f"the answer of dpctl/ipf-get-status is not understood: {said!r}")
    return Reassembly(**{name: int(each[1]) for name, each in found.items() if each})
