"""The limit of connections that each port's zone is kept at."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from damselfly.config import Config
from damselfly.errors import SwitchError
from damselfly.southbound.switch import Switch
from damselfly.southbound.zones import limit_zones, unlimit_zones

SUBJECT = "connections"
_log = logging.getLogger(__name__)
_AT_ONCE = 500
"""Zones in one command."""


class ConnectionLimits:
    """Keeps one switch's zones limited, as ports come and go."""

    def __init__(self, config: Config, unbounded: MutableMapping[str, str]) -> None:
        """Say in ``unbounded``, under ``connections``, why some zones have no limit."""
        self._limit = config.connection_limit
        self._rundir = Path(config.management_socket).parent
        self._switch: Switch | None = None
        self._limited: set[int] = set()
        self._unbounded = unbounded

    async def keep(self, switch: Switch, datapath_type: str, keys: AbstractSet[int]) -> None:
        """Limit the zones of these ports that are not limited yet, and free those of gone ports.

        A switch that was connected anew may have been restarted, and have forgotten all.
        """
        if switch is not self._switch:
            self._switch, self._limited = switch, set()
        try:
            if gone := sorted(self._limited - keys)[:_AT_ONCE]:
                await unlimit_zones(self._rundir, datapath_type, gone)
                self._limited.difference_update(gone)
            if new := sorted(keys - self._limited)[:_AT_ONCE]:
                await limit_zones(self._rundir, datapath_type, new, self._limit)
                self._limited.update(new)
        except SwitchError as error:
            self._refused(f"connections of some ports are not limited: {error}")
        else:
            self._unbounded.pop(SUBJECT, None)

    def _refused(self, why: str) -> None:
        if self._unbounded.get(SUBJECT) != why:
            _log.warning("%s", why)
        self._unbounded[SUBJECT] = why
