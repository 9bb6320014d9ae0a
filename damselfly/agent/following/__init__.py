"""Following the store as one of many hosts: under a name of one's own, and only what concerns it.

What of the policy that is, is decided in ``northbound.selection``; when to ask for it, here.
"""
