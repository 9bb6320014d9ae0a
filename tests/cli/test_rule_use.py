"""What rules admitted, as agents report it."""

from __future__ import annotations

import time
from dataclasses import replace

from damselfly.northbound.status import RuleUse

from .conftest import Damselfly
from .test_waiting import STATUS, report


def test_rules_are_shown_with_what_they_admitted_on_all_hosts(
    shop: Damselfly, store_url: str
) -> None:
    assert shop("get", "rule", "app-logs", "-o", "json").data["admitted"] is None
    now = time.time()
    report(
        store_url,
        replace(STATUS, host="h1", rules={"app-logs": RuleUse(3, 3, now - 3600)}),
        replace(STATUS, host="h2", rules={"app-logs": RuleUse(2, 0, now - 7200)}),
    )
    rule = shop("get", "rule", "app-logs", "-o", "json").data
    assert (rule["admitted"], rule["last_admitted_at"]) == (5, now - 3600)
    assert shop("get", "rule", "app-from-web-ipv4", "-o", "json").data["admitted"] == 0
    header, *rows = shop("get", "rules", "app").out.splitlines()
    assert ("ADMITTED" in header, "LAST" in header) == (True, True)
    (row,) = [row for row in rows if "app-logs" in row]
    assert row.endswith("5         1 h ago")
