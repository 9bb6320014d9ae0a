"""The OpenStack API on one side, packets on the other; a real Neutron between them."""
