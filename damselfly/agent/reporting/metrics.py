"""The agent's figures as Prometheus reads them: names, kinds and units by its conventions.

Every figure is read when it is asked for; nothing is kept here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)

from damselfly.agent.feed import Inbox
from damselfly.agent.patrol.rounds import Patrol
from damselfly.agent.reconcile import Reconciler
from damselfly.northbound.status import AgentStatus, PortState

from .latency import Histogram
from .status import Reporter


class Metrics:
    """Puts the figures of one agent together."""

    def __init__(
        self, inbox: Inbox, reconciler: Reconciler, patrol: Patrol, reporter: Reporter
    ) -> None:
        self._inbox = inbox
        self._reconciler = reconciler
        self._patrol = patrol
        self._reporter = reporter
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def page(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every family of figures, as of now."""
        status = self._reporter.status()
        yield InfoMetricFamily(
            "damselfly_build", "What runs here", {"version": status.version, "host": status.host}
        )
        yield _gauge("start_time_seconds", "When the agent started", status.started_at)
        yield from self._policy(status)
        yield from self._switch(status)
        yield from _ports(status)
        yield from _packets(status)
        yield from self._drift(status)
        latencies = self._reconciler.latencies
        yield _histogram("decision", "Time to judge one paused packet", latencies.decision)
        yield _histogram(
            "enforcement",
            "From hearing of a change until the switch had confirmed it",
            latencies.enforcement,
        )

    def _policy(self, status: AgentStatus) -> Iterator[Metric]:
        lost = self._inbox.store_lost_at
        yield _gauge("policy_revision", "Revision of the store that is enforced", status.revision)
        yield _gauge(
            "policy_confirmed_timestamp_seconds",
            "When the switch confirmed the latest change",
            status.revision_at,
        )
        yield _gauge(
            "policy_age_seconds",
            "For how long the store has not been heard; 0 while it is",
            0 if lost is None else max(0.0, time.time() - lost),
        )
        yield _gauge("store_up", "Whether the store can be read", lost is None)
        yield _gauge("problems", "What status lists as wrong", len(status.problems))

    def _switch(self, status: AgentStatus) -> Iterator[Metric]:
        enforcement = self._reconciler.enforcement
        yield _gauge("settled", "Whether the switch has confirmed all", self._reconciler.is_settled)
        yield _gauge("flows", "Flows that the switch should hold", enforcement.flow_count)
        verdicts = {
            "allow": sum(port.verdicts_allow for port in status.ports),
            "deny": sum(port.verdicts_deny for port in status.ports),
        }
        yield _gauges("verdicts", "Verdicts in force", "action", verdicts)
        yield CounterMetricFamily(
            "damselfly_flow_mods",
            "Flow-mods that changes and take-overs sent; verdicts apart",
            self._reconciler.progress.flow_mods,
        )

    def _drift(self, status: AgentStatus) -> Iterator[Metric]:
        yield _counters("drift", "Flows and meters changed by others", "kind", status.drift)
        yield _gauge("drift_timestamp_seconds", "When such was found last", status.drift_at)
        yield CounterMetricFamily(
            "damselfly_verified_parts", "Parts of the switch compared", self._patrol.looked
        )


def _ports(status: AgentStatus) -> Iterator[Metric]:
    states = Counter(port.state for port in status.ports)
    yield _gauges("ports", "Ports by state", "state", {s: states[s] for s in get_args(PortState)})
    ready = GaugeMetricFamily(
        "damselfly_port_ready", "Whether the port is enforced and open", labels=("port_id", "name")
    )
    for port in status.ports:
        ready.add_metric((port.port_id, port.name), port.state == "active")
    yield ready
    saturated = sum(port.saturated for port in status.ports)
    yield _gauge("ports_saturated", "Ports whose budget of denials is full", saturated)


def _packets(status: AgentStatus) -> Iterator[Metric]:
    yield _counters("packets_in", "Packets to the agent, by fate", "fate", status.fates)
    yield CounterMetricFamily(
        "damselfly_metered_drops", "Packets kept from the agent", status.metered_drops
    )
    yield CounterMetricFamily(
        "damselfly_fragment_drops", "Fragments kept from the tracker", status.fragment_drops
    )
    yield _counters(
        "spoof_drops", "Packets of VMs dropped before any rule", "reason", status.spoof_drops
    )


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"damselfly_{name}", what, float(value))


def _gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    return _labelled(GaugeMetricFamily(f"damselfly_{name}", what, labels=(label,)), values.items())


def _counters(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(f"damselfly_{name}", what, labels=(label,))
    return _labelled(family, values.items())


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Iterable[tuple[str, float]]
) -> Metric:
    for label, value in values:
        family.add_metric((label,), value)
    return family


def _histogram(name: str, what: str, seen: Histogram) -> Metric:
    family = HistogramMetricFamily(f"damselfly_{name}_seconds", what)
    family.add_metric((), list(seen.cumulative()), seen.total)
    return family
