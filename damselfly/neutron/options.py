"""What an operator can set: section ``[ml2_damselfly]`` of Neutron's configuration."""

from __future__ import annotations

from typing import Any

from oslo_config import cfg

from damselfly.northbound.opening import DEFAULT_URL

SECTION = "ml2_damselfly"
OPTIONS = [
    cfg.StrOpt(
        "connection",
        default=DEFAULT_URL,
        secret=True,
        help="URL of the policy store, the one that the agents read. Neutron is its only master.",
    ),
    cfg.FloatOpt(
        "store_timeout",
        default=5.0,
        min=0.1,
        help="Seconds after which a call to the store counts as failed.",
    ),
    cfg.FloatOpt(
        "store_rest",
        default=5.0,
        min=0.0,
        help="Seconds after such a failure in which API requests do not try again but leave "
        "their change to the repair, so that they answer at once.",
    ),
    cfg.FloatOpt(
        "repair_interval",
        default=5.0,
        min=0.1,
        help="Seconds between two looks for changes that have not reached the store.",
    ),
    cfg.FloatOpt(
        "check_interval",
        default=60.0,
        min=0.1,
        help="Seconds between two comparisons of Neutron's revision numbers with those of what "
        "the store has.",
    ),
    cfg.FloatOpt(
        "compare_interval",
        default=600.0,
        min=1.0,
        help="Seconds between two comparisons of all that Neutron has with all that the store has.",
    ),
    cfg.FloatOpt(
        "report_interval",
        default=20.0,
        min=0.1,
        help="Seconds between two heartbeats of an agent in Neutron's database while nothing "
        "about it changes; well below agent_down_time.",
    ),
    cfg.FloatOpt(
        "agent_silence",
        default=30.0,
        min=1.0,
        help="Seconds without a sign of life after which an agent is shown as dead and its host "
        "gets no more ports. Agents give one every 5 seconds.",
    ),
    cfg.FloatOpt(
        "lease",
        default=6.0,
        min=0.5,
        help="Seconds without a sign of life after which another process takes over the duties "
        "that one process of the cloud has: agents, the status of ports, repair.",
    ),
]


def register(conf: Any = cfg.CONF) -> Any:
    """Make the options known; return their section."""
    conf.register_opts(OPTIONS, SECTION)
    return conf[SECTION]


def list_options() -> list[tuple[str, list[Any]]]:
    """Return the options as ``oslo-config-generator`` asks for them."""
    return [(SECTION, OPTIONS)]
