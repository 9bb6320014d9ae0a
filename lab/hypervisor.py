"""A hypervisor: an Open vSwitch of its own, in a network namespace of its own.

Two userspace datapaths in one network namespace would collide, hence a namespace for each.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from . import sandbox
from .command import run
from .daemon import Daemon
from .namespace import Namespace

_SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
_numbers = itertools.count(1)


class Hypervisor:
    """An ovsdb-server, an ovs-vswitchd and a secure userspace bridge without a Controller row."""

    def __init__(self, name: str | None = None, bridge: str = "br-int") -> None:
        """Make the namespace and the database and start both daemons; needs a sandbox."""
        sandbox.require()
        self.name = name or f"hv{next(_numbers)}"
        self.bridge = bridge
        self.rundir = sandbox.STATE / self.name
        self.rundir.mkdir()
        self.namespace = Namespace(self.name)
        self.namespace.run(["sysctl", "-q", "-w", "net.ipv6.conf.default.disable_ipv6=1"])
        self._environment = os.environ | dict.fromkeys(
            ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"), str(self.rundir)
        )
        self.database = self._daemon(
            ["ovsdb-server", f"--remote=p{self.ovsdb}", "-vconsole:info", self._path("conf.db")]
        )
        self.vswitchd = self._daemon(
            self.namespace.prefix(["ovs-vswitchd", "-vconsole:info", self.ovsdb])
        )
        try:
            self._first_start()
        except BaseException:
            self.close()
            raise

    @property
    def ovsdb(self) -> str:
        """Where the database listens, as OVS spells it."""
        return f"unix:{self.rundir}/db.sock"

    @property
    def management(self) -> Path:
        """The bridge's management socket, which speaks OpenFlow."""
        return self.rundir / f"{self.bridge}.mgmt"

    def __enter__(self) -> Self:
        """Return the hypervisor."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.close()

    def close(self) -> None:
        """Stop both daemons, delete the namespace and all files."""
        self.vswitchd.stop()
        self.database.stop()
        self.namespace.delete()
        shutil.rmtree(self.rundir, ignore_errors=True)

    def start_database(self) -> None:
        """Start ovsdb-server and wait until it listens."""
        self._forget("db.sock")
        self.database.start(lambda: _listens(self.rundir / "db.sock"))

    def start_vswitchd(self) -> None:
        """Start ovs-vswitchd and wait until the bridge takes OpenFlow connections."""
        self._forget(f"{self.bridge}.mgmt")
        self.vswitchd.start(lambda: _listens(self.management))
        self._environment["OVS_VSWITCHD"] = self._path(f"ovs-vswitchd.{self.vswitchd.pid}.ctl")

    def restart_database(self) -> None:
        """Stop ovsdb-server and start it again."""
        self.database.stop()
        self.start_database()

    def restart_vswitchd(self, *, killed: bool = False) -> None:
        """Stop (or kill) ovs-vswitchd and start it again: its flows and connections are gone."""
        if killed:
            self.vswitchd.kill()
        else:
            self.vswitchd.stop()
        self.start_vswitchd()

    def vsctl(self, *arguments: str) -> str:
        """Run ovs-vsctl on this database."""
        return self.run(["ovs-vsctl", f"--db={self.ovsdb}", "--timeout=10", *arguments]).stdout

    def ofctl(self, command: str, *arguments: str, text: str | None = None) -> str:
        """Run ovs-ofctl on the bridge; ``text`` is what a ``-`` among the arguments reads."""
        words = ["ovs-ofctl", "-OOpenFlow15", command, f"unix:{self.management}", *arguments]
        return self.run(words, text=text).stdout

    def appctl(self, *arguments: str) -> str:
        """Run ovs-appctl on ovs-vswitchd."""
        target = f"--target={self._environment['OVS_VSWITCHD']}"
        return self.run(["ovs-appctl", "--timeout=10", target, *arguments]).stdout

    def flows(self, *lines: str) -> None:
        """Add flows, in ovs-ofctl syntax."""
        self.ofctl("add-flows", "-", text="\n".join(lines) + "\n")

    def run(
        self, command: Sequence[str], *, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that finds this Open vSwitch by ``OVS_RUNDIR``."""
        return run(command, text=text, environment=self._environment)

    def _first_start(self) -> None:
        self.run(["ovsdb-tool", "create", self._path("conf.db"), str(_SCHEMA)])
        self.start_database()
        version = self.run(["ovs-vswitchd", "--version"]).stdout.split("\n")[0].split()[-1]
        self.vsctl(
            *("--no-wait", "--", "init", "--", "set", "open", ".", f"ovs_version={version}"),
            *("--", "add-br", self.bridge),
            *("--", "set", "bridge", self.bridge, "datapath_type=netdev", "fail_mode=secure"),
        )
        self.start_vswitchd()

    def _daemon(self, command: Sequence[str]) -> Daemon:
        name = next(word for word in command if word.startswith("ovs"))
        return Daemon(command, self.rundir / f"{name}.log", self._environment)

    def _path(self, name: str) -> str:
        return str(self.rundir / name)

    def _forget(self, name: str) -> None:
        # A socket that a killed daemon left would look like one that is ready.
        (self.rundir / name).unlink(missing_ok=True)


def _listens(path: Path) -> bool:
    """Tell whether somebody takes connections there; a socket's file is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
    return True
