"""Alembic's environment for ``neutron-db-manage --subproject damselfly``."""
