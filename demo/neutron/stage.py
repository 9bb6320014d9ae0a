"""The stage: a cloud whose ports Damselfly guards, and the OpenStack client."""

from __future__ import annotations

import json
import os
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from bench.cloud import Cloud
from demo.score import Score
from lab import sandbox
from lab.command import CommandFailed, run
from lab.neutron.environment import program
from lab.vm import VM


class CloudStage:
    """Everything that the parts of this demonstration share; a context manager."""

    def __init__(self, score: Score) -> None:
        """Describe the stage; entering it sets it up."""
        self._score = score
        self._close = ExitStack()
        self.cloud = Cloud()
        self.vms: dict[str, VM] = {}
        self.rules: dict[tuple[str, ...], str] = {}
        """The ids of the rules, by the words that made them."""

    def __enter__(self) -> Self:
        """Start Neutron, the store, a hypervisor and its agent."""
        self._score.say("starting Neutron, its database, a store, a hypervisor and an agent ...")
        self._close.enter_context(self.cloud)
        return self

    def __exit__(self, *_: object) -> None:
        """Take everything down."""
        self._close.close()

    def openstack(self, *words: str) -> str:
        """Give a command to the OpenStack client, show it, and return what it prints."""
        self._score.command(["openstack", *map(shlex.quote, words)])
        if not self.cloud.agent.running:
            raise CommandFailed(f"the agent has ended:\n{self.cloud.agent.tail()}")
        client = [program("openstack"), *words]
        return run(client, environment=os.environ | self._settings()).stdout

    def ask(self, *words: str) -> Any:
        """Give a command to the OpenStack client and return its answer as data."""
        return json.loads(self.openstack(*words, "-f", "json"))

    def show(self, *words: str) -> None:
        """Give a command to the OpenStack client and show what it prints."""
        self._score.quote(self.openstack(*words).splitlines())

    def hints(self) -> dict[str, str]:
        """Return commands that look around in here: the first from outside, the others in it."""
        path = f"{Path(program('openstack')).parent}:{Path.cwd() / '.venv' / 'bin'}:$PATH"
        settings = self._settings() | {"DAMSELFLY_STORE": self.cloud.url}
        told = " ".join(f"{key}={value}" for key, value in settings.items())
        inside = f"nsenter --target {sandbox.first_process()} --all --wd={Path.cwd()}"
        return {
            "Look around in here from another terminal": f"{inside} env {told} PATH={path} bash",
            "and there: what Neutron says": "openstack port list",
            "what the agent says": "damselfly status",
            "what Neutron logs": f"less {self.cloud.neutron.workers[0].daemon.log}",
        }

    def _settings(self) -> dict[str, str]:
        return {"OS_AUTH_TYPE": "none", "OS_ENDPOINT": self.cloud.neutron.workers[0].endpoint}
