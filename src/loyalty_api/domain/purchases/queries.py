"""Reads of purchases: one, a filtered page, and what each earned for a history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import exists, select

from loyalty_api.domain.purchases.model import purchases, returns
from loyalty_api.domain.purchases.refusals import PurchaseNotFound
from loyalty_api.kernel.clock import END_OF_TIME
from loyalty_api.kernel.database import Connection, fetch
from loyalty_api.kernel.paging import Page, page_key


class PurchaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; None: any. ``occurred_from`` is included, ``occurred_to`` is not."""

    member_ids: Collection[UUID] | None = None
    store: str | None = None
    source: str | None = None
    reference: str | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None


# Something of it is still bought: it was not voided, nor did all of its money come back.
_STANDS = """
NOT EXISTS (
  SELECT FROM returns r WHERE r.member_id = p.member_id AND r.purchase_id = p.purchase_id AND r.recorded_at <= $2
  HAVING bool_or(r.kind = 'void') OR p.total_minor > 0 AND sum(r.amount_minor) = p.total_minor
)"""
_VOIDED = exists().where(
    returns.c.member_id == purchases.c.member_id,
    returns.c.purchase_id == purchases.c.purchase_id,
    returns.c.kind == "void",
)
_RETURNS = """
SELECT purchase_id, return_id, kind, reference, source, occurred_at, amount_minor, points_taken, points_given
FROM returns WHERE member_id = ANY($1::uuid[]) AND purchase_id = ANY($2::uuid[]) ORDER BY return_id
"""
_SHOWN = [*(column for column in purchases.c if column.name not in ("answer", "actor")), _VOIDED.label("voided")]


async def read_purchase(connection: Connection, *, program_id: UUID, purchase_id: UUID) -> asyncpg.Record:
    """One purchase. Refuses: PurchaseNotFound (also when it belongs to another program)."""
    rows = await fetch(
        connection,
        select(*_SHOWN).where(purchases.c.program_id == program_id, purchases.c.purchase_id == purchase_id),
    )
    if not rows:
        raise PurchaseNotFound(f"There is no purchase {purchase_id} in this program.")
    return rows[0]


async def list_purchases(
    connection: Connection, *, program_id: UUID, wanted: PurchaseFilter, page: Page
) -> list[asyncpg.Record]:
    """Purchases, latest recorded first; one more than the page when there are more."""
    conditions = [purchases.c.program_id == program_id]
    if wanted.member_ids is not None:
        conditions.append(purchases.c.member_id.in_(wanted.member_ids))
    for name in ("store", "source", "reference"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(purchases.c[name] == value)
    if wanted.occurred_from is not None:
        conditions.append(purchases.c.occurred_at >= wanted.occurred_from)
    if wanted.occurred_to is not None:
        conditions.append(purchases.c.occurred_at < wanted.occurred_to)
    before = page_key(page, UUID)
    if before is not None:
        conditions.append(purchases.c.purchase_id < before)
    statement = select(*_SHOWN).where(*conditions).order_by(purchases.c.purchase_id.desc()).limit(page.limit + 1)
    return await fetch(connection, statement)


async def earnings_of(
    connection: Connection, *, member_ids: Collection[UUID], purchase_ids: Collection[UUID]
) -> dict[UUID, asyncpg.Record]:
    """Reference and earnings of some purchases of these members."""
    rows = await connection.fetch(
        "SELECT purchase_id, reference, earnings FROM purchases"
        " WHERE member_id = ANY($1::uuid[]) AND purchase_id = ANY($2::uuid[])",
        list(member_ids),
        list(purchase_ids),
    )
    return {row["purchase_id"]: row for row in rows}


async def last_purchase_at(connection: Connection, *, member_id: UUID, recorded_by: datetime) -> datetime | None:
    """When the latest of the member's purchases occurred that were recorded by an instant and not all taken back by
    then; None: there was none."""
    return await connection.fetchval(
        f"SELECT max(p.occurred_at) FROM purchases p WHERE p.member_id = $1 AND p.recorded_at <= $2 AND {_STANDS}",
        *(member_id, recorded_by),
    )


async def last_other_purchase_at(connection: Connection, *, member_id: UUID, purchase_id: UUID) -> datetime | None:
    """When the latest of the member's other purchases occurred of which something stands; None: there is none."""
    return await connection.fetchval(
        f"SELECT max(p.occurred_at) FROM purchases p WHERE p.member_id = $1 AND p.purchase_id <> $3 AND {_STANDS}",
        *(member_id, END_OF_TIME, purchase_id),
    )


async def returns_by_purchase(
    connection: Connection, purchases: Collection[asyncpg.Record]
) -> dict[UUID, list[asyncpg.Record]]:
    """The returns of some purchases, by purchase, oldest first."""
    found: dict[UUID, list[asyncpg.Record]] = {row["purchase_id"]: [] for row in purchases}
    if found:
        members = list({row["member_id"] for row in purchases})
        for row in await connection.fetch(_RETURNS, members, list(found)):
            found[row["purchase_id"]].append(row)
    return found


async def dry_run_totals(connection: Connection, *, program_id: UUID, now: datetime) -> list[asyncpg.Record]:
    """(rule, purchases, points) of every dry-run rule that would have given points, by code, for the purchases that
    were not all taken back by ``now``, the program's present."""
    return await connection.fetch(
        "SELECT e->>'rule' AS rule, count(*) AS purchases, sum((e->>'points')::bigint)::bigint AS points"
        " FROM purchases p, json_array_elements(p.dry_runs) AS e"
        f" WHERE p.program_id = $1 AND p.dry_runs IS NOT NULL AND {_STANDS} GROUP BY 1 ORDER BY 1",
        *(program_id, now),
    )
