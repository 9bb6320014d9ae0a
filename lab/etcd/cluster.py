"""One etcd server, or a cluster of them."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from lab.command import run
from lab.daemon import Daemon, wait_until

_CLIENTS, _PEERS = 2379, 2380


class Cluster:
    """Servers that hold each other's data; every one can be killed and come back.

    They end with the thread that started them: prctl(2), PR_SET_PDEATHSIG.
    """

    def __init__(
        self,
        directory: Path,
        size: int = 1,
        options: Sequence[str] = (),
        addresses: Sequence[str] = (),
        client: Sequence[str] = (),
    ) -> None:
        """Describe the cluster; ``options`` go to the servers, ``client`` to etcdctl."""
        net = f"127.{random.randrange(1, 255)}.{random.randrange(255)}"
        self.directory = directory
        self.addresses = list(addresses) or [f"{net}.{number + 1}" for number in range(size)]
        self.options = list(options)
        self.client = list(client)
        self._scheme = "https" if "--cert-file" in self.options else "http"
        self.members = [self._member(index) for index in range(len(self.addresses))]

    def __enter__(self) -> Self:
        """Start all servers and wait until they have a leader."""
        for index in range(len(self.members)):
            self.start(index, wait=False)
        self.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Kill all servers."""
        for index in range(len(self.members)):
            self.kill(index)

    @property
    def url(self) -> str:
        """The store's URL, without a path."""
        return f"etcd://{','.join(self.addresses)}"

    def start(self, index: int, *, wait: bool = True) -> None:
        """Start a server that does not run."""
        self.members[index].start()
        if wait:
            self.wait([index])

    def kill(self, index: int) -> None:
        """Kill a server at once."""
        self.members[index].kill()

    def pause(self, index: int) -> None:
        """Let a server keep its connections and say nothing."""
        os.kill(self.members[index].pid, signal.SIGSTOP)

    def resume(self, index: int) -> None:
        """Let a paused server go on."""
        os.kill(self.members[index].pid, signal.SIGCONT)

    def wait(self, indices: Sequence[int] | None = None, timeout: float = 30) -> None:
        """Wait until servers answer, and the cluster has a leader."""
        for index in range(len(self.members)) if indices is None else indices:
            wait_until(lambda at=index: self._healthy(at), timeout, f"etcd {index}")  # type: ignore[misc]

    def ctl(self, *arguments: str, index: int | None = None, check: bool = True) -> str:
        """Give etcdctl a command; return what it printed."""
        indices = range(len(self.members)) if index is None else [index]
        endpoints = ",".join(f"{self._scheme}://{self.addresses[at]}:{_CLIENTS}" for at in indices)
        environment = {"ETCDCTL_API": "3", "PATH": os.environ["PATH"]}
        command = ["etcdctl", f"--endpoints={endpoints}", *self.client, *arguments]
        return run(command, check=check, environment=environment).stdout

    def snapshot(self, file: Path) -> None:
        """Save what the first server holds."""
        self.ctl("snapshot", "save", str(file), index=0)

    def restore(self, file: Path) -> None:
        """Kill all servers and start them again with what the file holds."""
        for index, member in enumerate(self.members):
            member.kill()
            shutil.rmtree(self._data(index))
            peer = f"http://{self.addresses[index]}:{_PEERS}"
            self.ctl(
                *("snapshot", "restore", str(file), "--data-dir", str(self._data(index))),
                *("--name", f"m{index}", "--initial-cluster", self._peers()),
                *("--initial-advertise-peer-urls", peer),
            )
        for index in range(len(self.members)):
            self.start(index, wait=False)
        self.wait()

    def _healthy(self, index: int) -> bool:
        return "true" in self.ctl("endpoint", "health", "-w", "json", index=index, check=False)

    def _data(self, index: int) -> Path:
        return self.directory / f"etcd{index}"

    def _peers(self) -> str:
        return ",".join(f"m{at}=http://{ip}:{_PEERS}" for at, ip in enumerate(self.addresses))

    def _member(self, index: int) -> Daemon:
        address = self.addresses[index]
        clients, peer = f"{self._scheme}://{address}:{_CLIENTS}", f"http://{address}:{_PEERS}"
        return Daemon(
            [
                *("setpriv", "--pdeathsig", "KILL", "etcd", "--name", f"m{index}"),
                *("--data-dir", str(self._data(index)), "--log-level", "warn"),
                *("--listen-client-urls", clients, "--advertise-client-urls", clients),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", self._peers(), "--logger", "zap"),
                *("--heartbeat-interval", "50", "--election-timeout", "500", *self.options),
            ],
            self.directory / f"etcd{index}.log",
        )
