"""What Neutron's API reference promises, read a second time, and held against all that we do.

``evaluator`` is the second reading: it shares no code with Damselfly and imports none of it.
``drawn`` and ``traffic`` draw policies and frames in the form of Neutron's API, ``translated``
hands them to Damselfly by the road that a stored policy takes.
"""
