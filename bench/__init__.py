"""Measurements: every figure that the documents give comes from here.

Ratios are formed within one round, where all variants ran one after another on the same machine,
and reported as the median of the rounds with the lowest and the highest.  Runs inside the lab's
sandbox.  Nothing here is shipped, and no test asserts a time.
"""
