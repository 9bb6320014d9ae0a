"""Who may speak to etcd and do what there: TLS client certificates, passwords, roles."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from damselfly.errors import StoreError
from damselfly.northbound.etcd import EtcdStore, Place
from damselfly.northbound.opening import open_store
from damselfly.northbound.store import Change, Store
from lab.etcd import Authority, Cluster

ADDRESS = "127.77.{}.{}"


@dataclass
class Guarded:
    """A server that lets nobody in without a certificate, and the roles of `store roles`."""

    cluster: Cluster
    authority: Authority

    def url(self, name: str, path: str = "/cloud") -> str:
        """Return the store's URL for whoever has the certificate of that name."""
        certificate, key = self.authority.sign(name)
        return (
            f"{self.cluster.url}{path}?ca={self.authority.certificate}&cert={certificate}&key={key}"
        )


def grant(cluster: Cluster, url: str, *hosts: str) -> None:
    """Do what `damselfly store roles` says, and turn authentication on."""
    command = ["python3", "-m", "damselfly", "store", "roles", "--store", url]
    command[0] = str(Path(".venv/bin/python").absolute())
    for host in hosts:
        command += ["--host", host]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in said.splitlines():
        program, *arguments = line.split()
        assert program == "etcdctl"
        cluster.ctl(*arguments)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    directory = tmp_path_factory.mktemp("guarded")
    authority = Authority(directory)
    plain = Cluster(directory)  # For a free address.
    address = plain.addresses[0]
    certificate, key = authority.sign("server", [address])
    root, root_key = authority.sign("root")
    cluster = Cluster(
        directory,
        options=[
            *("--cert-file", str(certificate), "--key-file", str(key)),
            *("--client-cert-auth", "--trusted-ca-file", str(authority.certificate)),
        ],
        addresses=[address],
        client=[f"--cacert={authority.certificate}", f"--cert={root}", f"--key={root_key}"],
    )
    with cluster:
        made = Guarded(cluster, authority)
        grant(cluster, made.url("root"), "h1", "h2")
        cluster.ctl("user", "add", "root", "--no-password")
        cluster.ctl("user", "grant-role", "root", "root")
        cluster.ctl("auth", "enable")
        yield made


@pytest.fixture
async def writer(guarded: Guarded) -> AsyncIterator[Store]:
    store = open_store(guarded.url("damselfly-writer"))
    yield store
    await store.close()


@pytest.fixture
async def agent(guarded: Guarded) -> AsyncIterator[Store]:
    store = open_store(guarded.url("damselfly-agent-h1"))
    yield store
    await store.close()


async def test_an_agent_reads_and_follows_the_policy_and_writes_its_own_status(
    writer: Store, agent: Store
) -> None:
    revision = await writer.commit([Change("/port/a", b"1")])
    assert (await agent.read(["/port/"])).objects["/port/a"] == b"1"
    commits = agent.watch(revision, ["/port/"])
    large = [Change(f"/port/{number}", b"x") for number in range(300)]
    await writer.commit(large)
    assert set((await anext(commits)).changes) == set(large)
    await agent.commit([Change("/status/agent/h1", b"{}")])
    await agent.hold("h1", b"me")
    await agent.hold("h1", b"me")
    assert dict(await writer.holders()) == {"h1": b"me"}
    assert (await writer.read(["/status/"])).objects == {"/status/agent/h1": b"{}"}


@pytest.mark.parametrize(
    "key", ["/port/a", "/rule/web/1", "/status/agent/h2", "/status/agent/h1x", "/status/"]
)
async def test_an_agent_may_write_nothing_else(writer: Store, agent: Store, key: str) -> None:
    await writer.commit([Change("/port/a", b"1")])
    for value in (b"evil", None):
        with pytest.raises(StoreError, match="does not permit"):
            await agent.commit([Change(key, value)])
    with pytest.raises(StoreError, match="does not permit"):
        await agent.commit([Change(f"/port/{number}", b"evil") for number in range(300)])
    with pytest.raises(StoreError, match="does not permit"):
        await agent.hold("h2", b"evil")
    assert b"evil" not in (await writer.read()).objects.values()


