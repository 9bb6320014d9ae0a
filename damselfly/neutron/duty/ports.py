"""The status of ports: ACTIVE once their host's agent has confirmed their flows, else DOWN."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from neutron.db import models_v2, provisioning_blocks
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import resources
from neutron_lib.db import api as db_api
from neutron_lib.plugins import directory

from .standing import Standing

_BATCH = 500
_AT_ONCE = 4


def tell(standing: Standing, port_ids: Collection[str]) -> set[str]:
    """Have Neutron say of ports what their agents say.

    Returns those that are plugged in while Neutron is still binding them: ask again soon.
    """
    again: set[str] = set()
    due: list[Callable[[], None]] = []
    for port_id, status, host, vif_type in _ports(sorted(port_ids)):
        active = standing.on(port_id, host)
        if active is None:
            continue
        if vif_type != portbindings.VIF_TYPE_OVS:
            if active and vif_type == portbindings.VIF_TYPE_UNBOUND:
                again.add(port_id)
        elif active and status != constants.PORT_STATUS_ACTIVE:
            due.append(partial(_up, port_id))
        elif not active and status == constants.PORT_STATUS_ACTIVE:
            due.append(partial(_down, port_id, host))
    _do(due)
    return again


def _do(due: Sequence[Callable[[], None]]) -> None:
    """Carry out what is due, some of it at once: most of the time the database is waited for."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="damselfly-ports") as threads:
        for done in [threads.submit(one) for one in due]:
            done.result()


def _up(port_id: str) -> None:
    """Say that the switch has the port; whatever else it waits for may still hold it back."""
    provisioning_blocks.provisioning_complete(
        n_context.get_admin_context(),
        port_id,
        resources.PORT,
        provisioning_blocks.L2_AGENT_ENTITY,
    )


def _down(port_id: str, host: str) -> None:
    context = n_context.get_admin_context()
    provisioning_blocks.add_provisioning_component(
        context, port_id, resources.PORT, provisioning_blocks.L2_AGENT_ENTITY
    )
    directory.get_plugin().update_port_status(context, port_id, constants.PORT_STATUS_DOWN, host)


def _ports(port_ids: list[str]) -> Iterator[tuple[str, str, str, str]]:
    """Yield id, status, host and vif_type of those that are there."""
    for start in range(0, len(port_ids), _BATCH):
        yield from _bound(port_ids[start : start + _BATCH])


@db_api.retry_db_errors
def _bound(port_ids: list[str]) -> list[Any]:
    context = n_context.get_admin_context()
    port, binding = models_v2.Port, ml2_models.PortBinding
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(port.id, port.status, binding.host, binding.vif_type)
        query = query.join(binding, binding.port_id == port.id)
        query = query.filter(port.id.in_(port_ids), binding.status == constants.ACTIVE)
        return list(query.all())
