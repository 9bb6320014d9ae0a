"""Who may do what in etcd: the commands that an administrator gives once.

An agent may read the whole store and write what it says of itself, and its name; nothing else.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import rich_click as click

from damselfly.cli.settings import Settings, shared_options
from damselfly.errors import BadInput
from damselfly.northbound import keys
from damselfly.northbound.opening import open_store


@click.command()
@click.option("--host", "hosts", multiple=True, help="A host whose agent needs a user.")
@click.option("--writer", default="damselfly-writer", show_default=True, help="Who writes policy.")
@shared_options
def roles(settings: Settings, hosts: tuple[str, ...], writer: str) -> None:
    """Print the etcdctl commands that make users and roles; nothing is carried out.

    A user of etcd is made without password: it is known by the common name of its TLS certificate,
    or gets one with `etcdctl user passwd`.
    """
    click.echo("\n".join(_commands(settings.store, hosts, writer)))


def _commands(url: str, hosts: tuple[str, ...], writer: str) -> Iterator[str]:
    if not url.startswith("etcd://"):
        raise BadInput("only etcd has users and roles: --store etcd://...")
    open_store(url)  # Says so where the URL is wrong, or gRPC missing.
    from damselfly.northbound.etcd import Layout, Place  # noqa: PLC0415  gRPC is an extra.

    layout = Layout(Place.at(url).prefix)
    everything = ("--prefix=true", layout.root.decode())
    yield from _made("user", writer)
    yield from _made("role", writer)
    yield _etcdctl("role", "grant-permission", writer, "readwrite", *everything)
    yield _etcdctl("user", "grant-role", writer, writer)
    for host in hosts:
        name = f"damselfly-agent-{host}"
        own = (layout.at(keys.agent_status(host)).decode(), layout.held(host).decode())
        yield from _made("user", name)
        yield from _made("role", name)
        yield _etcdctl("role", "grant-permission", name, "read", *everything)
        for key in own:
            yield _etcdctl("role", "grant-permission", name, "readwrite", key)
        yield _etcdctl("user", "grant-role", name, name)


def _made(kind: str, name: str) -> Iterator[str]:
    options = ["--no-password"] if kind == "user" else []
    yield _etcdctl(kind, "add", *options, name)


def _etcdctl(*arguments: str) -> str:
    return shlex.join(["etcdctl", *arguments])
