"""How the agent logs."""

from __future__ import annotations

import json
import logging

from damselfly.agent.reporting.logs import LINES, WINDOW, Bounded, JsonLines, Lines


def record(line: int = 1, message: str = "port %s is closed", *args: object) -> logging.LogRecord:
    return logging.LogRecord("damselfly.x", logging.WARNING, "x.py", line, message, args, None)


def test_a_message_that_repeats_is_let_through_only_so_often() -> None:
    bounded = Bounded(now=lambda: 0.0)
    through = [bounded.filter(record(1, "port %s is closed", n)) for n in range(LINES + 50)]
    assert sum(through) == LINES


def test_one_kind_of_message_does_not_silence_another() -> None:
    bounded = Bounded(now=lambda: 0.0)
    for _ in range(LINES + 1):
        bounded.filter(record(1))
    assert not bounded.filter(record(1))
    assert bounded.filter(record(2))


def test_what_was_not_logged_is_told_by_number_later() -> None:
    now = 0.0
    bounded = Bounded(now=lambda: now)
    for n in range(LINES + 7):
        bounded.filter(record(1, "port %s is closed", n))
    now = WINDOW
    later = record(1, "port %s is closed", "p1")
    assert bounded.filter(later)
    assert later.getMessage() == "port p1 is closed (7 more like this were not logged)"


def test_kinds_without_end_take_no_memory_without_end() -> None:
    bounded = Bounded(now=lambda: 0.0)
    assert sum(bounded.filter(record(line)) for line in range(10_000)) < 2_000


def test_a_line_for_programs_is_one_object() -> None:
    said = json.loads(JsonLines().format(record(1, "a\nb %s", "c")))
    assert said["message"] == "a\nb c"
    assert said["level"] == "warning"
    assert said["logger"] == "damselfly.x"
    assert said["time"].endswith("+00:00")


def test_no_password_is_logged() -> None:
    told = record(1, "store %s is gone", "etcd://agent:secret@host/x")
    for form in (Lines("%(message)s"), JsonLines()):
        assert "etcd://agent:***@host/x" in form.format(told)
        assert "secret" not in form.format(told)
