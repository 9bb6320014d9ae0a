"""What the datapath at hand can do, as ovs-vswitchd has found out (ovs-vswitchd(8), "dpif").

It tries each feature when it opens a datapath.  What an operator has switched off since
(``dpif/set-dp-features``) counts as missing: flows that need it are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from damselfly.errors import SwitchError, SwitchGone

from .unixctl import ask_vswitchd

_FOUND, _IN_FORCE = "dpif/show-dp-features", "dpif/set-dp-features"
_SHOWN = re.compile(r"(?P<name>[^:]+): (?P<value>\w+)")
_SETTING = re.compile(r"\w+ \((?P<name>[^)]+)\) : \[run time\]:(?P<value>\w+), .*")
_ABSENT = frozenset({"No", "false", "0"})


async def datapath_features(rundir: Path, bridge: str) -> dict[str, bool]:
    """Return which features the datapath of a bridge has, by the names that are shown.

    Raises SwitchGone where the ovs-vswitchd of that directory does not answer, SwitchError where it
    cannot say.
    """
    found = read_features(await ask_vswitchd(rundir, _FOUND, bridge))
    if not found:
        raise SwitchError(f"ovs-vswitchd shows no features of the datapath of {bridge}")
    try:
        return found | read_features(await ask_vswitchd(rundir, _IN_FORCE, bridge))
    except SwitchGone:
        raise
    except SwitchError:
        # Older ones know nothing of switching off.
        return found


def read_features(text: str) -> dict[str, bool]:
    """Read either list; lines in other forms are left out."""
    return dict(_features(text))


def _features(text: str) -> Iterator[tuple[str, bool]]:
    for line in text.splitlines():
        found = _SETTING.fullmatch(line.strip()) or _SHOWN.fullmatch(line.strip())
        if found is not None:
            yield found["name"], found["value"] not in _ABSENT
