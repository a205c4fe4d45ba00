"""Operations: what the worker and the proof of the ledger last did."""

import sqlalchemy as sa

from loyalty_api.kernel.schema import grant, reference_table

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Two new tables of a few rows each. Old code knows neither."""
    reference_table(
        "job_runs",
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ok", sa.Boolean, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("found", sa.BigInteger),
        sa.PrimaryKeyConstraint("job", name="job_runs_pkey"),
    )
    grant("job_runs", "SELECT, INSERT, UPDATE")
    reference_table(
        "job_counts",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="job_counts_pkey"),
    )
    grant("job_counts", "SELECT, INSERT, UPDATE")
