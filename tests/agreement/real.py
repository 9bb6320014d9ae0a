"""A real Open vSwitch on its dummy datapath: the userspace tracker, without any network device."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import ovs.unixctl.client

from damselfly.flow.delta import Delta
from damselfly.flow.flow import Flow, FlowKey, MeterBand
from damselfly.southbound.fake import Connection
from damselfly.southbound.openflow import OpenFlowSwitch, connect
from damselfly.southbound.switch import FlowRefused, PacketIn
from lab.command import run
from lab.daemon import Daemon

BRIDGE = "br0"
_SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
_PCAP_HEADER, _PCAP_RECORD = 24, struct.Struct("=IIII")
_PROTOCOLS = {"icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132, "udplite": 136}
_ENTRY = re.compile(r"(?P<protocol>\w+),orig=\((?P<orig>[^)]*)\),reply=\([^)]*\)(?P<rest>.*)")
_PATIENCE = 2.0
_SETTLED = 2
"""Barriers without a packet in between after which nothing is under way any more."""


class DummySwitch:
    """An ovs-vswitchd whose ports are fed through its control socket and write to files."""

    def __init__(self, ofports: Iterable[int]) -> None:
        """Start the daemons and make the ports."""
        self._directory = Path(tempfile.mkdtemp(prefix="dummy"))
        self._environment = os.environ | dict.fromkeys(
            ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(self._directory)
        )
        self._read = dict.fromkeys(ofports, _PCAP_HEADER)
        database = self._path("conf.db")
        run(["ovsdb-tool", "create", str(database), _SCHEMA])
        socket = self._path("db.sock")
        self._daemons = [
            self._daemon("ovsdb-server", f"--remote=punix:{socket}", str(database)),
            self._daemon("ovs-vswitchd", "--enable-dummy", "--disable-system", f"unix:{socket}"),
        ]
        self._daemons[0].start(socket.exists)
        self._vsctl(*self._layout())
        self._daemons[1].start(self.management.exists)
        control = self._path(f"ovs-vswitchd.{self._daemons[1].pid}.ctl")
        error, self._control = ovs.unixctl.client.UnixctlClient.create(str(control))
        assert not error, os.strerror(error)

    @property
    def management(self) -> Path:
        """Where the bridge speaks OpenFlow."""
        return self._path(f"{BRIDGE}.mgmt")

    def close(self) -> None:
        """Stop the daemons and delete their files."""
        self._control.close()
        for daemon in reversed(self._daemons):
            daemon.stop()
        shutil.rmtree(self._directory)

    def control(self, command: str, *arguments: str) -> str:
        """Send ovs-vswitchd a command and return its answer."""
        error, refusal, answer = self._control.transact(command, list(arguments))
        assert not error, os.strerror(error)
        assert not refusal, refusal
        return str(answer)

    def sent(self) -> list[tuple[int, bytes]]:
        """Return, once, what has left the switch, port by port."""
        return [(port, frame) for port in self._read for frame in self._captured(port)]

    def connections(self) -> list[Connection]:
        """Return the tracked connections of all zones, in order."""
        lines = self.control("dpctl/dump-conntrack").splitlines()
        return sorted(_connection(line) for line in lines if line)

    def ofctl(self, command: str, *arguments: str, text: str | None = None) -> str:
        """Run ovs-ofctl on the bridge with OpenFlow 1.3."""
        words = ["ovs-ofctl", "-OOpenFlow13", command, f"unix:{self.management}", *arguments]
        return run(words, text=text, environment=self._environment).stdout

    def _captured(self, port: int) -> list[bytes]:
        with self._path(f"p{port}.pcap").open("rb") as file:
            file.seek(self._read[port])
            data = file.read()
        self._read[port] += len(data)
        frames, at = [], 0
        while at < len(data):
            size = _PCAP_RECORD.unpack_from(data, at)[2]
            at += _PCAP_RECORD.size
            frames.append(data[at : at + size])
            at += size
        return frames

    def _layout(self) -> list[str]:
        words = ["--", "init", "--", "add-br", BRIDGE]
        words += ["--", "set", "bridge", BRIDGE, "datapath_type=dummy", "fail_mode=secure"]
        for port in self._read:
            words += ["--", "add-port", BRIDGE, f"p{port}", "--", "set", "interface", f"p{port}"]
            words += ["type=dummy", f"ofport_request={port}"]
            words.append(f"options:tx_pcap={self._path(f'p{port}.pcap')}")
        return words

    def _vsctl(self, *words: str) -> None:
        database = f"--db=unix:{self._path('db.sock')}"
        run(["ovs-vsctl", database, "--no-wait", *words], environment=self._environment)

    def _daemon(self, *command: str) -> Daemon:
        words = [*command, "-vconsole:warn"]
        return Daemon(words, self._path(f"{command[0]}.log"), self._environment)

    def _path(self, name: str) -> Path:
        return self._directory / name


class RealSwitch:
    """The dummy switch with an agent that resumes every packet at once."""

    def __init__(self, dummy: DummySwitch, openflow: OpenFlowSwitch) -> None:
        self.dummy = dummy
        self._openflow = openflow
        self._openflow.on_packet_in = self._resume
        self._flows: list[Flow] = []
        self._packets_in: list[PacketIn] = []
        self._resumed = 0

    @classmethod
    async def on(cls, dummy: DummySwitch) -> RealSwitch:
        """Connect to the dummy switch."""
        return cls(dummy, await connect(str(dummy.management)))

    async def refuses(self, flow: Flow) -> bool:
        """Tell whether the switch refuses a flow; if not, it is deleted again."""
        try:
            await self._openflow.apply(Delta(add=(flow,)))
        except FlowRefused:
            return True
        await self._openflow.apply(Delta(delete=(flow.key,)))
        return False

    async def set_meters(self, meters: Iterable[MeterBand]) -> None:
        """Add meters."""
        await self._openflow.set_meters(meters)

    async def begin(self, flows: list[Flow]) -> None:
        """Replace all flows, and forget every connection and cached decision."""
        gone = [flow.key for flow in self._flows]
        await self._openflow.apply(Delta(delete=tuple(gone)))
        await self._openflow.apply(Delta(add=tuple(flows)))
        self._flows = flows
        self.dummy.control("revalidator/purge")
        self.dummy.control("dpctl/flush-conntrack")
        self.dummy.sent()

    async def inject(self, ofport: int, frame: bytes, pauses: int = 0) -> list[tuple[int, bytes]]:
        """Send a frame in by a port; return what left because of it.

        ``pauses`` is how often it should be paused: a paused packet is waited for, but not for
        ever.
        """
        wanted = self._resumed + pauses
        self.dummy.control("netdev-dummy/receive", f"p{ofport}", frame.hex())
        quiet = 0
        async with asyncio.timeout(_PATIENCE):
            while quiet < _SETTLED:
                before = self._resumed
                await self._openflow.barrier()
                quiet = quiet + 1 if self._resumed == before else 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while self._resumed < wanted:
                    await self._openflow.barrier()
        await self._openflow.barrier()
        return self.dummy.sent()

    async def counters(self) -> dict[FlowKey, tuple[int, int]]:
        """Return how many packets and bytes each flow has seen."""
        self.dummy.control("revalidator/purge")
        stats = await self._openflow.flows()
        return {each.flow.key: (each.packets, each.bytes) for each in stats if each.packets}

    def take_packets_in(self) -> list[PacketIn]:
        """Return, once, the packets that were paused."""
        taken, self._packets_in = self._packets_in, []
        return taken

    async def close(self) -> None:
        """Give the connection up."""
        await self._openflow.close()

    def _resume(self, packet: PacketIn) -> None:
        self._packets_in.append(packet)
        self._openflow.resume(packet)
        self._resumed += 1


def _connection(line: str) -> Connection:
    entry = _ENTRY.fullmatch(line)
    assert entry is not None, line
    original = dict(part.split("=") for part in entry["orig"].split(","))
    rest = dict(part.split("=", 1) for part in entry["rest"].split(",") if "=" in part)
    protocol = _PROTOCOLS.get(entry["protocol"])
    is_icmp = protocol in (1, 58)
    return Connection(
        zone=int(rest.get("zone", "0")),
        protocol=int(entry["protocol"]) if protocol is None else protocol,
        source=str(ip_address(original["src"])),
        destination=str(ip_address(original["dst"])),
        tp_src=int(original["type" if is_icmp else "sport"]),
        tp_dst=int(original["code" if is_icmp else "dport"]),
        mark=int(rest.get("mark", "0"), 0),
        label=int(rest.get("labels", "0"), 0),
    )
