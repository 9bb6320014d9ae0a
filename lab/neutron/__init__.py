"""A cloud for tests, demo and bench: a real Neutron, its database, and what Nova would do.

Neutron runs in a virtual environment of its own (``tools/install-neutron``), on a MariaDB of its
own, both inside the lab's sandbox: they end with it, and runs beside each other never meet.  What
is tested of Neutron is asked through its API; nothing here knows Damselfly.
"""
