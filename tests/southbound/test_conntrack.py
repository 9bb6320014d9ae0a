"""The connection tracker's contents, read from ovs-vswitchd's control socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from damselfly.errors import SwitchError, SwitchGone
from damselfly.model.address import IPV4, IPV6, parse_address
from damselfly.model.group import ICMP, ICMPV6, TCP, UDP, UDPLITE
from damselfly.model.packet import Packet
from damselfly.southbound.conntrack import Tracked, parse
from damselfly.southbound.unixctl import ask_vswitchd

ONE, TWO = 0x0A000001, 0x0A000002
ONE6, TWO6 = (parse_address(text)[1] for text in ("fd00::1", "fd00::2"))
RECORDED = {
    "udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=50143,dport=53),"
    "reply=(src=10.0.0.2,dst=10.0.0.1,sport=53,dport=50143),zone=7,timeout=59,mark=5,labels=0x77":
        Tracked(7, Packet(IPV4, UDP, ONE, TWO, 50143, 53), 5, 0x77, "", 59),
    "tcp,orig=(src=fd00::1,dst=fd00::2,sport=39878,dport=80),"
    "reply=(src=fd00::2,dst=fd00::1,sport=80,dport=39878),zone=8,protoinfo=(state=TIME_WAIT)":
        Tracked(8, Packet(IPV6, TCP, ONE6, TWO6, 39878, 80), state="TIME_WAIT"),
    "icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=40,type=8,code=0),"
    "reply=(src=10.0.0.2,dst=10.0.0.1,id=40,type=0,code=0),zone=7,mark=5,labels=0x77":
        Tracked(7, Packet(IPV4, ICMP, ONE, TWO, 8, 0), 5, 0x77),
    "icmpv6,orig=(src=fd00::1,dst=fd00::2,id=1,type=128,code=0),"
    "reply=(src=fd00::2,dst=fd00::1,id=1,type=129,code=0)":
        Tracked(0, Packet(IPV6, ICMPV6, ONE6, TWO6, 128, 0)),
    "47,orig=(src=10.0.0.1,dst=10.0.0.2),reply=(src=10.0.0.2,dst=10.0.0.1),zone=3,mark=9":
        Tracked(3, Packet(IPV4, 47, ONE, TWO), 9),
    "udplite,orig=(src=10.0.0.1,dst=10.0.0.2,sport=0,dport=0),"
    "reply=(src=10.0.0.2,dst=10.0.0.1,sport=0,dport=0),zone=3":
        Tracked(3, Packet(IPV4, UDPLITE, ONE, TWO)),
}  # fmt: skip


@pytest.mark.parametrize("line", RECORDED)
def test_a_line_of_a_dump_is_read(line: str) -> None:
    assert list(parse(line)) == [RECORDED[line]]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "tcp,orig=(),reply=()",
        "tcp,orig=(src=x,dst=y),reply=()",
        "martian,orig=(src=10.0.0.1,dst=10.0.0.2),reply=()",
        "tcp,orig=(src=10.0.0.1,dst=fd00::2,sport=1,dport=2),reply=()",
    ],
)
def test_a_line_that_nobody_knows_is_left_out(line: str) -> None:
    good = next(iter(RECORDED))
    assert list(parse(f"{line}\n{good}\n")) == [RECORDED[good]]


async def answered(rundir: Path, reply: bytes, *, pid: int = 1) -> str:
    """Ask a daemon that gives this answer, byte by byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(await reader.readuntil(b"}"))
        assert (asked["method"], asked["params"]) == ("dpctl/dump-conntrack", ["zone=7"])
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(serve, rundir / f"ovs-vswitchd.{pid}.ctl")
    async with server:
        return await ask_vswitchd(rundir, "dpctl/dump-conntrack", "zone=7")


async def test_an_answer_may_hold_braces_and_come_in_pieces(tmp_path: Path) -> None:
    reply = json.dumps({"result": "{a} {b}}\n", "error": None, "id": 0})
    assert await answered(tmp_path, reply.encode()) == "{a} {b}}\n"


async def test_what_the_daemon_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    reply = json.dumps({"result": None, "error": "no such datapath\n", "id": 0})
    with pytest.raises(SwitchError, match=r"refused dpctl/dump-conntrack: no such datapath$"):
        await answered(tmp_path, reply.encode())


async def test_a_daemon_that_hangs_up_is_gone(tmp_path: Path) -> None:
    with pytest.raises(SwitchGone, match="closed without an answer"):
        await answered(tmp_path, b'{"result": "cut of')


async def test_no_daemon_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(SwitchGone, match="no control socket of ovs-vswitchd in"):
        await ask_vswitchd(tmp_path, "version")


async def test_the_sockets_of_dead_daemons_are_passed_over(tmp_path: Path) -> None:
    for pid in (1, 5):
        server = await asyncio.start_unix_server(
            lambda *_: None, tmp_path / f"ovs-vswitchd.{pid}.ctl"
        )
        server.close()
        (tmp_path / f"ovs-vswitchd.{pid}.ctl").touch()
    (tmp_path / "ovs-vswitchd.pid").write_text("3\n")
    reply = json.dumps({"result": "here", "error": None, "id": 0}).encode()
    assert await answered(tmp_path, reply, pid=3) == "here"
