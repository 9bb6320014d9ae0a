"""``damselfly doctor``: what a host needs, looked at piece by piece, with what to do about each.

Looks only; mends nothing.  Knows of no flow and no rule: that is ``verify``'s and ``explain``'s.
"""
