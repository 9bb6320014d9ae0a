"""Damselfly: security groups for virtual machines, enforced in Open vSwitch flow tables."""

__version__ = "0.1.0"
