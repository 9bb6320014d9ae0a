"""Continuous verification: the switch is re-read part by part, and what drifted is mended.

Reads what should be from the enforcement; decides nothing of it.  Connections to the switch, ports
and policy are the reconciler's, which is told where a part cannot be mended by itself.
"""