async def test_nobody_gets_in_without_a_certificate_or_with_one_of_others(
    guarded: Guarded, tmp_path: Path
) -> None:
    strangers = Authority(tmp_path)
    certificate, key = strangers.sign("damselfly-writer")
    known = f"{guarded.cluster.url}/cloud?timeout=1&ca="
    for url in (
        f"{guarded.cluster.url}/cloud?timeout=1",
        f"{known}{guarded.authority.certificate}",
        f"{known}{guarded.authority.certificate}&cert={certificate}&key={key}",
        f"{known}{strangers.certificate}",
    ):
        store = open_store(url)
        with pytest.raises(StoreError):
            await store.read()
        await store.close()


async def test_a_certificate_of_no_user_may_nothing(guarded: Guarded) -> None:
    store = open_store(guarded.url("nobody"))
    with pytest.raises(StoreError):
        await store.read()
    await store.close()


async def test_certificates_that_are_not_there_are_named(guarded: Guarded) -> None:
    store = open_store(f"{guarded.cluster.url}?ca=/nowhere/ca.crt")
    with pytest.raises(StoreError, match=r"/nowhere/ca\.crt: No such file"):
        await store.read()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A server that asks for passwords."""
    options = ["--bcrypt-cost", "4"]
    with Cluster(tmp_path_factory.mktemp("locked"), options=options) as cluster:
        cluster.ctl("user", "add", "root:secret")
        cluster.ctl("user", "grant-role", "root", "root")
        grant(cluster, cluster.url, "h1")
        cluster.ctl("user", "add", "amy:pass:word/@")
        cluster.ctl("user", "grant-role", "amy", "damselfly-writer")
        cluster.ctl("auth", "enable")
        cluster.client = ["--user=root:secret"]
        yield cluster


async def test_a_user_proves_who_it_is_by_password(locked: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("pass:word/@\n")
    server = locked.addresses[0]
    for url in (
        f"etcd://amy:pass%3Aword%2F%40@{server}/damselfly",
        f"etcd://amy@{server}/damselfly?password-file={file}",
        f"etcd://{server}/damselfly?user=amy&password-file={file}",
    ):
        store = open_store(url)
        await store.commit([Change("/port/a", url.encode())])
        assert dict((await store.read()).objects) == {"/port/a": url.encode()}
        await store.close()


@pytest.mark.parametrize(
    ("who", "said"),
    [("amy:wrong@", "authentication failed"), ("bob:x@", "authentication failed"), ("", "who we")],
)
async def test_whoever_cannot_is_told_so(locked: Cluster, who: str, said: str) -> None:
    store = open_store(f"etcd://{who}{locked.addresses[0]}/damselfly")
    with pytest.raises(StoreError, match=said):
        await store.read()
    await store.close()


async def test_who_we_are_is_proved_anew_when_etcd_has_forgotten_it(locked: Cluster) -> None:
    url = f"etcd://amy:pass%3Aword%2F%40@{locked.addresses[0]}/damselfly"
    store = EtcdStore(Place.at(url))
    revision = await store.commit([Change("/port/a", b"1")])
    commits = store.watch(revision)
    # Every change of users makes etcd refuse what was proved before.
    locked.ctl("user", "add", "carl:x")
    await store.commit([Change("/port/a", b"2")])
    assert (await anext(commits)).changes == (Change("/port/a", b"2"),)
    locked.kill(0)
    locked.start(0)
    await store.commit([Change("/port/a", b"3")], {"/port/a": b"2"})
    await store.hold("h1", b"me")
    await store.close()
    assert "word/" not in str(Place.at(url)) + repr(Place.at(url))
