"""Connecting to a real bridge."""

from __future__ import annotations

import asyncio
import os

import pytest

from damselfly.errors import SwitchGone
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow
from damselfly.flow.match import match
from damselfly.southbound.openflow import OpenFlowSwitch, connect
from lab.hypervisor import Hypervisor

pytestmark = pytest.mark.ovs


async def test_the_switch_is_known_by_its_datapath_id(
    hypervisor: Hypervisor, switch: OpenFlowSwitch
) -> None:
    told = hypervisor.vsctl("get", "bridge", hypervisor.bridge, "datapath_id")
    assert f"{switch.datapath_id:016x}" == told.strip().strip('"')


async def test_who_may_not_open_the_socket_is_told_so(hypervisor: Hypervisor) -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(SwitchGone, match="no permission"):
            await connect(str(hypervisor.management))
    finally:
        os.seteuid(0)


async def test_a_bridge_that_does_not_speak_our_version_is_told_apart(
    hypervisor: Hypervisor,
) -> None:
    hypervisor.vsctl("set", "bridge", hypervisor.bridge, "protocols=OpenFlow10,OpenFlow14")
    try:
        with pytest.raises(SwitchGone, match=r"does not speak OpenFlow 1\.3"):
            await connect(str(hypervisor.management))
    finally:
        hypervisor.vsctl("clear", "bridge", hypervisor.bridge, "protocols")


async def test_two_connections_do_not_disturb_each_other(
    hypervisor: Hypervisor, switch: OpenFlowSwitch
) -> None:
    other = await connect(str(hypervisor.management))
    deltas = [Delta(tuple(Flow(t, n, match(reg0=n)) for n in range(1, 400))) for t in (1, 2)]
    await asyncio.gather(switch.apply(deltas[0]), other.apply(deltas[1]))
    assert {entry.flow for entry in await switch.flows()} == {*deltas[0].add, *deltas[1].add}
    await other.close()
