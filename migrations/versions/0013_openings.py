"""Opening balances: points that members bring from an earlier system."""

import sqlalchemy as sa

from loyalty_api.kernel.schema import grant, member_table, row_type

revision = "0013"
down_revision = "0012"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One new table, which the application adds to and never changes."""
    member_table(
        "openings",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("opening_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("earned_at", INSTANT, nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("member_id", "opening_id", name="openings_pkey"),
        sa.CheckConstraint("points > 0", name="openings_points"),
    )
    grant("openings", "SELECT, INSERT")
    row_type(
        "opening_row",
        member_id="uuid",
        opening_id="uuid",
        program_id="uuid",
        source="text",
        reference="text",
        points="bigint",
        earned_at="timestamptz",
        recorded_at="timestamptz",
        transfer_seq="bigint",
        actor="text",
        answer="bytea",
    )
