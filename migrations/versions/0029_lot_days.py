"""Days of lots: what became of points by when they were earned, so that nobody reads all lots for a figure. And proofs:
which night each program's ledger was proved, and what came of it."""

import sqlalchemy as sa

from loyalty_api.kernel.schema import grant, member_table, reference_table

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Tables of their own, filled by the worker, the lots of before too. Old code knows none of them."""
    reference_table(
        "lot_days",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("issued", "redeemed", "expired", "endless", "owed")
        ),
        sa.Column("ends_on", sa.Date),
        sa.PrimaryKeyConstraint("program_id", "period", "first", "day", name="lot_days_pkey"),
    )
    member_table(
        "folded_members",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("transfer_seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="folded_members_pkey"),
    )
    reference_table(
        "folded_programs",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("after", sa.Uuid, nullable=False),
        sa.Column("all_members", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("program_id", name="folded_programs_pkey"),
    )
    reference_table(
        "program_proofs",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("night", sa.Date, nullable=False),
        sa.Column("holder", sa.Uuid),
        sa.Column("held_until", sa.DateTime(timezone=True)),
        sa.Column("proved_at", sa.DateTime(timezone=True)),
        sa.Column("took_ms", sa.BigInteger),
        sa.Column("findings", sa.BigInteger),
        sa.PrimaryKeyConstraint("program_id", name="program_proofs_pkey"),
    )
    for table in ("lot_days", "folded_members", "folded_programs", "program_proofs"):
        grant(table, "SELECT, INSERT, UPDATE")
