"""The command line in process: arguments in; exit code, answer and errors out."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from damselfly.cli.main import main
from damselfly.northbound import keys
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change

EXAMPLE = Path(__file__).parents[2] / "examples" / "three-tier.yaml"


class Answer(NamedTuple):
    """What a command gave back."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The answer, read as JSON."""
        return json.loads(self.out)


Damselfly = Callable[..., Answer]


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/policy.db"


@pytest.fixture
def damselfly(
    store_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Damselfly:
    monkeypatch.setenv("DAMSELFLY_STORE", store_url)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["damselfly", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        captured = capsys.readouterr()
        return Answer(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def shop(damselfly: Damselfly) -> Damselfly:
    """A store that holds the three-tier example."""
    assert damselfly("apply", EXAMPLE).code == 0
    return damselfly


@pytest.fixture
def broken_port() -> Callable[[str, str], None]:
    """Damage a port in a store."""

    def damage(url: str, port_id: str) -> None:
        async def write() -> None:
            store = open_store(url)
            await store.commit([Change(keys.port(port_id), b'{"v":1}')])
            await store.close()

        asyncio.run(write())

    return damage
