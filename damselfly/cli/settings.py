"""What every command takes: which store, and in which form to answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import click as click_core
import rich_click as click

from damselfly.northbound.opening import DEFAULT_URL, open_store
from damselfly.northbound.store import Store

FORMATS = ("table", "json", "yaml")
Result = TypeVar("Result")
Command = Callable[..., Any]


@dataclass(slots=True)
class Settings:
    """The options that stand before or after any command's name."""

    store: str = DEFAULT_URL
    output: str = "table"
    store_given: bool = False
    """Tells a chosen store from the default."""

    @asynccontextmanager
    async def opened(self, *, create: bool = False) -> AsyncIterator[Store]:
        """Open the store and close it again; only ``create`` makes a file."""
        store = open_store(self.store, create=create)
        try:
            yield store
        finally:
            await store.close()


def shared_options(command: Command) -> Command:
    """Give a command ``--store`` and ``-o``, and its function the settings as first argument."""

    @wraps(command)
    def with_settings(*args: Any, **kwargs: Any) -> Any:
        settings = take_options(kwargs.pop("store"), kwargs.pop("output"))
        return command(settings, *args, **kwargs)

    return store_options()(with_settings)


def store_options(envvar: str | None = None) -> Callable[[Command], Command]:
    """Return what adds the options themselves; the store's URL may stand in the environment."""
    store = click.option(
        "--store",
        metavar="URL",
        envvar=envvar,
        help=f"Policy store: sqlite:////PATH or etcd://HOST/PREFIX.  Default: {DEFAULT_URL}",
    )
    output = click.option(
        "-o", "--output", type=click.Choice(FORMATS), help="Form of the answer.  Default: table"
    )
    return lambda command: store(output(command))


def take_options(store: str | None, output: str | None) -> Settings:
    """Add options to those that stood before, and return them all."""
    settings: Settings = click_core.get_current_context().ensure_object(Settings)
    if store is not None:
        settings.store, settings.store_given = store, True
    if output is not None:
        settings.output = output
    return settings


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Do something asynchronous and wait for it."""
    return asyncio.run(work)
