"""What Nova does with a port: say where it is to be, plug a tap with its id, take it out again."""

from __future__ import annotations

import uuid
from typing import Any

import openstack

from lab.command import CommandFailed
from lab.hypervisor import Hypervisor
from lab.vm import VM

from .server import Worker

_OWNER = "compute:nova"


def connect(worker: Worker, *, project: str | None = None, roles: str = "member,reader") -> Any:
    """Return openstacksdk's network API of a worker: an administrator's, or a project's member's.

    ``project`` is an id; with Keystone out of the way every id is one.
    """
    connection = openstack.connect(
        load_yaml_config=False,
        load_envvars=False,
        auth_type="none",
        endpoint=worker.endpoint,
        region_name="lab",
    )
    if project is not None:
        caller = {"X-User-Id": f"user-of-{project}", "X-Project-Id": project, "X-Roles": roles}
        connection.session.additional_headers.update(caller)
    return connection.network


class Nova:
    """The compute service of one host."""

    def __init__(self, api: Any, host: str, hypervisor: Hypervisor) -> None:
        """Serve a host of that name with the network API of an administrator."""
        self._api = api
        self.host = host
        self.hypervisor = hypervisor

    def boot(self, port_id: str, name: str, *, plug: bool = True) -> VM:
        """Make a VM with that port; raise CommandFailed where Neutron does not bind it here."""
        port = self.bind(port_id)
        if port.binding_vif_type != "ovs":
            raise CommandFailed(f"port {port_id}: {port.binding_vif_type}")
        network = self._api.get_network(port.network_id)
        options = {"port_id": port.id, "mtu": network.mtu, "plug": plug}
        return VM(self.hypervisor, name, port.mac_address, self._addresses(port), **options)

    def bind(self, port_id: str) -> Any:
        """Say that the port is to be on this host; return it as Neutron has it then."""
        owner = {"device_id": str(uuid.uuid4()), "device_owner": _OWNER}
        return self._api.update_port(port_id, binding_host_id=self.host, **owner)

    def _addresses(self, port: Any) -> list[str]:
        lengths = {
            subnet.id: subnet.cidr.partition("/")[2]
            for subnet in self._api.subnets(network_id=port.network_id)
        }
        return [f"{ip['ip_address']}/{lengths[ip['subnet_id']]}" for ip in port.fixed_ips]
