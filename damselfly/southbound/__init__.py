"""Adapters to the switch: the OpenFlow connection, the OVSDB, and a switch in memory for tests.

Knows flows, not security groups; knows nothing of the policy store.
"""
