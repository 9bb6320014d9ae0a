"""Random packets through flows that a switch holds, run in memory, against what the policy says.

Reads no store and asks no switch; ``verify`` does that.  What the policy says comes from the
specification alone, so that the flows are compared with nothing that they were made from.
"""
