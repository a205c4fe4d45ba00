"""Projecting events: a batch at a time, in one transaction with the cursor that says how far it got.

So each event counts once, whoever projects and whenever one is cut off; two at once wait for each other. In which
order events of different members come, and how late, makes no difference to what is kept, marks of restated days apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_api.domain.feed.cursors import hold_cursor, move_cursor
from loyalty_api.domain.feed.facts import Fact, facts_of, read_rows
from loyalty_api.domain.points.fold_lots import fold_lots
from loyalty_api.domain.purchases.events import RETURNED, VOIDED
from loyalty_api.insights.fold import fold
from loyalty_api.insights.fold_members import TierMove
from loyalty_api.insights.fold_points import Expiry, Notice
from loyalty_api.insights.measures import MEASURES, PURCHASES, SALES
from loyalty_api.insights.read_changes import note_days, read_changes
from loyalty_api.insights.read_people import read_people
from loyalty_api.insights.state import Key, Person, Receipt, State
from loyalty_api.insights.write_counts import write_counts
from loyalty_api.insights.write_groups import write_groups
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.garbage import cycles_left_for_later
from loyalty_api.kernel.together import columns

SUBSCRIBER = "insight"
BATCH = 5000

_NAMES = ", ".join(MEASURES)
_ADDED = ", ".join(f"{name} = t.{name} + EXCLUDED.{name}" for name in MEASURES)
_RECEIPTS = f"""
SELECT {", ".join(f"r.{name}" for name in Receipt.__struct_fields__)}
FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[]) AS u (member_id, purchase_id)) AS u
JOIN insight_receipts r USING (member_id, purchase_id)
ORDER BY r.entry_id <> r.purchase_id
"""


def _upsert(table: str, names: Sequence[str], types: Sequence[str], tail: str) -> str:
    arguments = ", ".join(f"${number}::{each}[]" for number, each in enumerate(types, 1))
    return f"INSERT INTO {table} AS t ({', '.join(names)}) SELECT * FROM unnest({arguments}) {tail}"


def _replaced(key: Sequence[str], names: Sequence[str]) -> str:
    changed = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in key)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"


_COUNTS = ("bigint",) * len(MEASURES)
_WRITE_PEOPLE = _upsert(
    "insight_members",
    Person.__struct_fields__,
    (
        "uuid",
        "uuid",
        "text",
        "uuid",
        "date",
        "text",
        "text",
        "date",
        "date",
        "date",
        "bigint",
        "bigint",
        "bytea",
        "bytea",
        "boolean",
    ),
    _replaced(["member_id"], Person.__struct_fields__),
)
_WRITE_RECEIPTS = _upsert(
    "insight_receipts",
    Receipt.__struct_fields__,
    ("uuid", "uuid", "uuid", "uuid", "date", "bigint", "bigint", "text", "text", "boolean"),
    "ON CONFLICT (member_id, purchase_id, entry_id) DO UPDATE SET voided = EXCLUDED.voided",
)
_WRITE_DAYS = _upsert(
    "insight_days",
    ("member_id", "day", "program_id", *MEASURES),
    ("uuid", "date", "uuid", *_COUNTS),
    f"ON CONFLICT (member_id, day) DO UPDATE SET {_ADDED} RETURNING member_id, day, purchases",
)
_WRITE_MONTHS = _upsert(
    "insight_months",
    ("member_id", "month", "program_id", "purchases", "sales_minor"),
    ("uuid", "date", "uuid", "bigint", "bigint"),
    "ON CONFLICT (member_id, month) DO UPDATE SET purchases = t.purchases + EXCLUDED.purchases,"
    " sales_minor = t.sales_minor + EXCLUDED.sales_minor",
)
_WRITE_PROGRAM_DAYS = _upsert(
    "insight_program_days",
    ("program_id", "day", *MEASURES, "restated_at"),
    ("uuid", "date", *_COUNTS, "timestamptz"),
    f"ON CONFLICT (program_id, day) DO UPDATE SET {_ADDED},"
    " restated_at = GREATEST(t.restated_at, EXCLUDED.restated_at)",
)
# Rows that are written as they are told: of a notice the first counts, as they come in their order.
_WRITE_AS_TOLD = {
    "insight_tiers": _upsert(
        "insight_tiers", TierMove._fields, ("uuid", "bigint", "uuid", "date", "text", "text", "text"), ""
    ),
    "insight_notices": _upsert(
        "insight_notices",
        Notice._fields,
        ("uuid", "uuid", "timestamptz", "uuid", "timestamptz"),
        "ON CONFLICT (member_id, lot_id, expires_at) DO NOTHING",
    ),
    "insight_expiries": _upsert(
        "insight_expiries",
        Expiry._fields,
        ("uuid", "bigint", "uuid", "uuid", "bigint", "date", "date", "timestamptz"),
        "",
    ),
}


async def project_events(connection: Connection, *, program_id: UUID, zone: ZoneInfo, limit: int = BATCH) -> int:
    """Takes the next rows of events, at most ``limit``; how many it was. In a transaction."""
    with cycles_left_for_later():
        return await _project(connection, program_id, zone, limit)


async def _project(connection: Connection, program_id: UUID, zone: ZoneInfo, limit: int) -> int:
    behind = await hold_cursor(connection, program_id=program_id, subscriber=SUBSCRIBER)
    rows = await read_rows(connection, program_id=program_id, behind=behind, limit=limit)
    if not rows:
        return 0
    facts = list(facts_of(rows))
    people = await read_people(connection, facts)
    state = State(program_id, zone, people, await _read_receipts(connection, facts))
    fold(state, facts)
    await _write(connection, state)
    changes = await read_changes(connection, state, behind)
    await write_counts(connection, program_id, changes)
    await write_groups(connection, state, changes)
    await fold_lots(connection, program_id=program_id, zone=zone, member_ids={fact.member_id for fact in facts})
    await move_cursor(connection, program_id=program_id, subscriber=SUBSCRIBER, position=rows[-1]["position"])
    return len(rows)


async def _read_receipts(connection: Connection, facts: list[Fact]) -> dict[Key, list[Receipt]]:
    """The receipts, each its purchase first, that returns and voids speak of."""
    keys = {(fact.member_id, fact.data.purchase_id) for fact in facts if fact.kind in (RETURNED, VOIDED)}
    found: dict[Key, list[Receipt]] = {}
    if keys:
        for row in await connection.fetch(_RECEIPTS, *columns(list(keys))):
            receipt = Receipt(*row)
            found.setdefault((receipt.member_id, receipt.purchase_id), []).append(receipt)
    return found


async def _write(connection: Connection, state: State) -> None:
    await _write_days(connection, state)
    writes: list[tuple[str, Sequence[Sequence[Any]]]] = [
        (_WRITE_PEOPLE, state.changed_people()),
        (_WRITE_RECEIPTS, state.changed_receipts()),
        (_WRITE_MONTHS, _months(state)),
        (_WRITE_PROGRAM_DAYS, _program_days(state)),
        *((_WRITE_AS_TOLD[table], rows) for table, rows in state.rows.items()),
    ]
    for sql, rows in writes:
        if rows:
            await connection.execute(sql, *columns(rows))


async def _write_days(connection: Connection, state: State) -> None:
    """And notes with the members on which days they have bought by now."""
    rows = [(*key, state.program_id, *counts) for key, counts in state.days.items()]
    if not rows:
        return
    purchases: dict[UUID, dict[date, int]] = {}
    for member_id, day, count in await connection.fetch(_WRITE_DAYS, *columns(rows)):
        if state.days[member_id, day][PURCHASES]:
            purchases.setdefault(member_id, {})[day] = count
    note_days(state, purchases)


def _months(state: State) -> list[tuple[Any, ...]]:
    months: dict[tuple[UUID, date], list[int]] = {}
    for (member_id, day), counts in state.days.items():
        month = months.setdefault((member_id, day.replace(day=1)), [0, 0])
        month[0] += counts[PURCHASES]
        month[1] += counts[SALES]
    return [(*key, state.program_id, *counts) for key, counts in months.items()]


def _program_days(state: State) -> list[tuple[Any, ...]]:
    days: dict[date, list[int]] = {day: [0] * len(MEASURES) for day in state.restated}
    for (_, day), counts in state.days.items():
        sums = days.setdefault(day, [0] * len(MEASURES))
        for measure, amount in enumerate(counts):
            sums[measure] += amount
    return [(state.program_id, day, *counts, state.restated.get(day)) for day, counts in days.items()]
