"""Make the table of revisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "5d1f0a7c2e31"
down_revision = None
branch_labels = ("expand",)


def upgrade() -> None:
    """Make the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "damselfly_revisions",
        sa.Column("resource_type", sa.String(36), primary_key=True),
        sa.Column("resource_uuid", sa.String(36), primary_key=True),
        sa.Column("parent_uuid", sa.String(36), nullable=False, server_default="", index=True),
        sa.Column("noted", number, nullable=False, server_default="1"),
        sa.Column("written", number, nullable=False, server_default="0"),
        sa.Column("revision_number", number, nullable=False, server_default="-1"),
        mysql_engine="InnoDB",
    )
