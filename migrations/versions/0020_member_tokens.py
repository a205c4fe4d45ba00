"""Members who sign in: what their tokens hang on, until it is revoked."""

import sqlalchemy as sa

from loyalty_api.kernel.schema import grant, member_table

revision = "0020"
down_revision = "0017"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One new table. Rows are renewed and revoked, never removed."""
    member_table(
        "token_grants",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("grant_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("granted_by", sa.Text, nullable=False),
        sa.Column("renewed_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.PrimaryKeyConstraint("member_id", "grant_id", name="token_grants_pkey"),
    )
    grant("token_grants", "SELECT, INSERT, UPDATE")
