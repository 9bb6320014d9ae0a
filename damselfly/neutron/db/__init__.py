"""Neutron's database: what it has, our one table in it, and how that comes there."""
