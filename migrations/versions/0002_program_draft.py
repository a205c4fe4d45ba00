"""The shared draft of a program."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from loyalty_api.kernel.schema import grant, reference_table

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The shared draft of a program."""
    reference_table(
        "program_drafts",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("writes", sa.Integer, nullable=False),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("document", JSON),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="program_drafts_pkey"),
    )
    grant("program_drafts", "SELECT, INSERT, UPDATE")
