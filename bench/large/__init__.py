"""Large policies: what they cost to take up, what a change in them costs, and how both grow.

In here: policies that are made up, a host for them, and its measurements.  Must stay out: traffic,
which is :mod:`bench.storm`'s.
"""
