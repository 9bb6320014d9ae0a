"""What is wanted: addresses, ports, groups, networks and one consistent view of them.

Plain immutable values.  No I/O, no clock, no log, no knowledge of switches, stores or flows.
"""
