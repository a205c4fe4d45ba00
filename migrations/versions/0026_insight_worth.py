"""What members are worth: the models of each week."""

import sqlalchemy as sa
from alembic import op

from loyalty_api.kernel.schema import grant, reference_table

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """A table of its own, and the way from a survivor to the aliases. Old code goes on: it knows neither."""
    reference_table(
        "insight_fits",
        sa.Column("program_id", sa.Uuid, nullable=False),
        sa.Column("through", sa.Date, nullable=False),
        sa.Column("definition", sa.Integer, nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worth", sa.dialects.postgresql.JSON, nullable=False),
        sa.PrimaryKeyConstraint("program_id", "through", name="insight_fits_pkey"),
    )
    grant("insight_fits", "SELECT, INSERT, UPDATE, DELETE")
    op.create_index(
        "insight_members_merged_into_idx",
        "insight_members",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
