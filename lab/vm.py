"""A virtual machine: a network namespace whose ``eth0`` is plugged straight into a bridge."""

from __future__ import annotations

import itertools
import subprocess
import uuid
from collections.abc import Sequence
from ipaddress import ip_interface
from typing import Any, Self

from .hypervisor import Hypervisor
from .namespace import Namespace

_taps = itertools.count(1)

_QUIET = (
    "net.ipv6.conf.default.accept_dad=0",
    "net.ipv6.conf.default.dad_transmits=0",
    "net.ipv6.conf.default.router_solicitations=0",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.icmp_ratelimit=0",
    "net.ipv6.icmp.ratelimit=0",
    "net.ipv4.icmp_msgs_per_sec=100000",
)
"""No address probing and no rate limit on ICMP errors: answers come at once, and all of them."""


class VM:
    """A namespace with an ``eth0``, its addresses, and a tap in the hypervisor's namespace."""

    def __init__(
        self,
        hypervisor: Hypervisor,
        name: str,
        mac: str,
        addresses: Sequence[str] = (),
        **options: Any,
    ) -> None:
        """Make the VM: ``VM(hv, "web-1", "02:00:00:00:00:01", ["10.0.0.1/24", "fd00::1/64"])``.

        Options: ``port_id`` (the ``iface-id``; default the name), ``mtu`` (1500), ``plug`` (True).
        The first IPv4 and IPv6 addresses are :attr:`ipv4` and :attr:`ipv6`.
        """
        self.hypervisor = hypervisor
        self.name = name
        self.mac = mac
        self.addresses = [ip_interface(address) for address in addresses]
        self.port_id: str = options.get("port_id", name)
        self.tap = f"tap{next(_taps)}"
        self.namespace = Namespace(f"{hypervisor.name}-{name}")
        self._uuid = str(uuid.uuid4())
        self._wire(options.get("mtu", 1500))
        if options.get("plug", True):
            self.plug()

    @property
    def ipv4(self) -> str:
        """The first IPv4 address, without its length."""
        return self._first(4)

    @property
    def ipv6(self) -> str:
        """The first IPv6 address, without its length."""
        return self._first(6)

    @property
    def ofport(self) -> int:
        """The bridge's number for the VM's tap; -1 or 0 where it has none."""
        text = self.hypervisor.vsctl("--if-exists", "get", "Interface", self.tap, "ofport")
        return int(text) if text.strip() not in {"", "[]"} else 0

    def __enter__(self) -> Self:
        """Return the VM."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the VM."""
        self.delete()

    def plug(self, ofport: int | None = None) -> None:
        """Plug the tap into the bridge, as Nova does; return once the bridge has taken it."""
        ids = {
            "iface-id": self.port_id,
            "iface-status": "active",
            "attached-mac": self.mac,
            "vm-uuid": self._uuid,
        }
        settings = [f'external_ids:{key}="{value}"' for key, value in ids.items()]
        if ofport is not None:
            settings.append(f"ofport_request={ofport}")
        self.hypervisor.vsctl(
            *("add-port", self.hypervisor.bridge, self.tap),
            *("--", "set", "Interface", self.tap, *settings),
        )

    def unplug(self) -> None:
        """Take the tap out of the bridge; it and its wire stay."""
        self.hypervisor.vsctl("--if-exists", "del-port", self.hypervisor.bridge, self.tap)

    def delete(self) -> None:
        """Unplug the VM and delete its namespace and its wire."""
        self.unplug()
        self.hypervisor.namespace.ip(f"link del {self.tap}")
        self.namespace.delete()

    def run(
        self, command: Sequence[str], *, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in the VM to its end."""
        return self.namespace.run(command, check=check, timeout=timeout)

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
        """Start a program in the VM."""
        return self.namespace.popen(command, **options)

    def _wire(self, mtu: int) -> None:
        inside, tap = self.namespace, self.tap
        inside.run(["sysctl", "-q", "-w", *_QUIET])
        self.hypervisor.namespace.ip(
            f"link add {tap} mtu {mtu} type veth"
            f" peer name eth0 address {self.mac} mtu {mtu} netns {inside.name}",
            f"link set {tap} up",
        )
        # With offloads on, a packet would reach the bridge without its checksum.
        inside.run(["ethtool", "-K", "eth0", "tx", "off"])
        inside.ip(
            *(f"addr add {a} dev eth0{_nodad(a.version)}" for a in self.addresses),
            "link set eth0 up",
        )

    def _first(self, version: int) -> str:
        return next(str(a.ip) for a in self.addresses if a.version == version)


def _nodad(version: int) -> str:
    return " nodad" if version == 6 else ""
