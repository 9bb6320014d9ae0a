"""The mechanism driver's parts that know no Neutron; what needs one is in ``tests/neutron``."""
