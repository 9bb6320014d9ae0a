"""An API worker of Neutron that fails where it is told to.

``python -m tests.neutron_driver.faulty NEUTRON_CONF PORT THREADS`` runs in Neutron's virtual
environment.  The file ``fault`` beside the configuration names the step and how it fails; without
the file nothing does.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import waitress

from damselfly.errors import StoreError
from damselfly.neutron.db.journal import RevisionJournal
from damselfly.neutron.db.source import NeutronSource
from damselfly.neutron.keeping import StoreClient
from damselfly.neutron.requests import Requests
from lab.neutron import serve

STEPS: dict[str, tuple[Any, ...]] = {
    "note_new": (RevisionJournal,),
    "note": (RevisionJournal,),
    "write": (Requests,),
    "noted": (RevisionJournal,),
    "read": (StoreClient, NeutronSource),
    "commit": (StoreClient,),
    "settle": (RevisionJournal,),
}
"""The steps of a request by the methods that take them, in order."""


class Died(BaseException):
    """What ends a request between two transactions; nothing catches it."""


def main() -> None:
    """Be a worker that fails."""
    told = Path(sys.argv[1]).with_name("fault")
    for name, owners in STEPS.items():
        for owner in owners:
            setattr(owner, name, _failing(getattr(owner, name), f"{owner.__name__}.{name}", told))
    plain = waitress.serve
    waitress.serve = lambda application, **named: plain(_outliving(application), **named)
    serve.main()


def _outliving(application: Any) -> Any:
    """Return the application, but answering where a request died; the server's thread goes on."""

    def answer(environ: Any, start_response: Any) -> Any:
        try:
            return application(environ, start_response)
        except Died:
            start_response("500 Died", [("Content-Length", "0")])
            return [b""]

    return answer


def _failing(method: Any, step: str, told: Path) -> Any:
    def run(*arguments: Any, **named: Any) -> Any:
        fault = json.loads(told.read_text()) if told.exists() else {"step": ""}
        if fault["step"] == step and fault["when"] == "before":
            _fail(fault["how"])
        result = method(*arguments, **named)
        if fault["step"] == step and fault["when"] == "after":
            _fail(fault["how"])
        return result

    return run


def _fail(how: str) -> None:
    if how == "exit":
        os._exit(9)
    if how == "store":
        raise StoreError("the store is away")
    if how == "fail":
        raise RuntimeError("the transaction fails")
    raise Died


if __name__ == "__main__":
    main()
