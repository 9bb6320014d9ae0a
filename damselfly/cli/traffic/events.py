"""What has happened between two looks, as events: nothing is asked or printed here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from damselfly.cli.effects import difference
from damselfly.flow.flow import FlowKey
from damselfly.northbound.manifest import Plan
from damselfly.northbound.status import AgentStatus, PortStatus
from damselfly.northbound.store import Commit
from damselfly.pipeline.security.verdicts import VerdictFlow

KINDS = ("policy", "agent", "port", "verdict")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    kind: str
    """One of :data:`KINDS`."""
    text: str
    """For people."""
    fields: Mapping[str, object] = field(default_factory=dict)
    """For programs."""
    style: str = ""
    """A colour's name."""


class Place(NamedTuple):
    """Where verdicts are, and what its numbers mean."""

    host: str
    ports: Mapping[int, str]
    """Names by key."""
    rules: Mapping[int, str]
    """Ids by mark."""


def policy_events(commit: Commit, known: Mapping[str, bytes]) -> Iterator[Event]:
    """Say what a commit does to the policy's objects; ``known`` are all objects before it."""
    expected = {change.key: known.get(change.key) for change in commit.changes}
    for effect in Plan(commit.changes, expected).effects:
        verb, kind, name = effect.verb, effect.kind, effect.id
        if effect.before is None and effect.after is None:
            continue
        what = difference(effect)
        yield Event(
            "policy",
            f"revision {commit.revision}: {verb} {kind} {name}" + (f" ({what})" if what else ""),
            {"revision": commit.revision, "change": verb, "object": kind, "id": name},
        )


def agent_events(before: AgentStatus | None, now: AgentStatus) -> Iterator[Event]:
    """Say what an agent's report tells that its last one did not."""
    host = now.host
    if before is None or before.started_at != now.started_at:
        yield _agent(now, "started", f"{host}: started on {now.bridge}, pid {now.pid}", "green")
        before = None
    if now.revision and (before is None or before.revision != now.revision):
        yield _agent(now, "enforced", f"{host}: enforces revision {now.revision}", "green")
    told = {} if before is None else before.problems
    for place, why in now.problems.items():
        if told.get(place) != why:
            yield _agent(now, "problem", f"{host}: problem: {place}: {why}", "red")
    for place in told.keys() - now.problems.keys():
        yield _agent(now, "solved", f"{host}: solved: {place}", "green")
    yield from _port_events(before, now)
    if now.stopped and (before is None or not before.stopped):
        yield _agent(now, "stopped", f"{host}: stopped; its flows stay", "yellow")


def verdict_events(
    before: Mapping[FlowKey, VerdictFlow], now: Mapping[FlowKey, VerdictFlow], place: Place
) -> Iterator[Event]:
    """Say which verdicts came to a switch and which went."""
    for key, verdict in now.items():
        if before.get(key) != verdict:
            word = "allow" if verdict.mark else "deny"
            yield _verdict(word, verdict, place)
    for key in before.keys() - now.keys():
        yield _verdict("forget", before[key], place)


def _agent(now: AgentStatus, what: str, text: str, style: str) -> Event:
    said = {"host": now.host, "what": what, "revision": now.revision}
    return Event("agent", text, said, style)


def _port_events(before: AgentStatus | None, now: AgentStatus) -> Iterator[Event]:
    was = {} if before is None else {port.port_id: port for port in before.ports}
    for port in now.ports:
        old = was.pop(port.port_id, None)
        if old is None or _condition(old) != _condition(port):
            yield _port(now.host, port, port.state)
    for port in was.values():
        yield _port(now.host, port, "gone")


def _condition(port: PortStatus) -> tuple[object, ...]:
    return port.state, port.reason, port.saturated


def _port(host: str, port: PortStatus, state: str) -> Event:
    reason = f" ({port.reason})" if port.reason and state != "gone" else ""
    full = ", saturated" if port.saturated and state != "gone" else ""
    return Event(
        "port",
        f"{port.name or port.port_id} on {host}: {state}{reason}{full}",
        {
            "host": host,
            "port": port.port_id,
            "state": state,
            "reason": port.reason,
            "saturated": port.saturated,
        },
        {"active": "green", "closed": "red"}.get(state, "yellow"),
    )


def _verdict(word: str, verdict: VerdictFlow, place: Place) -> Event:
    port = place.ports.get(verdict.key, f"key {verdict.key}")
    rule = place.rules.get(verdict.mark) if verdict.mark else None
    region = str(verdict.region)
    by = f" by rule {rule}" if rule is not None else ""
    return Event(
        "verdict",
        f"{port} {verdict.direction.value}: {word} {region}{by}",
        {
            "host": place.host,
            "port": port,
            "direction": verdict.direction.value,
            "verdict": word,
            "region": region,
            "rule": rule,
        },
        {"allow": "green", "deny": "red"}.get(word, "bright_black"),
    )
