"""Between model objects and bytes, and which keys are written together."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import ValidationError

from damselfly.errors import BadInput
from damselfly.model.address import mac_text
from damselfly.model.group import AddressGroup, Rule, SecurityGroup
from damselfly.model.network import Network, Router, RouterInterface, Subnet
from damselfly.model.port import Port
from damselfly.northbound import keys
from damselfly.northbound.store import Change

from .fields import Stored, fields_of, routes_as_fields
from .records import (
    VERSION,
    AddressGroupRecord,
    GroupRecord,
    NetworkRecord,
    PortRecord,
    RuleRecord,
    SubnetRecord,
)
from .rules import faults
from .wording import complaint

_AnyRecord = (
    NetworkRecord | SubnetRecord | PortRecord | AddressGroupRecord | GroupRecord | RuleRecord
)
_RECORDS: dict[str, type[_AnyRecord]] = {
    keys.NETWORK: NetworkRecord,
    keys.SUBNET: SubnetRecord,
    keys.PORT: PortRecord,
    keys.ADDRESS_GROUP: AddressGroupRecord,
    keys.GROUP: GroupRecord,
    keys.RULE: RuleRecord,
}


def key_of(thing: Stored) -> str:
    """Return the key under which the object lives."""
    match thing:
        case Rule():
            return keys.rule(thing.security_group_id, thing.id)
        case Network():
            return keys.network(thing.id)
        case Subnet():
            return keys.subnet(thing.id)
        case Port():
            return keys.port(thing.id)
        case AddressGroup():
            return keys.address_group(thing.id)
        case SecurityGroup():
            return keys.group(thing.id)


def decode(key: str, data: bytes) -> Stored:
    """Read the object at a policy key.

    Raises BadInput that names the key and every field that cannot be read.
    """
    record_type = _RECORDS.get(keys.parse(key).kind)
    if record_type is None:
        raise BadInput(f"{key}: no object of the policy lives here")
    try:
        thing = record_type.model_validate_json(data).thing()
    except ValidationError as error:
        raise BadInput(f"{key}: {_wrong(error, record_type)}") from None
    if key_of(thing) != key:
        raise BadInput(f"{key}: id: the object calls itself {key_of(thing)}")
    if isinstance(thing, Rule):
        for field, message in faults(thing):
            raise BadInput(f"{key}: {field}: {message}")
    return thing


def _wrong(error: ValidationError, record_type: type[_AnyRecord]) -> str:
    found = error.errors()
    of_version = [one for one in found if one["loc"] == ("v",)]
    return "; ".join(
        f"{'.'.join(map(str, one['loc'])) or 'the object'}: {complaint(one, record_type)}"
        for one in of_version or found
    )


def encode(thing: Stored) -> bytes:
    """Write an object; equal objects give equal bytes."""
    return _json({"v": VERSION, **fields_of(thing)})


def write(thing: Stored) -> Change:
    """Return the change that stores the object."""
    return Change(key_of(thing), encode(thing))


def written_together(thing: Stored) -> Iterator[Change]:
    """Yield the index entries that stand and fall with the object."""
    if isinstance(thing, Network) and thing.segmentation_id:
        owner = _json({"v": VERSION, "network_id": thing.id})
        yield Change(keys.segment(thing.segmentation_id), owner)
    elif isinstance(thing, Subnet):
        yield Change(keys.network_subnet(thing.network_id, thing.id), _json({"v": VERSION}))
    elif isinstance(thing, Port):
        addresses = sorted({str(prefix) for _, prefix in thing.sources()})
        where = {"v": VERSION, "mac_address": mac_text(thing.mac), "addresses": addresses}
        if thing.host is not None:
            where["host"] = thing.host
        yield Change(keys.network_port(thing.network_id, thing.id), _json(where))
        for group_id in thing.security_groups:
            entry = _json({"v": VERSION, "addresses": addresses})
            yield Change(keys.member(group_id, thing.id), entry)


def write_topology(thing: Router | RouterInterface) -> Change:
    """Return the change that stores a router or an interface of one; no agent reads them yet."""
    match thing:
        case Router():
            key = keys.router(thing.id)
            fields = {
                "id": thing.id,
                "name": thing.name,
                "admin_state_up": thing.admin_state_up,
                "routes": routes_as_fields(thing.routes),
                "gateway_network_id": thing.gateway_network_id,
                "gateway_ips": [str(ip) for ip in thing.gateway_ips],
                "enable_snat": thing.enable_snat,
            }
        case RouterInterface():
            key = keys.router_interface(thing.router_id, thing.port_id)
            fields = {
                "router_id": thing.router_id,
                "port_id": thing.port_id,
                "network_id": thing.network_id,
                "subnets": list(thing.subnets),
            }
    return Change(key, _json({"v": VERSION, **fields}))


def _json(fields: dict[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
