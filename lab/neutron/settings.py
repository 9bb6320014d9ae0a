"""What Neutron is told: its configuration files, as one writes them for a small cloud."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .environment import HOME

Sections = Mapping[str, Mapping[str, object]]
FILE = "neutron.conf"
_PASTE = "api-paste.ini"
_CALLER = "lab.neutron.serve:caller"


def write(directory: Path, database: str, settings: Sections) -> Path:
    """Write the files into the directory and return the first; ``settings`` come last."""
    sections = _merged(_cloud(directory, database), settings)
    text = "".join(_section(name, options) for name, options in sections.items())
    path = directory / FILE
    path.write_text(text)
    (directory / _PASTE).write_text(_paste())
    return path


def _cloud(directory: Path, database: str) -> dict[str, dict[str, object]]:
    """State a cloud with geneve networks, no message bus, no DHCP agent and no identity service."""
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": "router",
            "auth_strategy": "noauth",
            "api_paste_config": directory / _PASTE,
            "state_path": directory / "state",
            "transport_url": "fake://",
            "rpc_workers": 0,
            "rpc_state_report_workers": 0,
            "dhcp_agent_notification": False,
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "use_stderr": True,
        },
        "database": {"connection": database},
        "oslo_concurrency": {"lock_path": directory / "lock"},
        "oslo_messaging_notifications": {"driver": "noop"},
        "oslo_policy": {"enforce_scope": False},
        "quotas": dict.fromkeys(_COUNTED, -1),
        "ml2": {
            "type_drivers": "geneve,local,vlan,flat",
            "tenant_network_types": "geneve",
            "extension_drivers": "port_security",
            "overlay_ip_version": 4,
        },
        "ml2_type_geneve": {"vni_ranges": "1:65536", "max_header_size": 38},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:200"},
        "ml2_type_flat": {"flat_networks": "physnet1"},
    }


_COUNTED = (
    "quota_network",
    "quota_subnet",
    "quota_port",
    "quota_router",
    "quota_security_group",
    "quota_security_group_rule",
    "quota_address_group",
    "quota_rbac_policy",
)


def _merged(base: dict[str, dict[str, object]], more: Sections) -> dict[str, dict[str, object]]:
    names = dict.fromkeys([*base, *more])
    return {name: {**base.get(name, {}), **more.get(name, {})} for name in names}


def _section(name: str, options: Mapping[str, object]) -> str:
    lines = [f"{key} = {value}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, "", ""])


def _paste() -> str:
    """Return Neutron's own pipeline, but for who calls: that is read from headers, unproved."""
    text = (HOME / "etc" / "neutron" / _PASTE).read_text()
    own = f"[filter:fake_project_id]\npaste.filter_factory = {_CALLER}\n"
    stock = (
        "[filter:fake_project_id]\npaste.filter_factory = neutron.auth:NoauthFakeProjectId.factory"
    )
    assert stock in text, "Neutron's api-paste.ini has changed"
    return text.replace(stock, own)
