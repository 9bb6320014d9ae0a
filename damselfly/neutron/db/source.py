"""Neutron's database, read through its own plugins, anew at every call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from neutron.db.models import securitygroup as tables
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
from neutron_lib.plugins import constants as plugins
from neutron_lib.plugins import directory

from damselfly.errors import BadInput
from damselfly.model.group import Rule
from damselfly.neutron import translate
from damselfly.neutron.keeping import Found
from damselfly.neutron.translate import Kind, Target
from damselfly.neutron.translate.routers import INTERFACE_OWNERS
from damselfly.neutron.translate.values import Fields

DHCP_PORT = "network:dhcp"
Rows = Iterable[tuple[Target, Fields, Any]]
"""Each resource with what Neutron says of it, and what else its translation needs."""


class NeutronSource:
    """What Neutron has now."""

    def read(self, targets: Collection[Target]) -> Mapping[Target, Found]:
        """Return the targets that are there; what is missing is gone."""
        by_kind: dict[Kind, set[str]] = {}
        for target in targets:
            by_kind.setdefault(target.kind, set()).add(target.id)
        wanted = set(targets)
        return {
            target: found
            for kind, ids in by_kind.items()
            for target, found in _read(kind, sorted(ids))
            if target in wanted
        }

    def everything(self) -> Mapping[Target, Found]:
        """Return every resource."""
        return {target: found for kind in Kind for target, found in _read(kind, None)}


@db_api.retry_db_errors
def _read(kind: Kind, ids: list[str] | None) -> list[tuple[Target, Found]]:
    context = n_context.get_admin_context()
    filters = None if ids is None else {"id": ids}
    made = _MAKE.get(kind)
    rows = list(_ROWS[kind](context, filters))
    if kind is Kind.SUBNET:
        servers = _dhcp_addresses(context, {fields["network_id"] for _, fields, _ in rows})
        rows = [(target, fields, servers.get(target.id, ())) for target, fields, _ in rows]
    return [(target, _found(made, fields, more)) for target, fields, more in rows]


def _found(made: Callable[..., Any] | None, fields: Fields, more: Any) -> Found:
    revision = fields.get("revision_number") or 0
    assert made is not None
    try:
        thing = made(fields) if more is None else made(fields, more)
        why = translate.unkeepable(fields) if isinstance(thing, Rule) else None
        return Found(thing, revision, why or "")
    except BadInput as error:
        return Found(None, revision, str(error))


def _listed(kind: Kind, method: str) -> Callable[[Any, Any], Rows]:
    def rows(context: Any, filters: Any) -> Rows:
        for fields in getattr(directory.get_plugin(), method)(context, filters=filters):
            yield Target(kind, fields["id"]), fields, None

    return rows


def _groups(context: Any, filters: Any) -> Rows:
    """Read headers only: with its rules a group may be large."""
    group = tables.SecurityGroup
    columns = {name: getattr(group, name) for name in ("id", "name", "stateful")}
    for fields in _columns(context, columns, group, filters):
        yield Target(Kind.GROUP, fields["id"]), fields, None


def _rules(context: Any, filters: Any) -> Rows:
    rule = tables.SecurityGroupRule
    columns = {name: getattr(rule, name) for name in _RULE_FIELDS}
    for fields in _columns(context, columns, rule, filters):
        yield Target(Kind.RULE, fields["id"], fields["security_group_id"]), fields, None


_RULE_FIELDS = (
    *("id", "security_group_id", "direction", "ethertype", "protocol"),
    *("port_range_min", "port_range_max"),
    *("remote_ip_prefix", "remote_group_id", "remote_address_group_id"),
)


def _columns(
    context: Any, columns: Mapping[str, Any], model: Any, filters: Any
) -> Iterator[Fields]:
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(*columns.values(), _revision_of(model))
        query = query.join(model.standard_attr)
        if filters is not None:
            query = query.filter(model.id.in_(filters["id"]))
        rows = query.all()
    names = [*columns, "revision_number"]
    return (dict(zip(names, row, strict=True)) for row in rows)


def _revision_of(model: Any) -> Any:
    return model.standard_attr.property.mapper.class_.revision_number


def _routers(context: Any, filters: Any) -> Rows:
    router_plugin = directory.get_plugin(plugins.L3)
    if router_plugin is None:
        return
    for fields in router_plugin.get_routers(context, filters=filters):
        yield Target(Kind.ROUTER, fields["id"]), fields, None


def _interfaces(context: Any, filters: Any) -> Rows:
    asked = {"device_owner": list(INTERFACE_OWNERS)} if filters is None else filters
    for fields in directory.get_plugin().get_ports(context, filters=asked):
        if fields["device_owner"] in INTERFACE_OWNERS and fields["device_id"]:
            yield Target(Kind.INTERFACE, fields["id"], fields["device_id"]), fields, None


def _dhcp_addresses(context: Any, networks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the addresses of each subnet's DHCP servers."""
    if not networks:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    filters = {"network_id": sorted(networks), "device_owner": [DHCP_PORT]}
    for port in directory.get_plugin().get_ports(context, filters=filters):
        for ip in port["fixed_ips"]:
            found[ip["subnet_id"]] = (*found.get(ip["subnet_id"], ()), ip["ip_address"])
    return found


_ROWS: dict[Kind, Callable[[Any, Any], Rows]] = {
    Kind.NETWORK: _listed(Kind.NETWORK, "get_networks"),
    Kind.SUBNET: _listed(Kind.SUBNET, "get_subnets"),
    Kind.PORT: _listed(Kind.PORT, "get_ports"),
    Kind.GROUP: _groups,
    Kind.RULE: _rules,
    Kind.ADDRESS_GROUP: _listed(Kind.ADDRESS_GROUP, "get_address_groups"),
    Kind.ROUTER: _routers,
    Kind.INTERFACE: _interfaces,
}
_MAKE: dict[Kind, Callable[..., Any]] = {
    Kind.NETWORK: translate.network,
    Kind.SUBNET: translate.subnet,
    Kind.PORT: translate.port,
    Kind.GROUP: translate.group,
    Kind.RULE: translate.rule,
    Kind.ADDRESS_GROUP: translate.address_group,
    Kind.ROUTER: translate.router,
    Kind.INTERFACE: translate.router_interface,
}
