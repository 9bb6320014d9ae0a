"""A rig: one hypervisor, a client and a server on it, and the traffic that is measured.

The policy is the same everywhere: the client may do what it likes, the server admits ICMP and TCP
to ten ports.  As it stands, nothing is filtered: this is the baseline.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar, Self

from lab.command import CommandFailed, run
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from lab.vm import VM

CRR_PORT = 5001
IPERF_PORT = 8080
PORTS = (22, 80, 443, 3306, 5432, 6379, IPERF_PORT, 8443, 9090, CRR_PORT)
"""The TCP ports that the server admits."""
CLOSED_PORT = 5002
"""A port on which the server listens and which it does not admit."""

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
ADDRESSES = ("10.9.0.1", "10.9.0.2")


class Rig:
    """Bare Open vSwitch: a learning switch, no filter."""

    name: ClassVar[str] = "bare"
    title: ClassVar[str] = "bare OVS (no filter)"
    filters: ClassVar[bool] = False

    def __init__(self) -> None:
        """Note what will have to be undone."""
        self._undo = ExitStack()
        self.hypervisor: Hypervisor
        self.vms: tuple[VM, VM]

    def __enter__(self) -> Self:
        """Build the rig and wait until the machines reach each other."""
        with ExitStack() as stack:
            self.hypervisor = stack.enter_context(Hypervisor(f"rig-{self.name}"))
            client, server = (
                stack.enter_context(self._machine(name, *where))
                for name, *where in zip(("client", "server"), MACS, ADDRESSES, strict=True)
            )
            self.vms = client, server
            for number, vm in enumerate(self.vms, start=1):
                self.plug(vm, number)
            self.filter(stack)
            for command in self._servers():
                stack.callback(_end, server.popen(command, stdout=subprocess.DEVNULL))
            wait_until(self._reachable, 15, f"{self.name}: the machines")
            self._prove_filter()
            self._undo = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything down."""
        self._undo.close()

    def plug(self, vm: VM, number: int) -> None:
        """Connect a machine to the switch."""
        vm.plug(ofport=number)

    def filter(self, stack: ExitStack) -> None:
        """Set the policy up; what must be undone goes on the stack."""
        del stack
        self.hypervisor.flows("priority=1,actions=NORMAL")

    def measure(self, seconds: float) -> dict[str, float]:
        """Load the rig for so long with each kind of traffic; return what was reached.

        ``connections``: TCP connections opened a second, one after another; ``connect_p99`` of
        those, in microseconds; ``round_trip`` in microseconds; ``throughput`` in Mbit/s.
        """
        client = self.vms[0]
        crr = self._connect(CRR_PORT, seconds)
        ping = client.run(["ping", "-q", "-c", "500", "-i", "0.002", ADDRESSES[1]]).stdout
        found = re.search(r"= [\d.]+/([\d.]+)/", ping)
        iperf = ["iperf3", "-J", "-c", ADDRESSES[1], "-p", str(IPERF_PORT), "-t", str(seconds)]
        received = json.loads(client.run(iperf).stdout)["end"]["sum_received"]
        return {
            "connections": crr["per_second"],
            "connect_p99": crr["p99_us"],
            "failed": crr["failed"],
            "round_trip": float(found[1]) * 1000 if found else float("nan"),
            "throughput": received["bits_per_second"] / 1e6,
        }

    def _machine(self, name: str, mac: str, address: str) -> VM:
        return VM(self.hypervisor, name, mac, [f"{address}/24"], plug=False)

    def _servers(self) -> Iterator[list[str]]:
        yield [crr_program(), "serve", str(CRR_PORT)]
        yield [crr_program(), "serve", str(CLOSED_PORT)]
        yield ["iperf3", "-s", "-p", str(IPERF_PORT)]

    def _connect(self, port: int, seconds: float) -> dict[str, float]:
        load = [crr_program(), "load", ADDRESSES[1], str(port), str(seconds)]
        found: dict[str, float] = json.loads(self.vms[0].run(load).stdout)
        return found

    def _prove_filter(self) -> None:
        # A filter that filters nothing would win every comparison.
        if bool(self._connect(CLOSED_PORT, 0.01)["connections"]) is self.filters:
            raise CommandFailed(f"{self.name}: port {CLOSED_PORT} is filtered: {not self.filters}")

    def _reachable(self) -> bool:
        ping = ["ping", "-q", "-c", "2", "-i", "0.05", "-W", "1", ADDRESSES[1]]
        return self.vms[0].run(ping, check=False).returncode == 0


def crr_program() -> str:
    """Compile the load generator, once a sandbox, and return its path."""
    program = Path(tempfile.gettempdir(), "crr")
    if not program.exists():
        source = Path(__file__).parents[1] / "crr.c"
        run(["gcc", "-O2", "-o", str(program), str(source)])
    return str(program)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
