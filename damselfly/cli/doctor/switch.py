"""Open vSwitch: is it there, may we talk to it, can it do what is needed, is the bridge set up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from damselfly.config import Config
from damselfly.errors import BadInput, SwitchError
from damselfly.pipeline.needs import FIXED, Feature, Lacks, in_words, lacking
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.features import datapath_features
from damselfly.southbound.openflow import connect
from damselfly.southbound.ovsdb import Ovsdb

from .check import Check, bad, doubtful, good, unknown

TRIED = (3, 1)
"""The version of Open vSwitch against which everything is tested."""
OLDEST = (2, 17)
"""Older ones lack what is needed, or were never looked at."""
_PATIENCE = 5.0
_DATABASE, _VERSION, _DATAPATH = "database", "version", "datapath"
_FAIL_MODE, _CONTROLLER, _INTERFACES = "fail_mode", "controller", "interfaces"
_OPENFLOW, _METERS, _CONTROL, _FEATURES = "openflow", "meters", "control socket", "features"
_OF_BRIDGE = (_VERSION, _DATAPATH, _FAIL_MODE, _CONTROLLER, _INTERFACES)
_SOCKETS = (
    "run the agent as root, or give its group the sockets: "
    "packaging/systemd has drop-ins for ovsdb-server and ovs-vswitchd (docs/install.md)"
)

_NO_METERS = "no port can be enforced without: what may ask the agent could not be bounded"


async def switch_checks(config: Config) -> AsyncIterator[Check]:
    """Look at this host's Open vSwitch."""
    try:
        ovsdb = await Ovsdb.connect(config.ovsdb, config.bridge, _PATIENCE)
    except (SwitchError, BadInput) as error:
        yield bad(_DATABASE, str(error), _advice(config, str(error)))
        for check in unknown(_OF_BRIDGE, "the database was not read"):
            yield check
    else:
        bridge = ovsdb.state
        await ovsdb.close()
        yield good(_DATABASE, f"{config.ovsdb} has a bridge {config.bridge}")
        for check in bridge_checks(bridge):
            yield check
    for check in await _openflow(config):
        yield check
    for check in await _datapath_can(config):
        yield check


def _advice(config: Config, problem: str) -> str:
    if "ermission" in problem:
        return _SOCKETS
    if "no bridge" in problem:
        return (
            f"ovs-vsctl add-br {config.bridge} -- set bridge {config.bridge} fail_mode=secure, or "
            "name another one with --bridge"
        )
    return "systemctl start openvswitch-switch, or name its database with --ovsdb"


def bridge_checks(bridge: BridgeState) -> Iterator[Check]:
    """Look at what the database says of the bridge."""
    yield _version(bridge.ovs_version)
    yield _datapath(bridge.datapath_type)
    if bridge.is_secure:
        yield good(_FAIL_MODE, "secure: without flows nothing passes")
    else:
        yield doubtful(
            _FAIL_MODE,
            "not secure: until an agent runs, the bridge forwards everything",
            f"ovs-vsctl set bridge {bridge.name} fail_mode=secure (a running agent does so too; "
            "Open vSwitch forgets the bridge's flows at that)",
        )
    if bridge.controllers:
        yield bad(
            _CONTROLLER,
            f"{', '.join(bridge.controllers)} may program the bridge as well",
            f"ovs-vsctl del-controller {bridge.name}; else agent and controller undo each other",
        )
    else:
        yield good(_CONTROLLER, "nobody else is told to program the bridge")
    yield _interfaces(bridge)


def _version(text: str) -> Check:
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is None:
        return doubtful(_VERSION, f"the database names none ({text!r})", "is ovs-vswitchd running?")
    version = int(found[1]), int(found[2])
    if version < OLDEST:
        return bad(_VERSION, f"Open vSwitch {text}", f"install {_dotted(TRIED)} or later")
    if version < TRIED:
        advice = f"everything is tested with {_dotted(TRIED)}; this one was not tried"
        return doubtful(_VERSION, f"Open vSwitch {text}", advice)
    return good(_VERSION, f"Open vSwitch {text}")


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _datapath(kind: str) -> Check:
    if kind == "netdev":
        return good(_DATAPATH, "netdev (userspace)")
    return doubtful(
        _DATAPATH,
        f"{kind or 'system'} (the kernel's)",
        "meant to work; tests run on the userspace datapath, so try yours before you rely on it",
    )


def _interfaces(bridge: BridgeState) -> Check:
    wrong = [f"{name}: {why}" for name, why in bridge.errors.items()]
    wrong += [
        f"{port} is claimed by {' and '.join(names)}" for port, names in bridge.duplicates.items()
    ]
    if wrong:
        advice = "mend or unplug them; the other ports are not affected"
        return doubtful(_INTERFACES, "; ".join(wrong), advice)
    return good(_INTERFACES, f"{len(bridge.interfaces)} with an iface-id, none with an error")


async def _openflow(config: Config) -> list[Check]:
    """Talk to the bridge as the agent does."""
    try:
        switch = await connect(config.management_socket, _PATIENCE)
    except SwitchError as error:
        advice = _SOCKETS if "permission" in str(error) else "systemctl status ovs-vswitchd"
        return [bad(_OPENFLOW, str(error), advice), *unknown([_METERS], "the bridge was not asked")]
    try:
        flows = await switch.count_flows()
        found = [good(_OPENFLOW, f"{config.management_socket} answers; {flows} flows")]
        if not await switch.meter_limit():
            return [*found, bad(_METERS, "the datapath has none", _NO_METERS)]
        return [*found, good(_METERS, f"supported; {len(await switch.meters())} in use")]
    except SwitchError as error:
        return [*found, bad(_METERS, str(error), _NO_METERS)]
    finally:
        await switch.close()


async def _datapath_can(config: Config) -> list[Check]:
    """Ask ovs-vswitchd what its datapath can do, over the control socket as the agent does."""
    rundir = Path(config.management_socket).parent
    try:
        shown = await datapath_features(rundir, config.bridge)
    except SwitchError as error:
        told = str(error)
        advice = _SOCKETS if "ermission" in told else "systemctl status ovs-vswitchd"
        return [bad(_CONTROL, told, advice), *unknown([_FEATURES], "ovs-vswitchd was not asked")]
    found = good(_CONTROL, f"ovs-vswitchd answers in {rundir}")
    # Meters are no feature of a datapath; they were looked at above.
    return [found, features_check(lacking(shown) - {Feature.METERS})]


def features_check(lacks: Lacks) -> Check:
    """Say whether the datapath can do what the flows need."""
    if lacks & FIXED:
        advice = "no port can be enforced on it; use another datapath or kernel"
        return bad(_FEATURES, f"the datapath lacks {in_words(lacks)}", advice)
    if lacks:
        advice = "ports that need it stay closed, and `damselfly status` names them"
        return doubtful(_FEATURES, f"the datapath lacks {in_words(lacks)}", advice)
    return good(_FEATURES, "the datapath can do all that the flows need")
