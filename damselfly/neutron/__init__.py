"""What Neutron says, in our words: the ML2 mechanism driver ``damselfly``.

Runs within Neutron's own processes.  ``translate`` is pure, and ``keeping`` knows no Neutron; only
the rest imports it, so that Damselfly installs and is tested without.  Programs no switch.
"""
