"""Members over time: their status and how it changed, their consents, and the rights that erasing them needs."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table

revision = "0014"
down_revision = "0013"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two columns, two tables; the application may empty or remove what is personal, and nothing else."""
    op.add_column("members", sa.Column("status", sa.Text))
    op.add_column("members", sa.Column("status_reason", sa.Text))
    member_table(
        "member_statuses",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("change_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "change_id", name="member_statuses_pkey"),
    )
    grant("member_statuses", "SELECT, INSERT")
    grant("member_statuses", "UPDATE (reason)")
    member_table(
        "member_consents",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("consent_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "consent_id", name="member_consents_pkey"),
    )
    grant("member_consents", "SELECT, INSERT, DELETE")
    grant("member_identifiers", "DELETE")
    grant("identifier_claims", "DELETE")
    grant("idempotency_keys", "DELETE")
    grant("engagements", "UPDATE (data)")
    op.create_index("idempotency_keys_subject_id_idx", "idempotency_keys", ["subject_id"])
