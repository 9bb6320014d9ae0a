"""What it costs that Neutron stands before the store: from a call of its API to the switch.

Everything is measured on a real Neutron in the lab; what Neutron takes by itself is measured on the
same server with its ``logger`` driver in our place, and stands apart.
"""
