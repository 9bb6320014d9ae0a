"""Everything that can be set about an agent: one frozen value, passed in, never global."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Literal

from damselfly.northbound.opening import DEFAULT_URL
from damselfly.pipeline.assemble import Rates

DEFAULT_OVSDB = "unix:/var/run/openvswitch/db.sock"


@dataclass(frozen=True, slots=True)
class Config:
    """How one agent runs; the defaults suit a hypervisor with Debian's Open vSwitch."""

    store: str = DEFAULT_URL
    """URL of the policy store."""
    bridge: str = "br-int"
    distribution: Literal["auto", "selective", "whole"] = "auto"
    """What of the policy is held: what the ports here need, or all; auto: all, unless of etcd."""
    ovsdb: str = DEFAULT_OVSDB
    management: str | None = None
    """Path of the bridge's management socket; None: beside the OVSDB's."""
    host: str = field(default_factory=socket.gethostname)
    """The name under which the agent reports its status."""
    packet_rate: int = 500
    """Packets per second that one sender may have the agent judge."""
    packet_burst: int = 250
    """How many of them may come at once."""
    fragment_rate: int = 250
    """Fragments per second that one sender may have the connection tracker collect."""
    fragment_burst: int = 250
    """How many of them may come at once."""
    connection_limit: int = 200_000
    """Connections tracked for each port; further ones do not come about."""
    verdicts: Literal["reactive", "warm"] = "reactive"
    """When what the policy allows gets its verdicts: at its first packet, or in advance."""
    warm_on_exit: bool = False
    """Have a reactive agent give them before it ends on SIGTERM."""
    warm_budget: int = 1024
    """Verdicts given in advance, for each port, direction and address family."""
    deny_budget: int = 1024
    """Denials remembered per port and direction; the meter bounds what comes beyond."""
    verdict_budget: int = 4096
    """Verdicts remembered per port and direction; denials make room for allowances first."""
    quarantine: float = 60.0
    """Seconds until the key of a deleted port may be used again."""
    status_interval: float = 2.0
    """Seconds between two reports of what is merely counted."""
    verify_interval: float = 60.0
    """Seconds in which every flow of the switch is compared once with what it should be."""
    metrics: str = "off"
    """Where a Prometheus server may read the agent's figures, as ADDRESS:PORT; or ``off``."""
    log_format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line."""
    rule_interval: float = 30.0
    """Seconds between two looks at how often each rule admitted."""
    heartbeat: float = 5.0
    """Seconds after which a status is stored again although nothing has changed."""
    retry: float = 1.0
    """Seconds between two attempts to reach the store or the switch."""

    @property
    def rates(self) -> Rates:
        """What the meters of one port let pass."""
        return Rates(self.packet_rate, self.packet_burst, self.fragment_rate, self.fragment_burst)

    @property
    def management_socket(self) -> str:
        """The path of the bridge's management socket (ovs-vswitchd(8))."""
        if self.management is not None:
            return self.management
        directory = self.ovsdb.removeprefix("unix:").rpartition("/")[0]
        return f"{directory}/{self.bridge}.mgmt"
