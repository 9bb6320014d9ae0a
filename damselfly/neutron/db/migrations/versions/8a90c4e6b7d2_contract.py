"""Begin the branch of changes that need Neutron to be stopped; there are none yet."""

from __future__ import annotations

revision = "8a90c4e6b7d2"
down_revision = None
branch_labels = ("contract",)


def upgrade() -> None:
    """Change nothing."""
