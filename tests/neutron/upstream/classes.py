"""Neutron's own tests of ports, security groups and address groups, with our driver loaded.

``make test-neutron-upstream`` runs them, in Neutron's virtual environment.  Only what is loaded
differs from Neutron's own run: the drivers, and where ours finds its store.
"""

from __future__ import annotations

from typing import Any

import fixtures
from neutron.tests.unit.extensions import test_address_group as address_group
from neutron.tests.unit.extensions import test_security_groups_normalized_cidr as normalized
from neutron.tests.unit.plugins.ml2 import test_ext_portsecurity as port_security
from neutron.tests.unit.plugins.ml2 import test_plugin as ml2
from neutron.tests.unit.plugins.ml2 import test_security_group as security_group
from neutron_lib.plugins import directory
from oslo_config import cfg

import damselfly.neutron.db.models  # noqa: F401  Neutron makes the tables of what is loaded.
from damselfly.neutron import options
from tests.neutron.upstream.drivers import loaded

OURS = "damselfly"


class Loaded:
    """Loads the drivers that the run is about, ours on a store of the test's own."""

    _mechanism_drivers = loaded()

    def setUp(self, *arguments: Any, **settings: Any) -> None:
        here: Any = self
        options.register()
        place = here.useFixture(fixtures.TempDir()).path
        cfg.CONF.set_override("mechanism_drivers", self._mechanism_drivers, group="ml2")
        cfg.CONF.set_override("connection", f"sqlite:///{place}/policy.db", group=options.SECTION)
        super().setUp(*arguments, **settings)  # type: ignore[misc]
        if OURS in self._mechanism_drivers:
            drivers = directory.get_plugin().mechanism_manager.mech_drivers
            here.addCleanup(drivers[OURS].obj.store.close)


class TestPorts(Loaded, ml2.TestMl2PortsV2):
    """Ports."""


class TestPortsWithRevisions(Loaded, ml2.TestMl2PortsV2WithRevisionPlugin):
    """Revision numbers of ports."""


class TestBinding(Loaded, ml2.TestMl2PortBinding):
    """Binding of ports."""


class TestBindingWithoutGroups(Loaded, ml2.TestMl2PortBindingNoSG):
    """Binding of ports without a firewall."""


class TestBindingToHosts(Loaded, ml2.TestMl2PortBindingHost):
    """Hosts of ports."""


class TestBindingOfKinds(Loaded, ml2.TestMl2PortBindingVnicType):
    """Kinds of virtual cards."""


class TestAddressPairs(Loaded, ml2.TestMl2AllowedAddressPairs):
    """Allowed address pairs."""


class TestPortSecurity(Loaded, port_security.PSExtDriverTestCase):
    """Port security."""


class TestPortSecurityOfML2(Loaded, ml2.TestMl2PortSecurity):
    """Port security, as ML2 sees it."""


class TestSecurityGroups(Loaded, security_group.TestMl2SecurityGroups):
    """Security groups and their rules."""


class _OnML2:
    """Puts ML2 in the place of the plugin that only knows the extension under test."""

    def setUp(self, plugin: str | None = None, **settings: Any) -> None:
        del plugin
        super().setUp(plugin="ml2", **settings)  # type: ignore[misc]


class TestAddressGroups(
    Loaded,
    address_group.TestAddressGroup,
    _OnML2,
    address_group.AddressGroupTestCase,
):
    """Address groups."""


class TestNormalizedPrefixes(
    Loaded,
    normalized.TestSecurityGroupsNormalizedCidr,
    _OnML2,
    normalized.test_securitygroup.SecurityGroupDBTestCase,
):
    """Prefixes of rules as they are meant."""
