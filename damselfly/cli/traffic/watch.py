"""``damselfly watch``: what changes and what is decided, while it happens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import rich_click as click
import yaml

from damselfly.cli import output
from damselfly.cli.hosts import verdict_flows
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.errors import BadInput, Compacted, DamselflyError, SwitchError
from damselfly.flow.flow import FlowKey
from damselfly.model.group import Rule
from damselfly.northbound import keys
from damselfly.northbound.codec import decode
from damselfly.northbound.status import AgentStatus, agents, decode_status
from damselfly.northbound.store import Change, Commit, Contents, Store
from damselfly.pipeline.digest import rule_mark
from damselfly.pipeline.security.verdicts import VerdictFlow, read
from damselfly.southbound.openflow import connect
from damselfly.southbound.switch import Switch

from .events import KINDS, Event, Place, agent_events, policy_events, verdict_events

_REST = 9
"""How much longer than a look the pause between two is at least."""


@click.command()
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Only these; repeatable.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05),
    default=0.5,
    show_default=True,
    help="Seconds between two looks at the verdicts of this machine's switches; more where there"
    " are very many.",
)
@shared_options
def watch(settings: Settings, only: Collection[str], interval: float) -> None:
    """Show changes of policy, agents, ports and verdicts as they happen; Ctrl-C ends.

    One line each; with `-o json` one JSON object a line.  Verdicts are those of this machine's
    switches; everything else is from the store.
    """
    run(_until_told(_Watch(settings.output, only or KINDS, interval), settings))


async def _until_told(watching: _Watch, settings: Settings) -> None:
    """Watch until SIGINT or SIGTERM; of a group of errors raise the first."""
    async with settings.opened() as store:
        task = asyncio.create_task(watching.run(store))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await task
            except* (DamselflyError, OSError) as group:
                raise group.exceptions[0] from None


class _Watch:
    """What is known so far, and the loops that learn more."""

    def __init__(self, form: str, only: Collection[str], interval: float) -> None:
        self._form = form
        self._only = only
        self._interval = interval
        self._objects: dict[str, bytes] = {}
        self._agents: dict[str, AgentStatus] = {}
        self._followed: dict[str, _Verdicts] = {}
        self._rules: dict[int, str] = {}
        """Ids by mark of all rules ever seen: a verdict may outlive its rule for a look."""

    async def run(self, store: Store) -> None:
        """Watch for ever."""
        contents = await store.read(("/",))
        self._learn(contents)
        try:
            if "verdict" in self._only:
                await self._look()
            self._announce(contents.revision)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_store(store, contents.revision))
                if "verdict" in self._only:
                    tasks.create_task(self._follow_switches())
        finally:
            for seen in self._followed.values():
                await seen.close()

    def _learn(self, contents: Contents) -> None:
        self._objects = dict(contents.objects)
        self._agents = {agent.host: agent for agent in agents(contents)}
        self._learn_rules(contents.objects.items())

    def _announce(self, revision: int) -> None:
        near = sum(Path(agent.management).exists() for agent in self._agents.values())
        output.note(
            f"watching from revision {revision}; {len(self._agents)} agents known, "
            f"{near} of their switches on this machine; Ctrl-C ends"
        )

    async def _follow_store(self, store: Store, revision: int) -> None:
        while True:
            try:
                async for commit in store.watch(revision, ("/",)):
                    self._take(commit)
                    revision = commit.revision
            except Compacted:
                contents = await store.read(("/",))
                self._take(_gap(self._objects, contents))
                revision = contents.revision

    def _take(self, commit: Commit) -> None:
        self._tell(policy_events(commit, self._objects))
        for key, value in commit.changes:
            if value is None:
                self._objects.pop(key, None)
                continue
            self._objects[key] = value
            if key.startswith(keys.STATUS_PREFIX):
                self._take_status(key, value)
        self._learn_rules(commit.changes)

    def _take_status(self, key: str, value: bytes) -> None:
        try:
            status = decode_status(key, value)
        except BadInput:
            return
        self._tell(agent_events(self._agents.get(status.host), status))
        self._agents[status.host] = status

    def _learn_rules(self, objects: Iterable[tuple[str, bytes | None]]) -> None:
        for key, value in objects:
            if value is None or keys.parse(key).kind != keys.RULE:
                continue
            with contextlib.suppress(BadInput):
                rule = decode(key, value)
                if isinstance(rule, Rule):
                    self._rules[rule_mark(rule)] = rule.id

    async def _follow_switches(self) -> None:
        """Look at the verdicts of every switch of this machine, again and again.

        Most of the time is left to the switch and to others, however many verdicts there are.
        """
        loop = asyncio.get_running_loop()
        took = 0.0
        while True:
            await asyncio.sleep(max(self._interval, _REST * took))
            start = loop.time()
            await self._look()
            took = loop.time() - start

    async def _look(self) -> None:
        for host, agent in list(self._agents.items()):
            seen = self._followed.setdefault(host, _Verdicts())
            self._tell(await seen.look(agent, self._rules))

    def _tell(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind in self._only:
                _print(event, self._form)


class _Verdicts:
    """The verdicts that one switch held at the last look."""

    def __init__(self) -> None:
        self._switch: Switch | None = None
        self._held: dict[FlowKey, VerdictFlow] | None = None

    async def look(self, agent: AgentStatus, rules: Mapping[int, str]) -> list[Event]:
        """Return what is new since the last look; at first, and without an answer, nothing."""
        try:
            if self._switch is None:
                self._switch = await connect(agent.management)
            flows = await verdict_flows(self._switch)
        except SwitchError:
            await self.close()
            return []
        before = self._held
        self._held = {
            each.flow.key: verdict for each in flows if (verdict := read(each.flow)) is not None
        }
        if before is None:
            return []
        names = {p.key: p.name or p.port_id for p in agent.ports if p.key is not None}
        return list(verdict_events(before, self._held, Place(agent.host, names, rules)))

    async def close(self) -> None:
        """Give the connection up; the next look makes a new one."""
        if self._switch is not None:
            await self._switch.close()
            self._switch = None


def _gap(known: Mapping[str, bytes], contents: Contents) -> Commit:
    """Return as one commit what happened while the store's log was out of reach."""
    puts = [Change(k, v) for k, v in contents.objects.items() if known.get(k) != v]
    drops = [Change(key, None) for key in known.keys() - contents.objects.keys()]
    return Commit(contents.revision, (*puts, *drops))


def _print(event: Event, form: str) -> None:
    now = time.time()
    if form == "table":
        clock = time.strftime("%H:%M:%S", time.localtime(now))
        # Not by rich: it ends the program from within where nobody reads any more.
        click.echo(f"{clock} {event.kind:<8} " + click.style(event.text, fg=event.style or None))
        return
    said = {"time": round(now, 3), "event": event.kind, **event.fields}
    click.echo(json.dumps(said, ensure_ascii=False) if form == "json" else f"---\n{_yaml(said)}")


def _yaml(said: dict[str, object]) -> str:
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True).rstrip()
