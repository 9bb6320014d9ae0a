"""The OVSDB adapter on a real database and switch."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Callable

import pytest

from damselfly.errors import BadInput, SwitchGone
from damselfly.southbound.bridge import BridgeState
from damselfly.southbound.ovsdb import Ovsdb
from lab.hypervisor import Hypervisor
from lab.vm import VM

pytestmark = pytest.mark.ovs

_macs = itertools.count(1)


def vm(hypervisor: Hypervisor, name: str, port_id: str) -> VM:
    return VM(hypervisor, name, f"02:00:00:00:00:{next(_macs):02x}", port_id=port_id)


@pytest.fixture
async def ovsdb(hypervisor: Hypervisor) -> AsyncIterator[Ovsdb]:
    made = await Ovsdb.connect(hypervisor.ovsdb, "br-int")
    yield made
    await made.close()


async def until(ovsdb: Ovsdb, condition: Callable[[BridgeState], bool]) -> BridgeState:
    async with asyncio.timeout(10):
        async for state in ovsdb.changes():
            if condition(state):
                return state
    raise AssertionError


async def test_it_reads_what_the_bridge_is(ovsdb: Ovsdb) -> None:
    assert ovsdb.state.name == "br-int"
    assert ovsdb.state.datapath_type == "netdev"
    assert ovsdb.state.ovs_version.startswith("3.")
    assert ovsdb.state.interfaces == {}


async def test_a_port_comes_and_goes_and_comes_back(hypervisor: Hypervisor, ovsdb: Ovsdb) -> None:
    machine = await asyncio.to_thread(vm, hypervisor, "one", "port-a")
    state = await until(ovsdb, lambda state: "port-a" in state.interfaces)
    assert state.interfaces["port-a"].name == machine.tap
    assert state.interfaces["port-a"].ofport == machine.ofport
    machine.unplug()
    await until(ovsdb, lambda state: not state.interfaces)
    machine.plug(ofport=42)
    state = await until(ovsdb, lambda state: "port-a" in state.interfaces)
    assert state.interfaces["port-a"].ofport == 42


async def test_a_changed_ofport_or_id_is_news(hypervisor: Hypervisor, ovsdb: Ovsdb) -> None:
    tap = vm(hypervisor, "one", "port-a").tap
    await until(ovsdb, lambda state: "port-a" in state.interfaces)
    hypervisor.vsctl("set", "Interface", tap, "ofport_request=17")
    state = await until(ovsdb, lambda state: state.interfaces["port-a"].ofport == 17)
    hypervisor.vsctl("set", "Interface", tap, "external_ids:iface-id=port-b")
    state = await until(ovsdb, lambda state: "port-b" in state.interfaces)
    assert set(state.interfaces) == {"port-b"}


async def test_duplicates_are_both_closed_until_one_leaves(
    hypervisor: Hypervisor, ovsdb: Ovsdb
) -> None:
    one, two = (vm(hypervisor, name, "same") for name in ("one", "two"))
    state = await until(ovsdb, lambda state: bool(state.duplicates))
    assert state.interfaces == {}
    assert set(state.duplicates["same"]) == {one.tap, two.tap}
    one.unplug()
    state = await until(ovsdb, lambda state: not state.duplicates)
    assert state.interfaces["same"].name == two.tap


async def test_an_interface_that_cannot_open_is_an_error_and_no_port(
    hypervisor: Hypervisor, ovsdb: Ovsdb
) -> None:
    hypervisor.vsctl(
        *("--no-wait", "add-port", "br-int", "nothing"),
        *("--", "set", "Interface", "nothing", "external_ids:iface-id=port-a"),
    )
    state = await until(ovsdb, lambda state: "could not open" in state.errors.get("nothing", ""))
    assert "port-a" not in state.interfaces


async def test_an_interface_of_another_bridge_is_not_ours(
    hypervisor: Hypervisor, ovsdb: Ovsdb
) -> None:
    hypervisor.vsctl("add-br", "br-two", "--", "set", "bridge", "br-two", "datapath_type=netdev")
    machine = vm(hypervisor, "one", "port-a")
    machine.unplug()
    hypervisor.vsctl(
        *("add-port", "br-two", machine.tap),
        *("--", "set", "Interface", machine.tap, "external_ids:iface-id=port-a"),
    )
    vm(hypervisor, "two", "port-b")
    state = await until(ovsdb, lambda state: "port-b" in state.interfaces)
    assert set(state.interfaces) == {"port-b"}


async def test_keys_are_written_changed_and_forgotten(hypervisor: Hypervisor, ovsdb: Ovsdb) -> None:
    hypervisor.vsctl("set", "bridge", "br-int", "external_ids:somebody=else")
    await ovsdb.write_keys({"port-a": 1, "0f7c:b": 2})
    assert ovsdb.state.keys == {"port-a": 1, "0f7c:b": 2}
    await ovsdb.write_keys({"port-a": 9, "0f7c:b": None, "never": None})
    assert ovsdb.state.keys == {"port-a": 9}
    text = hypervisor.vsctl("get", "bridge", "br-int", "external_ids")
    assert text.strip() == '{"damselfly-key:port-a"="9", somebody=else}'


async def test_many_writers_lose_nothing(ovsdb: Ovsdb) -> None:
    await asyncio.gather(*(ovsdb.write_keys({f"p{n}": n}) for n in range(50)))
    assert ovsdb.state.keys == {f"p{n}": n for n in range(50)}


async def test_a_restarted_database_is_found_again(hypervisor: Hypervisor, ovsdb: Ovsdb) -> None:
    vm(hypervisor, "one", "port-a")
    before = await until(ovsdb, lambda state: "port-a" in state.interfaces)
    hypervisor.database.stop()
    await asyncio.sleep(0.1)
    assert ovsdb.state == before
    write = asyncio.create_task(ovsdb.write_keys({"port-a": 3}))
    await asyncio.sleep(0.1)
    hypervisor.start_database()
    await write
    assert ovsdb.state.keys == {"port-a": 3}
    vm(hypervisor, "two", "port-b")
    await until(ovsdb, lambda state: set(state.interfaces) == {"port-a", "port-b"})


async def test_a_write_that_nobody_confirms_fails(hypervisor: Hypervisor) -> None:
    ovsdb = await Ovsdb.connect(hypervisor.ovsdb, "br-int", patience=0.3)
    hypervisor.database.stop()
    with pytest.raises(SwitchGone, match="did not confirm"):
        await ovsdb.write_keys({"port-a": 3})
    await ovsdb.close()


async def test_a_deleted_bridge_ends_the_changes(hypervisor: Hypervisor, ovsdb: Ovsdb) -> None:
    hypervisor.vsctl("del-br", "br-int")
    with pytest.raises(SwitchGone, match="no bridge br-int"):
        await until(ovsdb, lambda _: False)


async def test_no_such_bridge_is_said_in_one_sentence(hypervisor: Hypervisor) -> None:
    with pytest.raises(SwitchGone, match="has no bridge br-ex"):
        await Ovsdb.connect(hypervisor.ovsdb, "br-ex")


async def test_no_database_is_said_in_one_sentence() -> None:
    with pytest.raises(SwitchGone, match="no OVSDB at /nowhere"):
        await Ovsdb.connect("unix:/nowhere/db.sock", "br-int")
    with pytest.raises(SwitchGone, match="does not answer"):
        await Ovsdb.connect("tcp:127.0.0.1:9", "br-int")


async def test_no_permission_is_said_in_one_sentence(hypervisor: Hypervisor) -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(SwitchGone, match="no permission"):
            await Ovsdb.connect(hypervisor.ovsdb, "br-int")
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("remote", ["", "unix:", "/run/db.sock", "tcp:6640", "ssl:1.2.3.4:5"])
async def test_a_misspelt_remote_is_bad_input(remote: str) -> None:
    with pytest.raises(BadInput, match="give unix:PATH or tcp:HOST:PORT"):
        await Ovsdb.connect(remote, "br-int")


async def test_a_database_that_says_nothing_is_given_up() -> None:
    server = await asyncio.start_unix_server(lambda _reader, _writer: None, "/run/lab/silent")
    with pytest.raises(SwitchGone, match="does not say what is in it"):
        await Ovsdb.connect("unix:/run/lab/silent", "br-int", patience=0.2)
    server.close()


async def test_an_interface_with_a_huge_mtu_is_named_and_is_no_port(
    hypervisor: Hypervisor, ovsdb: Ovsdb
) -> None:
    machine = await asyncio.to_thread(vm, hypervisor, "huge", "port-a")
    await until(ovsdb, lambda state: "port-a" in state.interfaces)
    hypervisor.namespace.ip(f"link set {machine.tap} mtu 65535")
    state = await until(ovsdb, lambda state: "port-a" not in state.interfaces)
    assert "65535" in state.errors[machine.tap]
