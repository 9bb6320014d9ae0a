"""The agent's figures for Prometheus, and the dashboard and alerts that ask for them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from damselfly.agent.reporting.metrics import Metrics
from damselfly.agent.reporting.status import Reporter
from tests.agent.site import CONFIG, Site, reached, syn, two_ports

PACKAGING = Path(__file__).parents[3] / "packaging"
DASHBOARD = PACKAGING / "grafana" / "damselfly.json"
ALERTS = PACKAGING / "prometheus" / "damselfly.rules.yaml"
_KEPT_BY_PROMETHEUS = {"up"}
_WORDS = {
    "by", "sum", "max", "rate", "increase", "histogram_quantile", "le", "instance", "label_values",
}  # fmt: skip


def metrics_of(site: Site) -> Metrics:
    reporter = Reporter(CONFIG, site.inbox, site.reconciler, site.patrol.drift)
    return Metrics(site.inbox, site.reconciler, site.patrol, reporter)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return the values by name and values of labels."""
    families = text_string_to_metric_families(metrics.page().decode())
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_figures_say_what_happened() -> None:
    site = Site()
    metrics = metrics_of(site)
    async with site.running():
        revision = await two_ports(site)
        await site.until(revision)
        await reached(site, syn(1, 2))
        await reached(site, syn(1, 2, to=81))
        said = samples(metrics)
    assert said["damselfly_packets_in_total", ("allowed",)] == 2
    assert said["damselfly_packets_in_total", ("denied",)] == 1
    assert said["damselfly_verdicts", ("allow",)] == 2
    assert said["damselfly_verdicts", ("deny",)] == 1
    assert said["damselfly_policy_revision", ()] == revision
    assert said["damselfly_ports", ("active",)] == 2
    assert said["damselfly_ports", ("closed",)] == 0
    assert said["damselfly_port_ready", ("p1", "p1")] == 1
    assert said["damselfly_settled", ()] == 1
    assert said["damselfly_store_up", ()] == 1
    assert said["damselfly_policy_age_seconds", ()] == 0
    assert said["damselfly_decision_seconds_count", ()] == 3
    assert said["damselfly_enforcement_seconds_count", ()] >= 1
    assert said["process_resident_memory_bytes", ()] > 0


async def test_a_store_that_is_lost_lets_the_policy_age() -> None:
    site = Site()
    metrics = metrics_of(site)
    async with site.running():
        await site.until(await two_ports(site))
        site.inbox.lose_store("gone")
        assert site.inbox.store_lost_at is not None
        site.inbox.store_lost_at -= 100
        said = samples(metrics)
    assert said["damselfly_store_up", ()] == 0
    assert said["damselfly_policy_age_seconds", ()] >= 100
    assert said["damselfly_problems", ()] == 1


async def test_a_port_that_stays_closed_is_not_ready() -> None:
    site = Site()
    metrics = metrics_of(site)
    async with site.running():
        await site.until(await two_ports(site))
        site.ovsdb.plug("stranger", 9)
        await site.settle()
        said = samples(metrics)
    assert said["damselfly_port_ready", ("", "stranger")] == 0
    assert said["damselfly_ports", ("closed",)] == 1


def test_names_follow_the_conventions_of_prometheus() -> None:
    families = [*metrics_of(Site()).collect()]
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert re.fullmatch(r"damselfly_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
        assert family.type in ("gauge", "counter", "histogram", "info")
        if "second" in family.name:
            assert family.name.endswith("_seconds")


def test_a_name_from_outside_cannot_break_the_page() -> None:
    site = Site()
    reporter = Reporter(
        replace(CONFIG, host='h"\n1'), site.inbox, site.reconciler, site.patrol.drift
    )
    page = Metrics(site.inbox, site.reconciler, site.patrol, reporter).page().decode()
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert families["damselfly_build_info"].samples[0].labels["host"] == 'h"\n1'


def asked(expression: str) -> set[str]:
    """Return the names of the figures in an expression of PromQL."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\$\w+|by \([^)]*\)', " ", expression)
    return set(re.findall(r"[a-z_]+", bare)) - _WORDS


def test_dashboard_and_alerts_ask_only_for_figures_that_there_are() -> None:
    known = {name for name, _ in samples(metrics_of(Site()))} | _KEPT_BY_PROMETHEUS
    # What has labels appears with its first port only.
    known |= {"damselfly_port_ready"}
    dashboard = json.loads(DASHBOARD.read_text())
    asking = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asking += [one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    alerts = yaml.safe_load(ALERTS.read_text())
    asking += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    assert len(asking) > 20
    for expression in asking:
        assert asked(expression)
        assert asked(expression) <= known, expression


def test_every_label_that_is_selected_or_summed_by_is_there() -> None:
    labels = {"instance", "job", "le"}
    for family in metrics_of(Site()).collect():
        labels |= {name for sample in family.samples for name in sample.labels}
    text = DASHBOARD.read_text().replace("\\", "") + ALERTS.read_text()
    used = set(re.findall(r"by \(([a-z, ]+)\)", text)) | set(re.findall(r"[{,]([a-z_]+)=", text))
    assert {name.strip() for names in used for name in names.split(",")} <= labels


def test_every_alert_says_what_is_wrong_and_is_explained() -> None:
    explained = (PACKAGING.parent / "docs" / "metrics.md").read_text()
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("warning", "critical")
            assert set(rule["annotations"]) == {"summary", "description"}
            assert f"`{rule['alert']}`" in explained


def test_every_figure_is_documented() -> None:
    explained = (PACKAGING.parent / "docs" / "metrics.md").read_text()
    for family in metrics_of(Site()).collect():
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        assert f"`{name}`" in explained
