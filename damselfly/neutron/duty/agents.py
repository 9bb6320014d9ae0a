"""Agents in Neutron's own table: so its API lists them, and ports can be bound to their hosts."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from neutron.objects import agent as objects
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
from neutron_lib.plugins import directory

from damselfly.neutron.binding import AGENT_TYPE, BINARY
from damselfly.northbound.status import AgentStatus

_log = logging.getLogger(__name__)
_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001  (Neutron's table keeps UTC without saying so)
_FRESH = 30.0
"""Seconds for which a status that was found, not heard, counts as a sign of life."""


class Agents:
    """Carries the agents' signs of life into the table."""

    def __init__(self, interval: float, silence: float) -> None:
        """Write at least every ``interval`` seconds; after ``silence`` take an agent for dead."""
        self._interval = interval
        self._silence = silence
        self._heard: dict[str, float] = {}
        self._told: dict[str, tuple[float, dict[str, object]]] = {}
        self._started: dict[str, float] = {}

    def found(self, statuses: Iterable[AgentStatus]) -> None:
        """Take statuses that somebody wrote some time ago, by the clock of their host."""
        for status in statuses:
            if abs(time.time() - status.updated_at) < _FRESH:
                self.take(status.host, status)
            else:
                self._heard[status.host] = float("-inf")
                self._bury(status.host, "gave no sign of life for long")

    def take(self, host: str, status: AgentStatus | None) -> None:
        """Take what was written just now; None: the host's status was removed."""
        if status is None or status.stopped:
            self._heard.pop(host, None)
            self._bury(host, "was stopped" if status else "is forgotten by the store")
            return
        self._heard[host] = time.monotonic()
        at, what = self._told.get(host, (float("-inf"), {}))
        now = _row(status)
        if now != what or time.monotonic() - at >= self._interval:
            self._tell(status, now)

    def listen(self) -> None:
        """Take those for dead that were not heard for too long."""
        for host, at in list(self._heard.items()):
            if time.monotonic() - at >= self._silence:
                del self._heard[host]
                self._bury(host, f"gave no sign of life for {self._silence:g} s")

    def _tell(self, status: AgentStatus, row: dict[str, object]) -> None:
        begun = self._started.get(status.host) != status.started_at
        state = {**row, "host": status.host, "start_flag": begun}
        directory.get_plugin().create_or_update_agent(n_context.get_admin_context(), state)
        self._told[status.host] = (time.monotonic(), row)
        self._started[status.host] = status.started_at

    @db_api.retry_db_errors
    def _bury(self, host: str, why: str) -> None:
        """Have the API show an agent as dead at once."""
        self._told.pop(host, None)
        context = n_context.get_admin_context()
        with db_api.CONTEXT_WRITER.using(context):
            agent: Any = objects.Agent.get_object(context, agent_type=AGENT_TYPE, host=host)
            if agent is not None and agent.heartbeat_timestamp.year > _LONG_AGO.year:
                _log.warning("the agent of host %s %s", host, why)
                agent.heartbeat_timestamp = _LONG_AGO
                agent.update()


def _row(status: AgentStatus) -> dict[str, object]:
    return {
        "agent_type": AGENT_TYPE,
        "binary": BINARY,
        "topic": "N/A",
        "configurations": {
            "bridge": status.bridge,
            "datapath_type": status.datapath_type,
            "verdicts": status.verdict_mode,
            "version": status.version,
        },
    }
