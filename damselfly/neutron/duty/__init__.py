"""What one process of a cloud does for all: agents, the status of ports, repair.

Whoever holds the lease is on duty.  Two at once do no harm: everything here may be done twice.
"""
