"""The mechanism driver: what ML2 calls when networks, subnets and ports change."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from neutron.db import provisioning_blocks
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins.ml2 import api

from damselfly.errors import BadInput
from damselfly.northbound.opening import open_store

from . import options, translate
from .binding import AGENT_TYPE, Binding, choose
from .callbacks import Callbacks
from .db.journal import RevisionJournal
from .db.source import DHCP_PORT, NeutronSource
from .duty.worker import Duty, DutyWorker
from .keeping import Keeper, StoreClient
from .requests import Requests
from .translate import Kind, Target
from .translate.routers import INTERFACE_OWNERS
from .translate.values import Fields

_log = logging.getLogger(__name__)
_API_WORKER = "WorkerService"
"""The class by which Neutron says that a process serves the API."""


class DamselflyDriver(api.MechanismDriver):
    """Maps Neutron's database to the policy store and binds ports to hosts with an agent."""

    def initialize(self) -> None:
        """Build everything; threads and connections begin later, where they are needed."""
        settings = options.register()
        self._settings = settings
        self.store = StoreClient(lambda: open_store(settings.connection), settings.store_timeout)
        self._source = NeutronSource()
        journal = RevisionJournal()
        self._keeper = Keeper(self.store, self._source, journal)
        self._requests = Requests(self._keeper, journal, settings.store_rest)
        self._refused = ""
        Callbacks(self._requests).subscribe()
        registry.subscribe(self._serve, resources.PROCESS, events.AFTER_INIT)

    def get_workers(self) -> list[DutyWorker]:
        """Return the process that is on duty for the cloud, where the operator runs one."""
        return [DutyWorker(lambda: self._duty(eager=True))]

    def _serve(self, resource: str, event: str, trigger: Any, payload: Any = None) -> None:
        """Have an API worker take over the duty where nobody has it."""
        if getattr(trigger, "__name__", "") == _API_WORKER:
            self._duty(eager=False).start()

    def _duty(self, *, eager: bool) -> Duty:
        return Duty(self._settings, self.store, self._keeper, self._source, eager=eager)

    @property
    def connectivity(self) -> str:
        """Say what the switch gives a port: a layer-2 segment."""
        return str(portbindings.CONNECTIVITY_L2)

    def create_network_precommit(self, context: Any) -> None:
        """Note a new network."""
        self._note_new(context, [_of(Kind.NETWORK, context)])

    def update_network_precommit(self, context: Any) -> None:
        """Note a change of a network."""
        self._note(context, [_of(Kind.NETWORK, context)])

    delete_network_precommit = update_network_precommit

    def create_subnet_precommit(self, context: Any) -> None:
        """Note a new subnet."""
        self._note_new(context, [_of(Kind.SUBNET, context)])

    def update_subnet_precommit(self, context: Any) -> None:
        """Note a change of a subnet."""
        self._note(context, [_of(Kind.SUBNET, context)])

    delete_subnet_precommit = update_subnet_precommit

    def create_port_precommit(self, context: Any) -> None:
        """Note a new port, and hold it back from ACTIVE until its host's agent has it."""
        self._note_new(context, [_of(Kind.PORT, context)])
        self._note(context, _beside(context.current))
        self._hold_back(context)

    def update_port_precommit(self, context: Any) -> None:
        """Note a change of a port; one that goes to another host is held back from ACTIVE.

        Most updates change its status or how it is bound, and nothing that the store says.
        """
        if _said(context.current) != _said(context.original):
            beside = {*_beside(context.current), *_beside(context.original)}
            self._note(context, [_of(Kind.PORT, context), *sorted(beside)])
        if context.host != context.original_host:
            self._hold_back(context)

    def delete_port_precommit(self, context: Any) -> None:
        """Note that a port goes."""
        self._note(context, [_of(Kind.PORT, context), *_beside(context.current)])

    def _write(self, context: Any) -> None:
        """Write what the transaction noted."""
        self._requests.write(context.plugin_context)

    create_network_postcommit = update_network_postcommit = delete_network_postcommit = _write
    create_subnet_postcommit = update_subnet_postcommit = delete_subnet_postcommit = _write
    create_port_postcommit = update_port_postcommit = delete_port_postcommit = _write

    def bind_port(self, context: Any) -> None:
        """Bind a port whose host has a live agent to a segment that the switch carries."""
        vnic_type = context.current.get(portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
        segments = [dict(one) for one in context.segments_to_bind]
        choice = choose(vnic_type, segments, context.host_agents(AGENT_TYPE), context.host)
        if isinstance(choice, Binding):
            context.set_binding(choice.segment_id, portbindings.VIF_TYPE_OVS, dict(choice.details))
            return
        said = f"port {context.current['id']} is not bound on host {context.host}: {choice.why}"
        # ML2 asks ten times over before it gives up.
        _log.log(logging.DEBUG if said == self._refused else logging.WARNING, "%s", said)
        self._refused = said

    def _note_new(self, context: Any, targets: list[Target]) -> None:
        self._requests.note_new(context.plugin_context, targets)

    def _note(self, context: Any, targets: list[Target]) -> None:
        self._requests.note(context.plugin_context, targets)

    def _hold_back(self, context: Any) -> None:
        port = context.current
        if context.host and port["status"] != "ACTIVE" and context.host_agents(AGENT_TYPE):
            provisioning_blocks.add_provisioning_component(
                context.plugin_context,
                port["id"],
                resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY,
            )


def _of(kind: Kind, context: Any) -> Target:
    return Target(kind, context.current["id"])


def _said(port: Fields) -> object:
    """Return what the store says of a port, with what depends on it."""
    try:
        return translate.port(port), _beside(port)
    except BadInput as error:
        return str(error)


def _beside(port: Fields) -> list[Target]:
    """Return what else depends on a port: its router, the subnets for which it serves DHCP."""
    owner = port["device_owner"]
    found: Iterator[Target] = iter(())
    if owner in INTERFACE_OWNERS and port["device_id"]:
        found = iter([Target(Kind.INTERFACE, port["id"], port["device_id"])])
    elif owner == DHCP_PORT:
        found = (Target(Kind.SUBNET, ip["subnet_id"]) for ip in port["fixed_ips"])
    return sorted(set(found))
