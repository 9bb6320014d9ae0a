"""What the OpenFlow codec costs: ``python -m lab.sandbox python -m bench.openflow_codec``.

First the codec alone, then a real switch whose every packet misses: a VM sends datagrams from ever
new ports, and for each the process adds a verdict and resumes it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from timeit import repeat

from damselfly.flow.action import Conntrack, Controller, Resubmit, SetField
from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow
from damselfly.flow.match import ct_state, match
from damselfly.southbound.openflow import OpenFlowSwitch, connect
from damselfly.southbound.openflow.codec import messages, packet_in
from damselfly.southbound.switch import PacketIn
from lab import sandbox
from lab.hypervisor import Hypervisor
from lab.vm import VM

CALLS = 20_000
SECONDS = 4.0
FLOWS = 50_000
IP = match(dl_type=0x800)
TRACKED = ct_state("+trk-inv")
_SENDER = """
import socket, sys
port = 1024
while True:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("", port))
        s.sendto(b"x" * 64, ("10.9.0.2", 53))
    port = port + 1 if port < 65535 else 1024
"""


def verdict(source: int, port: int) -> Flow:
    """State a verdict as the agent does: two registers, the original tuple, one action."""
    wanted = match(
        dl_type=0x800,
        ct_state=TRACKED,
        ct_nw_src=source,
        ct_nw_proto=17,
        ct_tp_src=port,
        reg0=5,
        reg1=1,
    )
    return Flow(6, 100, wanted, (SetField("reg2", 1),), source << 16 | port)


def microseconds(call: Callable[[], object]) -> float:
    """Time a call: the best of five rounds."""
    return min(repeat(call, number=CALLS, repeat=5)) / CALLS * 1e6


def measure_codec(message: bytes) -> None:
    """Print what each step of a decision costs without any I/O."""
    packet, flow = packet_in.decode_packet_in(message), verdict(1, 2)
    steps = {
        "decode the packet-in": lambda: packet_in.decode_packet_in(message),
        "build the verdict's flow": lambda: verdict(1, 2),
        "encode it": lambda: messages.flow_mod(flow, 1),
        "encode the resume": lambda: packet_in.encode_resume(packet, 1),
    }
    costs = {name: microseconds(call) for name, call in steps.items()}
    for name, cost in costs.items():
        print(f"{name:34} {cost:8.1f} µs")
    print(f"{'all of it':34} {sum(costs.values()):8.1f} µs")


async def measure_decisions(switch: OpenFlowSwitch, sender: VM) -> bytes:
    """Print decisions a second and CPU time for each; return one packet-in as it came."""
    sample, count = b"", 0

    def decide(packet: PacketIn) -> None:
        nonlocal count, sample
        count += 1
        values = packet.metadata
        switch.add(verdict(values["ct_nw_src"], values["ct_tp_src"]))
        switch.resume(packet)
        if isinstance(packet.token, bytes):
            sample = packet.token

    stage = (SetField("reg0", 5), SetField("reg1", 1), Resubmit(6))
    await switch.apply(
        Delta(
            (
                Flow(0, 1, IP, (Conntrack(9, table=5),)),
                Flow(0, 1, match(dl_type=0x806), (Resubmit(9),)),
                Flow(5, 1, IP, stage),
                Flow(6, 1, IP, (Controller(b"generation"), Resubmit(6))),
            )
        )
    )
    switch.on_packet_in = decide
    process = sender.popen([sys.executable, "-c", _SENDER])
    await asyncio.sleep(0.5)
    count, cpu, start = 0, time.process_time(), time.monotonic()
    await asyncio.sleep(SECONDS)
    decided, used, passed = count, time.process_time() - cpu, time.monotonic() - start
    process.kill()
    process.wait()
    switch.on_packet_in = lambda _: None
    print(f"{'decisions on a real switch':34} {decided / passed:8.0f} /s")
    print(f"{'CPU of this process, each':34} {used / max(decided, 1) * 1e6:8.1f} µs")
    return sample


async def measure_dump(switch: OpenFlowSwitch) -> None:
    """Print how long many flows take to write and to read back."""
    flows = tuple(verdict(n, n & 0xFFFF) for n in range(FLOWS))
    start = time.monotonic()
    await switch.apply(Delta(flows))
    written = time.monotonic()
    read = await switch.flows()
    print(f"{f'write {FLOWS} flows in a bundle':34} {written - start:8.2f} s")
    print(f"{f'read {len(read)} flows':34} {time.monotonic() - written:8.2f} s")


async def main() -> None:
    """Measure all on a hypervisor of its own."""
    sandbox.require()
    with Hypervisor() as hypervisor:
        sender = VM(hypervisor, "sender", "02:00:00:00:00:01", ["10.9.0.1/24"])
        arp = ["ip", "neigh", "add", "10.9.0.2", "lladdr", "02:00:00:00:00:02", "dev", "eth0"]
        sender.run(arp)
        switch = await connect(str(hypervisor.management))
        sample = await measure_decisions(switch, sender)
        measure_codec(sample)
        await switch.apply(Delta((), tuple(entry.flow.key for entry in await switch.flows())))
        await measure_dump(switch)
        await switch.close()


if __name__ == "__main__":
    asyncio.run(main())
