"""Merging members: who became an alias of whom; and purchases that were moved from one member to another."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, member_table

revision = "0017"
down_revision = "0016"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """A table of merges, and columns that are empty for nearly everybody. Old code goes on: it merges nobody."""
    op.add_column("members", sa.Column("merged_into", sa.Uuid))
    op.add_column("members", sa.Column("aliases", sa.ARRAY(sa.Uuid)))
    op.add_column("members", sa.Column("survivors", sa.ARRAY(sa.Uuid)))
    op.create_index(
        "members_merged_into_idx", "members", ["merged_into"], postgresql_where=sa.text("merged_into IS NOT NULL")
    )
    op.add_column("reference_claims", sa.Column("moved_from", sa.Uuid))
    grant("reference_claims", "UPDATE (member_id, record_id, moved_from)")
    member_table(
        "merges",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("merge_id", sa.Uuid, nullable=False),
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("alias_id", sa.Uuid, nullable=False),
        sa.Column("points", sa.BigInteger, nullable=False),
        sa.Column("lots", sa.Integer, nullable=False),
        sa.Column("debt", sa.BigInteger, nullable=False),
        sa.Column("merged_at", INSTANT, nullable=False),
        sa.Column("merged_by", sa.Text, nullable=False),
        sa.Column("undone_at", INSTANT),
        sa.Column("undone_by", sa.Text),
        sa.Column("points_returned", sa.BigInteger),
        sa.Column("lots_returned", sa.Integer),
        sa.PrimaryKeyConstraint("member_id", "merge_id", name="merges_pkey"),
        sa.CheckConstraint("points >= 0 AND lots >= 0 AND debt >= 0", name="merges_points"),
        sa.CheckConstraint("(undone_at IS NULL) = (points_returned IS NULL)", name="merges_undone"),
    )
    op.create_index("merges_program_id_idx", "merges", ["program_id", "merge_id"])
    op.create_index("merges_alias_id_idx", "merges", ["alias_id"])
    grant("merges", "SELECT, INSERT, UPDATE")
