"""What of each resource is known to be in the store."""

from __future__ import annotations

import sqlalchemy as sa
from neutron_lib.db import model_base

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Revision(model_base.BASEV2):
    """One resource, and how far the store has followed it."""

    __tablename__ = "damselfly_revisions"

    resource_type = sa.Column(sa.String(36), primary_key=True)
    resource_uuid = sa.Column(sa.String(36), primary_key=True)
    parent_uuid = sa.Column(sa.String(36), nullable=False, default="", index=True)
    """The group of a rule, the router of an interface."""
    noted = sa.Column(_NUMBER, nullable=False, default=1)
    """Changes so far, each counted in its own transaction."""
    written = sa.Column(_NUMBER, nullable=False, default=0)
    """How many of them the store is known to have."""
    revision_number = sa.Column(_NUMBER, nullable=False, default=-1)
    """Neutron's number of what the store has."""
