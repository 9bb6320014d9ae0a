"""The flow tables: from a view of what this host should enforce to the flows that enforce it.

Pure: tables yield flows as data.  Judging packets is :mod:`damselfly.policy`'s business.
"""
