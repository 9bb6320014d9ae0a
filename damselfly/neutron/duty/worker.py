"""The threads that are on duty, and the process that Neutron starts for them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from neutron_lib import worker

from damselfly.errors import Compacted, StoreError
from damselfly.neutron.db.journal import RevisionJournal
from damselfly.neutron.keeping import Keeper, Source, StoreClient

from .agents import Agents
from .lease import Lease
from .repair import Repair
from .watch import watch

_log = logging.getLogger(__name__)
_RETRY = 1.0


class Duty:
    """Contends for the lease, and does what there is to do while it has it."""

    def __init__(
        self, settings: Any, store: StoreClient, keeper: Keeper, source: Source, *, eager: bool
    ) -> None:
        """Take the driver's parts; ``eager`` says that the process has nothing else to do."""
        journal = RevisionJournal()
        self._settings = settings
        self._store = store
        self._lease = Lease(store, settings.lease, time.monotonic, eager=eager)
        self._repair = Repair(keeper, journal, source, store)
        self._stop = threading.Event()
        self._held_until = 0.0

    def start(self) -> None:
        """Begin, in threads that end with the process."""
        for work in (self._hold, self._watch, self._mend):
            name = f"damselfly{work.__name__}"
            threading.Thread(target=self._keep_on, args=(work,), name=name, daemon=True).start()

    def stop(self) -> None:
        """End, and let others take over at once."""
        self._stop.set()
        try:
            self._lease.give_up()
        except StoreError as error:
            _log.info("others will notice by themselves: %s", error)

    def wait(self) -> None:
        """Wait for the end."""
        self._stop.wait()

    def _on_duty(self) -> bool:
        return not self._stop.is_set() and time.monotonic() < self._held_until

    def _keep_on(self, work: Callable[[], None]) -> None:
        """Do a piece of work again and again, whatever becomes of it."""
        said = ""
        while not self._stop.is_set():
            pause = 0.0
            try:
                work()
                said = ""
            except Compacted:
                _log.info("the store's log was trimmed; reading everything again")
            except StoreError as error:
                if str(error) != said:
                    _log.warning("waiting for the store: %s", error)
                said, pause = str(error), _RETRY
            except Exception:  # noqa: BLE001  (whatever plugins raise must not end our duties)
                _log.exception("trying again")
                pause = _RETRY
            self._stop.wait(pause)

    def _hold(self) -> None:
        asked_at = time.monotonic()
        before = self._on_duty()
        if self._lease.renew() and not self._stop.is_set():
            self._held_until = asked_at + self._settings.lease
            if not before:
                _log.info("this process is on duty for the cloud")
        self._stop.wait(self._settings.lease / 3)

    def _watch(self) -> None:
        if not self._on_duty():
            self._stop.wait(_RETRY)
            return
        settings = self._settings
        watch(self._store, Agents(settings.report_interval, settings.agent_silence), self._on_duty)

    def _mend(self) -> None:
        """Repair until somebody else is on duty, from a full comparison on."""
        if not self._on_duty():
            self._stop.wait(_RETRY)
            return
        due = {self._repair.everything: 0.0, self._repair.behind: 0.0, self._repair.unwritten: 0.0}
        pauses = {
            self._repair.everything: self._settings.compare_interval,
            self._repair.behind: self._settings.check_interval,
            self._repair.unwritten: self._settings.repair_interval,
        }
        while self._on_duty():
            for work, at in due.items():
                if time.monotonic() >= at:
                    work()
                    due[work] = time.monotonic() + pauses[work]
            self._stop.wait(min(_RETRY, self._settings.repair_interval))


class DutyWorker(worker.BaseWorker):
    """The process that ``neutron-periodic-workers`` makes of a driver's workers."""

    def __init__(self, make: Callable[[], Duty]) -> None:
        """Take what makes the duty; that happens in the new process."""
        super().__init__(worker_process_count=1, desc="damselfly duty")
        self._make = make
        self._duty: Duty | None = None

    def start(self) -> None:
        """Begin."""
        super().start(desc="damselfly duty")
        self._duty = self._make()
        self._duty.start()

    def wait(self) -> None:
        """Wait for the end."""
        if self._duty is not None:
            self._duty.wait()

    def stop(self) -> None:
        """End."""
        if self._duty is not None:
            self._duty.stop()

    @staticmethod
    def reset() -> None:
        """Have nothing to read again."""
