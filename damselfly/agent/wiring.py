"""The agent, put together.

store ──watch──▶ feed ─┐                         ┌─▶ switch (bundles)
                       ├─▶ reconcile ─ enforcement
OVSDB ──IDL────▶ feed ─┘        │                ├─◀ paused packets ─▶ reactive
                                │                └─◀ patrol (reads, compares, mends)
                                └─▶ reporting ─▶ store (/status)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from functools import partial
from pathlib import Path

from damselfly.collector import keep_collections_short
from damselfly.config import Config
from damselfly.errors import StoreError, SwitchError, SwitchGone
from damselfly.northbound.opening import open_store
from damselfly.northbound.status import AgentStatus, write_status
from damselfly.northbound.store import Store
from damselfly.southbound.features import datapath_features
from damselfly.southbound.openflow import connect
from damselfly.southbound.ovsdb import Ovsdb
from damselfly.southbound.reassembly import make_room
from damselfly.southbound.switch import Switch

from .capacity.connections import ConnectionLimits
from .eviction.looks import Looks
from .feed import Inbox, follow_bridge, follow_policy
from .following.name import HostName
from .following.selected import follow_selected, is_selective
from .patrol.rounds import Patrol
from .reconcile import Reconciler
from .reporting.http import OFF, Page, parse_address
from .reporting.metrics import Metrics
from .reporting.status import Reporter, is_news
from .reporting.systemd import give_signs_of_life, notify
from .verdicts import Budgets

_log = logging.getLogger(__name__)
_LEAVING = 3.0
"""Seconds that the last word of an agent may take."""


class Agent:
    """One host's agent; :func:`run` makes it and lets it run."""

    def __init__(self, config: Config, store: Store, ovsdb: Ovsdb) -> None:
        self.config = config
        self.store = store
        self.ovsdb = ovsdb
        self.inbox = Inbox()
        self.name = HostName(store, config.host)
        rundir = Path(config.management_socket).parent
        features = partial(datapath_features, rundir, config.bridge)
        self.reconciler = Reconciler(config, ovsdb, self.inbox, features)
        self.patrol = Patrol(config, self.reconciler)
        self.reporter = Reporter(config, self.inbox, self.reconciler, self.patrol.drift)
        self.page = Page(Metrics(self.inbox, self.reconciler, self.patrol, self.reporter).page)
        budgets = Budgets(config.deny_budget, config.verdict_budget)
        self.looks = Looks(self.reconciler.enforcement.verdicts, budgets)
        self.limits = ConnectionLimits(config, self.reconciler.progress.unbounded)
        self._switch: Switch | None = None
        self._told: AgentStatus | None = None
        self._reporting = asyncio.Lock()

    async def run(self) -> None:
        """Run until cancelled; raise what cannot be waited out."""
        await self._show_metrics()
        notify("READY=1")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(give_signs_of_life())
            tasks.create_task(self._hold_name())
            tasks.create_task(self._follow())
            tasks.create_task(follow_bridge(self.ovsdb, self.inbox))
            tasks.create_task(self._enforce())
            tasks.create_task(self._report_regularly())
            tasks.create_task(self._walk())

    async def _show_metrics(self) -> None:
        """Open the page of figures where one is wanted; nothing else depends on it."""
        if self.config.metrics == OFF:
            return
        try:
            port = await self.page.open(self.config.metrics)
        except OSError as error:
            self.reporter.page_problem = f"{self.config.metrics}: {error.strerror or error}"
            _log.error("metrics cannot be shown: %s", self.reporter.page_problem)
        else:
            _log.info("metrics are shown at %s, port %d", self.config.metrics, port)

    async def _follow(self) -> None:
        """Follow the policy once no other agent has this one's name."""
        await self.name.taken.wait()
        follow = follow_selected if is_selective(self.config) else follow_policy
        await follow(self.store, self.inbox, self.config.retry)

    async def _hold_name(self) -> None:
        await self.name.take(self.inbox.lose_store, self.config.retry)
        await self.name.keep()

    async def _enforce(self) -> None:
        """Serve the switch; connect again whenever it is gone."""
        await self.name.taken.wait()
        while True:
            try:
                self._switch = switch = await connect(self.config.management_socket)
            except SwitchGone as gone:
                _log.warning("%s", gone)
            else:
                await self._serve(switch)
                self._switch = None
            await asyncio.sleep(self.config.retry)

    async def _make_room(self) -> None:
        """Have the tracker keep more fragments: by itself it keeps fewer than one port may send."""
        unbounded = self.reconciler.progress.unbounded
        unbounded.pop("fragments", None)
        if self.ovsdb.state.datapath_type == "netdev":
            try:
                await make_room(Path(self.config.management_socket).parent)
            except SwitchError as error:
                _log.warning("the tracker keeps as many fragments as it comes with: %s", error)
                unbounded["fragments"] = str(error)

    async def _serve(self, switch: Switch) -> None:
        await self._make_room()
        serving = asyncio.create_task(self.reconciler.serve(switch, self._enforced))
        gone = asyncio.create_task(switch.gone())
        try:
            await asyncio.wait({serving, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                _log.warning("the switch is gone: %s", gone.result())
            else:
                serving.result()
        except asyncio.CancelledError:
            if self.config.warm_on_exit:
                await self.reconciler.leave_warm(switch)
            raise
        except Exception as error:  # noqa: BLE001  The one loop that compares everything anew.
            _log.exception("the switch is taken over anew")
            self.reconciler.progress.problem = str(error) or repr(error)
        finally:
            for task in (serving, gone):
                task.cancel()
            await asyncio.gather(serving, gone, return_exceptions=True)
            await switch.close()

    async def _enforced(self, revision: int) -> None:
        if self._told is None or self._told.revision != revision:
            _log.info("revision %d is enforced", revision)
        await self._report()

    async def _report(self) -> None:
        """Store the status if it says anything new, or is due as a sign of life."""
        if not self.name.taken.is_set():
            return
        async with self._reporting:
            status = self.reporter.status()
            if self._told is not None and not is_news(self._told, status, self.config.heartbeat):
                return
            try:
                await self.store.commit([write_status(status)])
            except StoreError as error:
                _log.warning("the status cannot be stored: %s", error)
            else:
                self._told = status

    async def leave(self) -> None:
        """Say last that the agent has stopped; a store that does not answer is not waited for."""
        notify("STOPPING=1")
        await self.page.close()
        if not self.name.taken.is_set():
            return
        with contextlib.suppress(StoreError, TimeoutError):
            async with asyncio.timeout(_LEAVING), self._reporting:
                await self.store.commit([write_status(self.reporter.status(stopped=True))])

    async def _report_regularly(self) -> None:
        while True:
            await asyncio.sleep(self.config.status_interval)
            if self._switch is not None:
                with contextlib.suppress(SwitchError):
                    await self.reporter.count(self._switch)
                    await self.looks.look(self._switch)
                    here = self.reconciler.enforcement.state.by_key.keys()
                    await self.limits.keep(self._switch, self.ovsdb.state.datapath_type, here)
            await self._report()

    async def _walk(self) -> None:
        """Look at one part of the switch after the other, and now and then at the whole."""
        loop = asyncio.get_running_loop()
        counted = loop.time()
        while True:
            await asyncio.sleep(min(self.patrol.pause, self.config.status_interval))
            switch = self._switch
            if switch is None:
                continue
            with contextlib.suppress(SwitchError):
                if loop.time() - counted >= self.config.status_interval:
                    counted = loop.time()
                    await self.patrol.count(switch)
                await self.patrol.step(switch)


async def run(config: Config) -> None:
    """Run an agent until SIGTERM or SIGINT; flows stay in the switch.

    Raises SwitchGone where there is no Open vSwitch, no such bridge or no permission, and
    StoreError where the store cannot be opened; BadInput for settings that cannot be.
    """
    if config.metrics != OFF:
        parse_address(config.metrics)
    keep_collections_short()
    store = open_store(config.store)
    try:
        ovsdb = await Ovsdb.connect(config.ovsdb, config.bridge)
        switch = await connect(config.management_socket)
        await switch.close()
        _log.info("bridge %s, datapath %s", config.bridge, ovsdb.state.datapath_type or "system")
        made = Agent(config, store, ovsdb)
        agent = asyncio.create_task(made.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, agent.cancel)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await _unwrapped(agent)
        finally:
            await made.leave()
            await ovsdb.close()
    finally:
        await store.close()


async def _unwrapped(agent: asyncio.Task[None]) -> None:
    """Wait for the agent; of a group of errors raise the first."""
    try:
        await agent
    except* (SwitchError, StoreError) as group:
        raise group.exceptions[0] from None
