"""Fuzzing: what comes from outside is mutated without end, and nothing but our own errors may come.

``python -m tools.fuzz frame --inputs 5000000``.  The kept corpus lies in ``tests/fuzz/corpus``.
Knows the product's parsers; no switch, no store and no network.
"""
