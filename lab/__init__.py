"""A laboratory for tests, demo and bench: hypervisors, VMs and traffic on one machine.

What is here touches the machine as root, and therefore runs inside a sandbox only.  Nothing here is
shipped, and nothing here knows Damselfly: the lab must be able to show that Damselfly is wrong.
"""
