"""The table of the nightly run: through which local date each program's nights have been run."""

from __future__ import annotations

from sqlalchemy import Column, Date, Table, Uuid

from loyalty_api.kernel.database import metadata

program_nights = Table(
    "program_nights",
    metadata,
    Column("program_id", Uuid, primary_key=True),
    Column("through", Date, nullable=False),
)
