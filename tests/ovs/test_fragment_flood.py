"""One VM sends halves of datagrams as fast as it can; its neighbour's big datagrams arrive."""

from __future__ import annotations

import asyncio
import re
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from damselfly.southbound.reassembly import MOST, Reassembly, reassembly
from lab.frames import Frames
from tests.ovs.site import Site, port, vm
from tests.scenarios.frames import checksum

pytestmark = pytest.mark.ovs

SECONDS = 16
"""Longer than the tracker keeps a fragment, so that no more would wait if it went on."""
AT_ONCE, PAUSE = 20, 0.005


def halves() -> list[bytes]:
    """Return first and later fragments of as many datagrams: nothing ever completes one."""
    ethernet = bytes.fromhex("0200000000020200000000010800")
    found = []
    for number in range(0x10000):
        place = 0x2000 | (175 if number % 2 else 0)
        ends = bytes((10, 0, 0, 1, 10, 0, 0, 2))
        head = struct.pack("!BBHHHBBH", 0x45, 0, 1420, number, place, 64, 17, 0) + ends
        found.append(ethernet + head[:10] + checksum(head).to_bytes(2) + head[12:] + bytes(1400))
    return found


@contextmanager
def flood(site: Site) -> Iterator[list[int]]:
    """Let VM 1 send halves meanwhile; the list tells how many."""
    sent, over = [0], threading.Event()

    def send(wire: Frames) -> None:
        pieces = halves()
        while not over.wait(PAUSE):
            wire.send(*(pieces[(sent[0] + n) % len(pieces)] for n in range(AT_ONCE)))
            sent[0] += AT_ONCE

    with Frames(site.one) as wire:
        thread = threading.Thread(target=send, args=(wire,))
        thread.start()
        try:
            yield sent
        finally:
            over.set()
            thread.join()


def tracker(site: Site) -> Reassembly:
    return asyncio.run(reassembly(site.hypervisor.rundir))


def test_a_neighbours_big_datagrams_pass_while_a_vm_floods_fragments(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    neighbour = vm(site.hypervisor, 3)
    site.apply(port(3))
    assert tracker(site).most == MOST, "the agent asks for as many as can be"
    neighbour.run(["ping", "-c3", "-i0.1", "-s4000", site.two.ipv4], check=False)
    waiting = []
    with flood(site) as sent:
        ping = neighbour.popen(
            ["ping", f"-c{SECONDS * 10}", "-i0.1", "-s4000", "-W1", site.two.ipv4]
        )
        while ping.poll() is None:
            waiting.append(tracker(site).waiting)
            time.sleep(0.2)
        output, _ = ping.communicate()
    found = re.search(r"(\d+) received", output)
    assert found is not None
    with capsys.disabled():
        print(f"\n{sent[0]} halves sent, {max(waiting)} of {MOST} waited; ", end="")
        print(f"{found[1]} of {SECONDS * 10} big datagrams answered")
    assert sent[0] > 2 * MOST, "a flood that the tracker could not hold"
    assert max(waiting) < MOST
    assert int(found[1]) >= 0.9 * SECONDS * 10, output
