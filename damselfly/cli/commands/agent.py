"""``damselfly agent``: options in, an agent that runs."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import rich_click as click
from pydantic import TypeAdapter, ValidationError

from damselfly.agent.reporting.logs import log_to_stderr
from damselfly.agent.wiring import run as run_agent
from damselfly.cli.settings import Settings, run, shared_options
from damselfly.config import Config
from damselfly.errors import BadInput
from damselfly.northbound.codec.wording import unknown_key

_CONFIG = TypeAdapter(Config)
_NAMES = [one.name for one in fields(Config)]


@click.command()
@click.option("--bridge", help="The bridge to program.  Default: br-int")
@click.option("--ovsdb", metavar="REMOTE", help="Open vSwitch's database, as unix:PATH.")
@click.option("--host", help="The name under which this agent reports.  Default: the host's name")
@click.option("--config", "file", type=click.Path(), help="TOML file of settings; options win.")
@click.option("-v", "--verbose", is_flag=True, help="Log what is going on, not only what is wrong.")
@shared_options
def agent(settings: Settings, file: str | None, *, verbose: bool, **given: str | None) -> None:
    """Enforce the policy on this host's bridge, until SIGTERM or SIGINT; flows stay."""
    config = Config() if file is None else read_config(file)
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if file is None or settings.store_given:
        chosen["store"] = settings.store
    log_to_stderr(config.log_format, verbose=verbose)
    run(run_agent(replace(config, **chosen)))


def read_config(file: str) -> Config:
    """Read an agent's settings from a TOML file.  Raises BadInput."""
    try:
        data = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: is no TOML: {error}") from None
    unknown = [f"{file}: {key}: {unknown_key(key, _NAMES)}" for key in data if key not in _NAMES]
    if unknown:
        raise BadInput("\n".join(unknown))
    return _validated(file, data)


def _validated(file: str, data: dict[str, Any]) -> Config:
    try:
        return _CONFIG.validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        lines = (f"{file}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput("\n".join(lines)) from None
