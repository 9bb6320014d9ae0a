"""etcd's messages, and where etcd is: bytes and URLs."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.errors import BadInput, StoreError
from damselfly.northbound.etcd import Place
from damselfly.northbound.etcd.layout import Record
from damselfly.northbound.etcd.rpc import answers, wire
from damselfly.northbound.opening import open_store

FIELDS = st.lists(
    st.tuples(
        st.integers(1, 2**29 - 1), st.integers(1, 2**64 - 1) | st.binary(min_size=1, max_size=300)
    )
)


def written(fields: list[tuple[int, int | bytes]]) -> bytes:
    return b"".join(
        wire.number(field, value) if isinstance(value, int) else wire.data(field, value)
        for field, value in fields
    )


@given(FIELDS)
def test_what_is_written_is_read_back(fields: list[tuple[int, int | bytes]]) -> None:
    assert list(wire.fields(written(fields))) == fields


@given(FIELDS.filter(bool), st.data())
def test_a_message_that_is_cut_short_is_refused_or_shorter(
    fields: list[tuple[int, int | bytes]], data: st.DataObject
) -> None:
    whole = written(fields)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with contextlib.suppress(StoreError):
        assert list(wire.fields(cut)) == fields[: len(list(wire.fields(cut)))]


def test_numbers_are_written_as_the_encoding_says() -> None:
    """The examples of protobuf.dev, "Encoding"."""
    assert wire.number(1, 150) == bytes.fromhex("089601")
    assert wire.data(2, b"testing") == bytes.fromhex("120774657374696e67")
    assert wire.number(1, 0) == wire.data(1, b"") == b""


@given(st.binary(max_size=60))
def test_no_answer_whatsoever_does_worse_than_be_refused(message: bytes) -> None:
    for read in (answers.found, answers.done, answers.news, answers.lease):
        try:
            read(message)
        except StoreError:
            continue


@pytest.mark.parametrize(
    ("url", "servers", "prefix", "tls"),
    [
        ("etcd://h1", ("h1:2379",), "damselfly", False),
        ("etcd://h1:1,h2,[::1]:3,[fe80::1]/a/b/", ("h1:1", "h2:2379", "[::1]:3", "[fe80::1]:2379"),
         "a/b", False),
        ("etcd://h1?ca=/ca.crt", ("h1:2379",), "damselfly", True),
        ("etcd://h1/x?tls=yes", ("h1:2379",), "x", True),
        ("etcd://amy:p%40@h1/x?timeout=0.5", ("h1:2379",), "x", False),
    ],
)  # fmt: skip
def test_urls_say_where_etcd_is(url: str, servers: tuple[str, ...], prefix: str, tls: bool) -> None:
    place = Place.at(url)
    assert (place.servers, place.prefix, place.tls) == (servers, prefix, tls)


@pytest.mark.parametrize(
    "url",
    [
        "etcd://", "etcd:///x", "etcd://h1,", "etcd://h1:x", "etcd://h1:0", "etcd://h1:99999",
        "etcd://h1?cert=/c", "etcd://h1?key=/k", "etcd://h1?caa=/c", "etcd://h1?timeout=0",
        "etcd://h1?timeout=soon", "etcd://h1?tls=maybe", "etcd://:9",
    ],
)  # fmt: skip
def test_urls_that_say_something_else_are_refused(url: str) -> None:
    with pytest.raises(BadInput):
        open_store(url)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"v":2}', b'{"v":1,"id":"a"}', b"\xff"])
def test_a_record_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(StoreError):
        Record.decode(data)


def test_a_record_knows_those_just_before_it() -> None:
    record = Record("0")
    for number in range(1, 40):
        record = Record.decode(record.before(str(number), ("/port/a",)).encode())
    assert (record.id, record.keys) == ("39", ("/port/a",))
    assert record.follows("39")
    assert record.follows("30")
    assert not record.follows("0")


def test_without_the_library_an_etcd_url_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['grpc'] = None\n"
        "sys.argv = ['damselfly', 'store', 'roles', '--store', 'etcd://h1']\n"
        "from damselfly.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install 'damselfly[etcd]'" in done.stderr
