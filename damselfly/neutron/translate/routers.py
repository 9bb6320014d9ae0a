"""Routers and their interfaces: stored for the day on which agents route."""

from __future__ import annotations

from damselfly.model.network import Router, RouterInterface

from .values import Fields, in_order, label, prefix, routes

INTERFACE_OWNERS = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
"""``device_owner`` of the ports by which a router is on its inner networks."""


def router(fields: Fields) -> Router:
    """Return the router with its way out.  Raises BadInput."""
    gateway = fields.get("external_gateway_info") or {}
    addresses = gateway.get("external_fixed_ips") or ()
    return Router(
        id=fields["id"],
        name=label(fields.get("name")),
        admin_state_up=bool(fields.get("admin_state_up", True)),
        routes=routes(fields.get("routes") or (), "routes"),
        gateway_network_id=gateway.get("network_id"),
        gateway_ips=in_order(prefix(one["ip_address"], "gateway") for one in addresses),
        enable_snat=bool(gateway.get("enable_snat")),
    )


def router_interface(port: Fields) -> RouterInterface | None:
    """Return what a port is to a router, or None where it is no router's."""
    if port.get("device_owner") not in INTERFACE_OWNERS or not port.get("device_id"):
        return None
    subnets = {ip["subnet_id"] for ip in port["fixed_ips"]}
    return RouterInterface(
        port["device_id"], port["id"], port["network_id"], tuple(sorted(subnets))
    )
