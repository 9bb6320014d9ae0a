"""What the store should hold, as Neutron's API has it, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from damselfly.neutron import translate
from damselfly.neutron.keeping.comparing import PREFIXES

_MADE: dict[str, Callable[[Any], Any]] = {
    "networks": translate.network,
    "subnets": translate.subnet,
    "ports": translate.port,
    "security-groups": translate.group,
    "security-group-rules": translate.rule,
    "address-groups": translate.address_group,
    "routers": translate.router,
}


def in_neutron(api: Any) -> dict[str, bytes]:
    """Return what the store should hold, as the API of Neutron says."""
    held: dict[str, bytes] = {}
    for path, made in _MADE.items():
        name = path.replace("-", "_")
        for fields in api.get(f"/{path}").json()[name]:
            things = [made(fields)]
            if name == "ports":
                things.append(translate.router_interface(fields))
            for thing in things:
                held |= {} if thing is None else translate.entries(thing)
    return held


def apart(api: Any, stored: dict[str, bytes]) -> set[str]:
    """Return the keys about which Neutron and the store differ."""
    wanted = in_neutron(api)
    ours = {key: value for key, value in stored.items() if key.startswith(PREFIXES)}
    return {key for key in {*wanted, *ours} if wanted.get(key) != ours.get(key)}
