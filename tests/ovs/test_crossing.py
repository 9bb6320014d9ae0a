"""Two thousand live connections across a change: none that is allowed loses anything."""

from __future__ import annotations

import pytest

from bench.storm.crossing import CUT, KEPT, REPLACED, REVOKED, WIDENED, cross
from damselfly.northbound.store import Change

pytestmark = pytest.mark.ovs


@pytest.mark.parametrize("changes", [REVOKED, REPLACED], ids=["revoked", "replaced"])
def test_what_is_allowed_still_loses_nothing_and_the_rest_stops(
    changes: list[Change], capsys: pytest.CaptureFixture[str]
) -> None:
    crossed = cross(changes)
    with capsys.disabled():
        sent = sum(talk.sent for talk in crossed.kept)
        print(f"\n{len(crossed.kept)} kept: {sent} messages, {crossed.lost} lost, ", end="")
        print(f"{crossed.resent} resent; {len(crossed.cut)} cut: ", end="")
        print("{} sent within 0.1 s, {} delivered; ".format(*crossed.soon), end="")
        print("{} sent later, {} delivered".format(*crossed.late))
    assert [talk.number for talk in crossed.kept if not talk.sent] == []
    assert (len(crossed.kept), len(crossed.cut)) == (2 * KEPT, 2 * CUT)
    assert crossed.lost == 0
    sent_late, delivered_late = crossed.late
    assert sent_late > 0
    assert delivered_late == 0


def test_a_rule_more_interrupts_nobody() -> None:
    crossed = cross(WIDENED, cut=0)
    assert len(crossed.kept) == 2 * KEPT
    assert crossed.lost == 0
