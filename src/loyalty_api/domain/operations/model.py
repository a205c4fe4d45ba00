"""When each job ran last and what came of it, and how much all runs did together."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Table, Text

from loyalty_api.kernel.database import metadata

job_runs = Table(
    "job_runs",
    metadata,
    Column("job", Text, primary_key=True),
    Column("ran_at", DateTime(timezone=True), nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    # What a proof found to be broken.
    Column("found", BigInteger),
)

job_counts = Table(
    "job_counts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
