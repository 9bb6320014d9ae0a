"""Ports: addresses, pairs, groups, port security, where they are."""

from __future__ import annotations

from damselfly.errors import BadInput
from damselfly.model.address import parse_mac
from damselfly.model.port import AddressPair, Port

from .values import Fields, in_order, label, prefix


def port(fields: Fields) -> Port | None:
    """Return the port, or None where it is administratively down: then nothing may pass.

    A port that is not in the store stays shut on whatever host it is plugged in.  Raises BadInput.
    """
    if not fields.get("admin_state_up", True):
        return None
    mac = _mac(fields["mac_address"], "mac_address")
    filtered = bool(fields.get("port_security_enabled", True))
    return Port(
        id=fields["id"],
        network_id=fields["network_id"],
        mac=mac,
        name=label(fields.get("name")),
        fixed_ips=in_order(prefix(ip["ip_address"], "fixed_ips") for ip in fields["fixed_ips"]),
        allowed_address_pairs=_pairs(fields, mac) if filtered else (),
        security_groups=tuple(sorted(set(fields.get("security_groups") or ()))),
        port_security_enabled=filtered,
        host=label(fields.get("binding:host_id")) or None,
        device_owner=label(fields.get("device_owner")),
    )


def _pairs(fields: Fields, own: int) -> tuple[AddressPair, ...]:
    pairs = set()
    for pair in fields.get("allowed_address_pairs") or ():
        mac = _mac(pair.get("mac_address") or fields["mac_address"], "allowed_address_pairs")
        where = prefix(pair["ip_address"], "allowed_address_pairs")
        pairs.add(AddressPair(where, None if mac == own else mac))
    return tuple(sorted(pairs, key=lambda pair: (str(pair.prefix), pair.mac or 0)))


def _mac(value: object, field: str) -> int:
    try:
        return parse_mac(str(value))
    except ValueError as error:
        raise BadInput(f"{field}: {error}") from None
