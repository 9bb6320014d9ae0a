"""The demonstration for OpenStack: a real Neutron, driven only through its API.

The ``openstack`` client and openstacksdk ask for everything; the lab plays Nova.  What should get
through is read from a table written by hand, and what does is seen on the wire.
"""
