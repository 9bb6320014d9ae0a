"""Neutron's iptables_hybrid: a Linux bridge with iptables between each machine and the switch.

The chains are laid out as Neutron lays them out: a zone for each port in ``raw``; in ``filter`` a
chain for what goes to the port, one for what comes from it, and one against spoofing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import ClassVar

from lab.vm import VM

from .rig import ADDRESSES, MACS, PORTS, Rig


class Hybrid(Rig):
    """Linux bridge and iptables in front of the switch."""

    name: ClassVar[str] = "hybrid"
    title: ClassVar[str] = "iptables_hybrid (Linux bridge)"
    filters: ClassVar[bool] = True

    def plug(self, vm: VM, number: int) -> None:
        """Wire tap - Linux bridge - veth pair - switch."""
        bridge, inner, outer = f"qbr{number}", f"qvb{number}", f"qvo{number}"
        self.hypervisor.namespace.ip(
            f"link add {bridge} type bridge forward_delay 0 ageing_time 0 mcast_snooping 0",
            f"link add {inner} type veth peer name {outer}",
            *(f"link set {port} master {bridge}" for port in (vm.tap, inner)),
            *(f"link set {port} up" for port in (bridge, inner, outer)),
        )
        self.hypervisor.vsctl(
            *("add-port", self.hypervisor.bridge, outer),
            *("--", "set", "Interface", outer, f"ofport_request={number}"),
        )

    def filter(self, stack: ExitStack) -> None:
        """Install the rules; fail where the kernel does not show bridged packets to iptables."""
        super().filter(stack)
        host = self.hypervisor.namespace
        host.run(["sysctl", "-q", "-w", "net.bridge.bridge-nf-call-iptables=1"])
        taps = [vm.tap for vm in self.vms]
        lines = ["*raw", *_zones(taps), "COMMIT", "*filter", *_filter(taps), "COMMIT"]
        rules = self.hypervisor.rundir / "iptables"
        rules.write_text("\n".join(lines) + "\n")
        host.run(["iptables-legacy-restore", str(rules)])


def _zones(taps: list[str]) -> Iterator[str]:
    for zone, tap in enumerate(taps, start=1):
        yield f"-A PREROUTING -m physdev --physdev-in qvb{zone} -j CT --zone {zone}"
        yield f"-A PREROUTING -i qvb{zone} -j CT --zone {zone}"
        yield f"-A PREROUTING -m physdev --physdev-in {tap} -j CT --zone {zone}"


def _filter(taps: list[str]) -> Iterator[str]:
    numbers = range(1, len(taps) + 1)
    yield from (f":{name} - [0:0]" for name in ("port-chain", "dropped"))
    yield from (f":{kind}{number} - [0:0]" for number in numbers for kind in ("to", "from", "own"))
    yield "-A dropped -j DROP"
    for number, tap in zip(numbers, taps, strict=True):
        for way, chain in (("out", f"to{number}"), ("in", f"from{number}")):
            bridged = f"-m physdev --physdev-{way} {tap} --physdev-is-bridged"
            yield f"-A FORWARD {bridged} -j port-chain"
            yield f"-A port-chain {bridged} -j {chain}"
        yield from _from_port(number)
        yield from _to_port(number)
    yield "-A port-chain -j ACCEPT"


def _from_port(number: int) -> Iterator[str]:
    address, mac = ADDRESSES[number - 1], MACS[number - 1]
    yield f"-A own{number} -s {address}/32 -m mac --mac-source {mac} -j RETURN"
    yield f"-A own{number} -j DROP"
    dhcp = "-p udp --sport 68 --dport 67"
    yield f"-A from{number} -s 0.0.0.0/32 -d 255.255.255.255/32 {dhcp} -j RETURN"
    yield f"-A from{number} -j own{number}"
    yield f"-A from{number} {dhcp} -j RETURN"
    yield f"-A from{number} -p udp --sport 67 --dport 68 -j DROP"
    yield f"-A from{number} -m state --state RELATED,ESTABLISHED -j RETURN"
    yield f"-A from{number} -j RETURN"
    yield f"-A from{number} -m state --state INVALID -j DROP"
    yield f"-A from{number} -j dropped"


def _to_port(number: int) -> Iterator[str]:
    yield f"-A to{number} -m state --state RELATED,ESTABLISHED -j RETURN"
    yield from (f"-A to{number} -p tcp -m tcp --dport {port} -j RETURN" for port in PORTS)
    yield f"-A to{number} -p icmp -j RETURN"
    yield f"-A to{number} -m state --state INVALID -j DROP"
    yield f"-A to{number} -j dropped"
