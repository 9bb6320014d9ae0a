"""What a packet pays for being filtered: one policy for two machines, enforced in several ways.

One module a variant; each has an Open vSwitch of its own.  ``compare`` measures them in turns.
"""
