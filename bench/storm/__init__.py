"""Many live connections at once, while the policy changes under them; every message is counted.

In here: the connections (:mod:`crowd`) and the measurement (:mod:`crossing`).  Must stay out: what
the policy should be, which tests say for themselves.
"""
