"""What is fuzzed: each takes bytes from outside and may raise our own errors, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from damselfly.errors import BadInput, DamselflyError
from damselfly.flow.field import FIELDS
from damselfly.flow.text import format_flow
from damselfly.northbound.codec import decode
from damselfly.northbound.manifest import plan, read
from damselfly.northbound.policy_reader import PolicyReader
from damselfly.northbound.status import decode_status
from damselfly.northbound.store import Contents
from damselfly.southbound.frame import MalformedFrame, dissect, parse
from damselfly.southbound.openflow.codec import errors, packet_in, stats
from damselfly.southbound.openflow.codec.wire import Framer, Type

from . import mutation


@dataclass(frozen=True, slots=True)
class Target:
    """One parser, how inputs for it are made, and how many make a recorded run."""

    name: str
    run: Callable[[bytes], object]
    """Raises DamselflyError for bad input; any other exception is a finding."""
    mutate: mutation.Mutate
    inputs: int
    parts: tuple[str, ...]
    """Directories whose code it exercises."""
    blind: float = 0.8
    """How often bytes are changed without an eye to what they mean."""


def frame(data: bytes) -> None:
    """Dissect a frame, and hold the result to what everybody behind it relies on."""
    layers = dissect(data)
    for name, value in layers.fields.items():
        if not 0 <= value <= FIELDS[name].full_mask:
            raise AssertionError(f"{name}={value:#x} does not fit into its field")
    if not 0 <= max(layers.network, layers.transport, layers.fragment) <= len(data):
        raise AssertionError(f"a layer begins behind the frame: {layers}")
    try:
        fields = parse(data)
    except MalformedFrame as fault:
        if not layers.fault:
            raise AssertionError("the strict reading alone finds a fault") from fault
        raise
    if layers.fault or fields != layers.fields:
        raise AssertionError("the strict and the lenient reading differ")


def openflow(data: bytes) -> None:
    """Cut a stream into messages and decode each as the connection does."""
    for whole in Framer().feed(data):
        with suppress(DamselflyError):
            _message(whole)


def _message(whole: bytes) -> None:
    kind = whole[1]
    if kind == Type.ERROR:
        errors.decode_error(whole)
    elif packet_in.is_packet_in(whole):
        paused = packet_in.decode_packet_in(whole)
        with suppress(DamselflyError):
            packet_in.encode_resume(paused, 1)
        with suppress(DamselflyError):
            parse(paused.data)
    else:
        stats.is_last(whole)
        for decoder in (stats.decode_meters, stats.decode_meter_stats, stats.decode_datapath_id):
            with suppress(DamselflyError):
                decoder(whole)
        stats.decode_count(whole)
    if kind == Type.MULTIPART_REPLY:
        for entry in stats.decode_flows(whole):
            format_flow(entry.flow)


def manifest(data: bytes) -> None:
    """Read a policy file and plan what it asks of an empty store; read that back."""
    changes = plan(read([("policy.yaml", data)]), Contents(0, {})).changes
    written = {change.key: change.value for change in changes if change.value is not None}
    reader = PolicyReader(Contents(1, written))
    if reader.unreadable:
        raise AssertionError(f"what was planned cannot be read: {reader.unreadable}")


def objects(data: bytes) -> None:
    """Read stored objects one by one, and all together as a policy."""
    pairs = [line.partition(b"\t") for line in data.split(b"\n")]
    found = {key.decode("utf-8", "replace"): value for key, _, value in pairs}
    for key, value in found.items():
        for reading in (decode, decode_status):
            with suppress(BadInput):
                reading(key, value)
    PolicyReader(Contents(1, found))


_SOUTH, _NORTH = "damselfly/southbound/", "damselfly/northbound/"
TARGETS = {
    target.name: target
    for target in (
        Target("frame", frame, mutation.frame, 5_000_000, (f"{_SOUTH}frame",)),
        Target(
            "openflow", openflow, mutation.openflow, 5_000_000,
            (f"{_SOUTH}openflow/codec", "damselfly/flow/text"),
        ),
        Target("manifest", manifest, mutation.text, 50_000, (f"{_NORTH}manifest",), 0.2),
        Target("objects", objects, mutation.objects, 50_000, (_NORTH,), 0.2),
    )
}  # fmt: skip
