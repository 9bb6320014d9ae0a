"""A laboratory: hypervisors, virtual machines and traffic on one machine, for tests, demo and bench.

What is here touches the machine as root, and therefore runs inside a sandbox only.  Nothing here is
shipped, and nothing here knows Damselfly: the lab must be able to show that Damselfly is wrong.
"""
