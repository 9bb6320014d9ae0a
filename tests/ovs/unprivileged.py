"""An agent as its systemd unit lets it run: no root, no capability, no new privileges.

``python -m tests.ovs.unprivileged USER GROUP JSON`` gives root away and is an agent then, with the
settings in JSON.  Modules are imported before: the interpreter may lie where root alone reads.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import logging
import os
import sys

import prometheus_client.parser  # noqa: F401  Imported while that is still possible.

from damselfly.agent.wiring import run
from damselfly.config import Config

_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE = 38, 65
_REFUSE_EXEC_GAIN = 1


def main() -> None:
    """Give everything away, then be the agent."""
    logging.basicConfig(level=logging.INFO)
    user, group, settings = int(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
    asyncio.run(_warmed_up())
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    os.umask(0o077)
    libc = ctypes.CDLL(None, use_errno=True)
    for option in (_PR_SET_NO_NEW_PRIVS, _PR_SET_MDWE):
        if libc.prctl(option, _REFUSE_EXEC_GAIN, 0, 0, 0):
            raise OSError(ctypes.get_errno(), f"prctl {option}")
    asyncio.run(run(Config(**settings)))


async def _warmed_up() -> None:
    """Have the event loop import what it needs only when it runs."""
    await asyncio.to_thread(lambda: None)


if __name__ == "__main__":
    main()
