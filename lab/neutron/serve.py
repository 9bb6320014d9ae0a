"""Serve Neutron's API from one process: ``python -m lab.neutron.serve NEUTRON_CONF PORT THREADS``.

This runs in Neutron's virtual environment.  Each process stands for one API worker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import waitress
from neutron.auth import NoauthFakeProjectId
from neutron_lib.context import Context

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def caller(_settings: object, **_more: object) -> Callable[[Application], Application]:
    """Make the paste filter that takes ``X-User-Id``, ``X-Project-Id`` and ``X-Roles`` for true.

    So Neutron knows its caller as behind Keystone; without these headers it is an administrator.
    """

    def wrap(application: Application) -> Application:
        administrator = NoauthFakeProjectId(application)

        def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            context = Context.from_environ(environ)
            if not context.user_id:
                answer: Iterable[bytes] = administrator(environ, start_response)
                return answer
            environ["neutron.context"] = context
            return application(environ, start_response)

        return serve

    return wrap


def main() -> None:
    """Be an API worker."""
    settings, port, threads = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    os.environ["OS_NEUTRON_CONFIG_DIR"] = str(settings.parent)
    os.environ["OS_NEUTRON_CONFIG_FILES"] = settings.name
    sys.argv = ["neutron-api"]  # Neutron hands its arguments to oslo.config at import.
    from neutron.wsgi.api import application  # noqa: PLC0415

    waitress.serve(application, listen=f"127.0.0.1:{port}", threads=threads, ident=None)


if __name__ == "__main__":
    main()
