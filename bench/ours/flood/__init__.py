"""One VM floods: what its neighbours and a client of its victim notice, with and without a filter.

``crowd`` builds the machines, ``load`` is the flood, ``probe`` measures single packets, ``compare``
makes the table.
"""
