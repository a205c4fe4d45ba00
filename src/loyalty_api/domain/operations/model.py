"""When each job ran last and what came of it, how much all runs did together, and the proof of each program."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Table, Text, Uuid

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

program_proofs = Table(
    "program_proofs",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    # The local day that it was last proved on; of a program that was only seen yet, the day on which it was.
    Column("night", Date, nullable=False),
    # Who proves it, or until when nobody is to try again.
    Column("holder", Uuid),
    Column("held_until", DateTime(timezone=True)),
    Column("proved_at", DateTime(timezone=True)),
    Column("took_ms", BigInteger),
    Column("findings", BigInteger),
)
