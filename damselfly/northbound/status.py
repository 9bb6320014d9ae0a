"""What an agent says of itself, under ``/status/agent/HOST``.

Reading is lenient: an older or newer agent may say less or more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from damselfly.errors import BadInput

from . import keys
from .store import Change, Contents

VERSION = 1
PortState = Literal["active", "closed", "down"]
"""Enforced and open as its policy says; shut, for ``reason``; not plugged in or not confirmed."""


@dataclass(frozen=True, slots=True)
class PortStatus:
    """One port of the agent's host."""

    port_id: str
    state: PortState
    name: str = ""
    key: int | None = None
    """Its number in registers, and its conntrack zone."""
    ofport: int | None = None
    reason: str = ""
    verdicts_allow: int = 0
    verdicts_deny: int = 0
    stateful: bool = True
    """Whether its groups are; else each of its packets is judged for itself."""
    saturated: bool = False
    """Its budget of remembered denials is full in a direction: each further one is asked about."""


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How often a rule admitted on this host since the agent started, and when it did last."""

    admitted: int
    """Connections that its verdicts let pass; packets, where those are judged one by one."""
    held: int
    """What of this the verdict flows counted that the switch held at the agent's last look."""
    last_at: float | None = None
    """When the agent saw the count grow; None where it did not yet."""


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """An agent, its switch and what it has enforced."""

    host: str
    bridge: str
    ovsdb: str
    management: str
    """Path of the bridge's management socket."""
    pid: int
    version: str
    started_at: float
    """Seconds since 1970, as are all times here."""
    updated_at: float
    revision: int
    """Of the store: the last one that the switch confirmed by barrier."""
    revision_at: float
    """When that was confirmed."""
    datapath_type: str = ""
    lacks: tuple[str, ...] = ()
    """What its datapath cannot do and the flows need, by Open vSwitch's names."""
    verdict_mode: str = "reactive"
    ports: tuple[PortStatus, ...] = ()
    stopped: bool = False
    """It ended in good order and said so last; its flows stay."""
    flow_mods: int = 0
    """Sent by changes and take-overs since the start; verdicts apart."""
    packets_in: int = 0
    duplicates: int = 0
    fates: Mapping[str, int] = field(default_factory=dict)
    """What became of the packets that the agent was asked about, by kind."""
    metered_drops: int = 0
    """Packets that meters kept from the agent."""
    fragment_drops: int = 0
    """Fragments that meters kept from the connection tracker."""
    spoof_drops: Mapping[str, int] = field(default_factory=dict)
    """Packets dropped by INGRESS_SECURITY, by kind."""
    drift: Mapping[str, int] = field(default_factory=dict)
    """Flows and meters that others had changed and that were mended, by kind."""
    drift_at: float = 0.0
    """When that was last; 0 where it never was."""
    drifted: tuple[str, ...] = ()
    """The latest of them, each as ``kind: flow``."""
    rules: Mapping[str, RuleUse] = field(default_factory=dict)
    """Rules that admitted anything, by id, as of the agent's last look."""
    rules_at: float = 0.0
    """When that was; 0 where it has not looked yet."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """What could not be read or enforced, by store key or port."""


_STATUS = TypeAdapter(AgentStatus)


def write_status(status: AgentStatus) -> Change:
    """Return the change that stores the status."""
    fields = _STATUS.dump_python(status, mode="json")
    data = json.dumps({"v": VERSION, **fields}, separators=(",", ":"), sort_keys=True)
    return Change(keys.agent_status(status.host), data.encode())


def decode_status(key: str, data: bytes) -> AgentStatus:
    """Read a status.  Raises BadInput that names key and field."""
    try:
        return _STATUS.validate_json(data)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'the object'}: {one['msg']}"
            for one in error.errors()
        )
        raise BadInput(f"{key}: {wrong}") from None


def agents(contents: Contents) -> Iterator[AgentStatus]:
    """Yield every status that can be read, ordered by host."""
    for key in sorted(contents.objects):
        if key.startswith(keys.STATUS_PREFIX):
            try:
                yield decode_status(key, contents.objects[key])
            except BadInput:
                continue
