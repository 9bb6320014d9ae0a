"""From the API's form to Damselfly's, by the road of a stored policy: its codec and its reader."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_address

from damselfly.model.address import FAMILY_BY_NAME, parse_mac
from damselfly.model.packet import Packet
from damselfly.model.snapshot import Snapshot, Thing
from damselfly.northbound import keys
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Contents
from tests.scenarios.frames import SYN, SYN_ACK, Frame

from .evaluator import Json
from .traffic import SOURCE_PORT


def snapshot(policy: Json) -> Snapshot:
    """Return the view that an agent makes of the policy; nothing of it may be refused."""
    objects = {key: json.dumps({"v": 1, **fields}).encode() for key, fields in _records(policy)}
    reader = PolicyReader(Contents(1, objects))
    assert not reader.unreadable
    return reader.snapshot


def things(policy: Json) -> list[Thing]:
    """Return the same as objects of the model."""
    view = snapshot(policy)
    tables = (view.networks, view.address_groups, view.groups, view.ports)
    return [thing for table in tables for thing in table.values()]


def packet(frame: Json) -> Packet:
    """Return the packet of a frame; a protocol whose ports the switch does not see has none."""
    ports = (0, 0)
    if "icmp_type" in frame:
        ports = (frame["icmp_type"], frame["icmp_code"])
    elif frame["protocol"] in (6, 17, 132):
        ports = (frame.get("source_port", SOURCE_PORT), frame["destination_port"])
    return Packet(
        FAMILY_BY_NAME[frame["ethertype"]],
        frame["protocol"],
        int(ip_address(frame["source_ip"])),
        int(ip_address(frame["destination_ip"])),
        *ports,
    )


def wire(frame: Json, payload: bytes = b"") -> bytes:
    """Return the frame as bytes: the first packet of its connection, or the one that answers it."""
    macs = parse_mac(frame["source_mac"]), parse_mac(frame["destination_mac"])
    shown = packet(frame)
    if shown.protocol not in (1, 6, 17, 58, 132):
        ports = frame.get("source_port", SOURCE_PORT), frame.get("destination_port", 0)
        payload = b"".join(port.to_bytes(2) for port in ports) + payload
    flags = SYN_ACK if frame.get("answers") else SYN
    return Frame(*macs, shown, flags, payload=payload).bytes()


def _records(policy: Json) -> Iterator[tuple[str, Json]]:
    for number, network_id in enumerate(policy["networks"], 1):
        yield keys.network(network_id), {"id": network_id, "segmentation_id": number}
    for group in policy["security_groups"]:
        fields = dict(group)
        for rule in fields.pop("security_group_rules"):
            yield keys.rule(group["id"], rule["id"]), rule
        yield keys.group(group["id"]), fields
    for group in policy["address_groups"]:
        yield keys.address_group(group["id"]), group
    for port in policy["ports"]:
        yield keys.port(port["id"]), port
