"""A manifest, and a store to which manifests are applied."""

from __future__ import annotations

from collections.abc import Iterable

from damselfly.model.snapshot import Snapshot
from damselfly.northbound.manifest import Plan, plan, read
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.store import Change, Contents

NOTHING = Contents(0, {})
BASE = """\
networks:
  - name: net
    subnets: [{cidr: 10.0.0.0/24}, {name: six, cidr: "fd00::/64", gateway_ip: "fd00::1"}]
address_groups:
  - {name: office, addresses: [198.51.100.0/24, "2001:db8::/32"]}
security_groups:
  - name: web
    rules:
      - {direction: ingress, protocol: tcp, port_range_min: 80, port_range_max: 89,
         remote_ip_prefix: 0.0.0.0/0}
      - {direction: ingress, protocol: tcp, port_range_min: 22, port_range_max: 22,
         remote_group_id: admin}
      - {direction: ingress, protocol: tcp, port_range_min: 22, port_range_max: 22,
         remote_address_group_id: office}
  - name: admin
ports:
  - name: one
    network_id: net
    mac_address: 02:00:00:00:00:01
    fixed_ips: [10.0.0.4, {ip_address: "fd00::4"}]
    allowed_address_pairs: [{ip_address: 10.9.0.0/16, mac_address: 02:00:00:00:00:09}]
    security_groups: [web, admin]
    host: h1
"""


def planned(text: str, contents: Contents = NOTHING, *, prune: bool = False) -> Plan:
    return plan(read([("file.yaml", text.encode())]), contents, prune=prune)


def after(contents: Contents, changes: Iterable[Change]) -> Contents:
    objects = dict(contents.objects)
    for key, value in changes:
        if value is None:
            del objects[key]
        else:
            objects[key] = value
    return Contents(contents.revision + 1, objects)


def applied(text: str, contents: Contents = NOTHING, *, prune: bool = False) -> Contents:
    return after(contents, planned(text, contents, prune=prune).changes)


def view(contents: Contents) -> Snapshot:
    reader = PolicyReader(contents)
    assert reader.problems == {}
    return reader.snapshot
