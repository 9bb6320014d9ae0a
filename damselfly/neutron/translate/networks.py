"""Networks, with the segment that tunnels carry, and subnets."""

from __future__ import annotations

from damselfly.model.network import Network, Subnet

from .values import Fields, address, label, prefix, routes

TUNNELLED, LOCAL = "geneve", "local"


def network(fields: Fields) -> Network:
    """Return the network; without a geneve segment it has no number, and stays on each host."""
    numbers = [
        one["provider:segmentation_id"]
        for one in fields.get("segments") or (fields,)
        if one.get("provider:network_type") == TUNNELLED and one.get("provider:segmentation_id")
    ]
    return Network(
        id=fields["id"],
        name=label(fields.get("name")),
        segmentation_id=min(numbers, default=0),
        mtu=fields.get("mtu") or 0,
    )


def subnet(fields: Fields, dhcp_ips: tuple[str, ...] = ()) -> Subnet:
    """Return the subnet; ``dhcp_ips`` are the addresses of its DHCP ports.  Raises BadInput."""
    servers = sorted(str(prefix(one, "fixed_ips")) for one in dhcp_ips)
    nameservers = fields.get("dns_nameservers") or ()
    return Subnet(
        id=fields["id"],
        network_id=fields["network_id"],
        cidr=prefix(fields["cidr"], "cidr"),
        gateway_ip=address(fields.get("gateway_ip"), "gateway_ip"),
        dhcp_ip=prefix(servers[0], "dhcp_ip") if servers else None,
        enable_dhcp=bool(fields.get("enable_dhcp")),
        dns_nameservers=tuple(prefix(one, "dns_nameservers") for one in nameservers),
        host_routes=routes(fields.get("host_routes") or (), "host_routes"),
        ipv6_ra_mode=fields.get("ipv6_ra_mode") or "",
        ipv6_address_mode=fields.get("ipv6_address_mode") or "",
    )
