"""Passwords in the URLs of stores are never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from damselfly.errors import BadInput
from damselfly.northbound.masking import masked
from damselfly.northbound.opening import open_store


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("etcd://agent:secret@h1,h2:2379/prefix", "etcd://agent:***@h1,h2:2379/prefix"),
        ("etcd://:secret@h1", "etcd://:***@h1"),
        ("etcd://agent@h1/a:b@c", "etcd://agent@h1/a:b@c"),
        ("etcd://u:se@cret:x@h1", "etcd://u:***@h1"),
        ("sqlite:////var/lib/a:b@c/policy.db", "sqlite:////var/lib/a:b@c/policy.db"),
        ("no etcd://u:x@h1, nor etcd://u:x@h2", "no etcd://u:***@h1, nor etcd://u:***@h2"),
    ],
)
def test_a_password_is_masked_and_nothing_else(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(
    st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#"), min_size=8
    )
)
def test_no_password_stays(password: str) -> None:
    assert f":{password}@" not in masked(f"etcd://agent:{password}@host/prefix")


@pytest.mark.parametrize("scheme", ["ectd", "postgres", "sqlite", "memory"])
def test_a_url_that_no_driver_serves_is_refused_without_its_password(scheme: str) -> None:
    with pytest.raises(BadInput) as caught:
        open_store(f"{scheme}://agent:secret@host/x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("rest", ["host:0", "host:x", "host/p?no=1", "host/p?tls=maybe"])
def test_an_etcd_url_that_is_wrong_is_refused_without_its_password(rest: str) -> None:
    pytest.importorskip("grpc")
    with pytest.raises(BadInput) as caught:
        open_store(f"etcd://agent:secret@{rest}")
    assert "secret" not in str(caught.value)
