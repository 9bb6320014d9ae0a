"""What security groups mean: the specification, how wide a verdict holds, what a change does.

Pure functions of a snapshot.  No I/O, no clock, no flows, no switch.
"""
