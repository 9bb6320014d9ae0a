"""A project that uses the cloud: its network, its groups, its machines."""

from __future__ import annotations

import itertools
import uuid
from typing import Any, Self

from bench.cloud import Cloud
from lab.neutron.nova import connect
from lab.vm import VM

_numbers = itertools.count(1)
FAMILIES = ("ipv4", "ipv6")
ECHO = {"IPv4": 8, "IPv6": 128}
"""The type of an echo request (RFC 792, RFC 4443)."""


class Tenant:
    """A member of a project of its own; a context manager that deletes what the project has."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.number = next(_numbers)
        self.project = uuid.uuid4().hex
        self.api = connect(cloud.neutron.workers[0], project=self.project)
        self.vms: list[VM] = []

    def __enter__(self) -> Self:
        """Make a network with a subnet of each family."""
        self.network = self.make_network()
        return self

    def __exit__(self, *_: object) -> None:
        """Delete everything, the groups last."""
        admin = self.cloud.api
        for vm in self.vms:
            vm.delete()
        for port in admin.ports(project_id=self.project):
            admin.delete_port(port)
        for network in admin.networks(project_id=self.project):
            admin.delete_network(network)
        for group in admin.security_groups(project_id=self.project):
            admin.delete_security_group(group)
        for group in admin.address_groups(project_id=self.project):
            admin.delete_address_group(group)

    def make_network(self, **settings: Any) -> Any:
        """Make a network with a subnet of each family."""
        network = self.cloud.api.create_network(
            name=f"net-{self.number}", project_id=self.project, **settings
        )
        for version, cidr in ((4, f"10.7.{self.number}.0/24"), (6, f"fd07:{self.number}::/64")):
            self.api.create_subnet(network_id=network.id, ip_version=version, cidr=cidr)
        return network

    def group(self, *rules: dict[str, Any], **settings: Any) -> Any:
        """Make a security group that lets everything out, and in what the rules say."""
        made = self.api.create_security_group(name=f"group-{next(_numbers)}", **settings)
        for rule in rules:
            self.rule(made, **rule)
        return made

    def rule(self, group: Any, **settings: Any) -> Any:
        """Make a rule, for what comes in over IPv4 unless told otherwise."""
        return self.api.create_security_group_rule(
            security_group_id=group.id, **{"direction": "ingress", "ethertype": "IPv4"} | settings
        )

    def vm(self, name: str, *groups: Any, **settings: Any) -> VM:
        """Make a port with these groups, boot a VM with it, and wait until it is active."""
        vm = self.boot(self.port(name, *groups, **settings))
        self.cloud.until_status(vm.port_id, "ACTIVE")
        return vm

    def port(self, name: str, *groups: Any, **settings: Any) -> Any:
        """Make a port on the network; without groups it gets the default group, as ever."""
        if groups:
            settings["security_group_ids"] = [group.id for group in groups]
        return self.api.create_port(network_id=self.network.id, name=name, **settings)

    def boot(self, port: Any, *, plug: bool = True) -> VM:
        """Do what Nova does for a port, but do not wait."""
        vm = self.cloud.nova.boot(port.id, f"{port.name}-{next(_numbers)}", plug=plug)
        self.vms.append(vm)
        return vm

    def default_group(self) -> Any:
        """Return the project's default group."""
        return next(iter(self.api.security_groups(name="default", project_id=self.project)))
