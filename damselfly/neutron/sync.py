"""``damselfly-neutron-sync``: compare everything, and repair it if asked to."""

from __future__ import annotations

import sys
from typing import Any

from neutron import manager
from neutron.common import config
from oslo_config import cfg

from damselfly.errors import DamselflyError
from damselfly.northbound.opening import open_store

from . import options
from .db.journal import RevisionJournal
from .db.source import NeutronSource
from .duty.repair import Repair
from .keeping import Difference, Keeper, StoreClient

_PASSES = 3
_MODE = cfg.StrOpt(
    "mode",
    default="report",
    choices=["report", "repair"],
    help="report: say what differs, and exit 1 where anything does. repair: put it right.",
)


def main() -> None:
    """Run the command."""
    cfg.CONF.register_cli_opt(_MODE)
    settings = _load(sys.argv[1:])
    store = StoreClient(lambda: open_store(settings.connection), settings.store_timeout)
    source, journal = NeutronSource(), RevisionJournal()
    repair = Repair(Keeper(store, source, journal), journal, source, store)
    try:
        sys.exit(_run(repair, source, mending=cfg.CONF.mode == "repair"))
    except DamselflyError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    finally:
        store.close()


def _run(repair: Repair, source: NeutronSource, *, mending: bool) -> int:
    found = list(repair.differences())
    for difference in found:
        print(difference)
    left = _mended(repair, found) if mending else found
    for target, said in source.everything().items():
        if said.problem:
            print(f"{target}: not enforced: {said.problem}")
    print(f"{len(found)} differences" + (f", {len(found) - len(left)} mended" if mending else ""))
    return 1 if left else 0


def _mended(repair: Repair, found: list[Difference]) -> list[Difference]:
    """Put differences right, in several passes where one hides another; return what is left."""
    for _ in range(_PASSES):
        if not found:
            break
        repair.mend(found)
        found = list(repair.differences())
    return found


def _load(arguments: list[str]) -> Any:
    """Read Neutron's configuration and load its plugins, as its own tools do."""
    config.register_common_config_options()
    config.init(arguments)
    config.setup_logging()
    config.set_config_defaults()
    for option in ("notify_nova_on_port_status_changes", "notify_nova_on_port_data_changes"):
        cfg.CONF.set_override(option, False)
    manager.init()
    return options.register()
