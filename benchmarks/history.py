"""A database with two million purchases: the product's rows, multiplied by set-based SQL.

Every ordinary member has some, a few members have ten thousand each, and the rest have none. Amounts are tiny, so that
nobody's tier moves: the rules then give the same as in an empty database, and only the number of rows differs.
The rows are whole and their sums hold; only the hashes are no chain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import asyncpg

from benchmarks.columns import columns_of
from benchmarks.shop import FIRST_CARD

ENTRIES = 10_000  # of each member who has many
HISTORY_DAYS = 360  # within the window of the tiers
LANES = 2

_SMALL = ("tier_days", "balances", "member_tiers")

# One row per purchase, in the order of time.
_PURCHASES = """
CREATE UNLOGGED TABLE history AS
SELECT member_id, seq, row_number() OVER (ORDER BY at) AS number, at,
       uuidv7(at - clock_timestamp()) AS purchase_id
FROM (
  SELECT c.member_id, seq,
         now() - make_interval(days => $5::int) + interval '1 day' * ($5::int - 1)
           * ((seq - 1 + random()) / CASE WHEN value::bigint < $3 THEN $1::int ELSE $2::int END) AS at
  FROM identifier_claims c
  CROSS JOIN LATERAL generate_series(1, CASE WHEN value::bigint < $3 THEN $1::int ELSE $2::int END) AS seq
  WHERE kind = 'card' AND value::bigint < $4
) AS drawn
ORDER BY at
"""
_WORKED_OUT: dict[str, dict[str, str]] = {
    "purchases": {
        "member_id": "member_id",
        "purchase_id": "purchase_id",
        "reference": "'H-' || lpad(number::text, 12, '0')",
        "occurred_at": "at",
        "recorded_at": "at",
        "transfer_seq": "seq",
    },
    "outbox": {
        "member_id": "member_id",
        "seq": "seq + 1",
        "id": "uuidv7(at - clock_timestamp())",
        "occurred_at": "at",
        "recorded_at": "at",
    },
    "reference_claims": {
        "reference": "'H-' || lpad(number::text, 12, '0')",
        "member_id": "member_id",
        "record_id": "purchase_id",
    },
    "transfers": {
        "member_id": "member_id",
        "seq": "seq",
        "cause_id": "purchase_id",
        "occurred_at": "at",
        "recorded_at": "at",
        "spendable_after": "seq * {points}",
        "hash": "sha256(uuid_send(purchase_id))",
    },
    "lots": {
        "member_id": "member_id",
        "lot_id": "uuidv7(at - clock_timestamp())",
        "transfer_seq": "seq",
        "earned_at": "at",
        "available_at": "at",
        "expires_at": "at + interval '24 months'",
    },
}
_TIER_DAYS = """
INSERT INTO tier_days (member_id, day, program_id, value)
SELECT h.member_id, (at AT TIME ZONE $1)::date, m.program_id, sum($2::bigint)
FROM history h JOIN members m USING (member_id) GROUP BY 1, 2, 3
"""
_BALANCES = """
UPDATE balances b
SET spendable = h.count * $1, lifetime_earned = h.count * $1, transfer_seq = h.count, event_seq = h.count + 1,
    head_hash = t.hash, last_recorded_at = h.last, next_due_at = h.first + interval '24 months'
FROM (SELECT member_id, count(*) AS count, min(at) AS first, max(at) AS last FROM history GROUP BY 1) h
JOIN transfers t ON t.member_id = h.member_id AND t.seq = h.count
WHERE b.member_id = h.member_id
"""
_TIERS = """
UPDATE member_tiers t
SET window_from = (h.last + interval '1 day' - interval '12 months')::date, window_through = h.last::date,
    window_sum = h.count * $1, counted_until = h.last
FROM (SELECT member_id, count(*) AS count, max(at) AS last FROM history GROUP BY 1) h
WHERE t.member_id = h.member_id
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition, c.conname AS constraint,
       pg_get_constraintdef(c.oid) AS constraint_definition
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'p'
WHERE i.indrelid = $1::regclass
"""


class Members(NamedTuple):
    """How many members have how many purchases. Cards are given in this order."""

    ordinary: int
    ordinary_entries: int
    busy: int  # with ENTRIES each; whoever comes behind them has none


class History:
    """The database at ``url``, filled from the one purchase of ``member_id`` in the product's database."""

    def __init__(self, url: str, *, say: Callable[[str], None]) -> None:
        self._url = url
        self._say = say
        self._indexes: list[tuple[str, asyncpg.Record]] = []

    async def write(self, product: asyncpg.Connection, members: Members, *, member_id: UUID) -> None:
        """Writes the rows, without their indexes: to build those then takes a third of the time."""
        left = await product.fetchrow("SELECT points_earned, base_minor FROM purchases WHERE member_id = $1", member_id)
        zone = await product.fetchval("SELECT time_zone FROM programs")
        columns = {
            table: await columns_of(product, table, worked_out, member_id=member_id)
            for table, worked_out in _WORKED_OUT.items()
        }
        inserts = {
            table: f"INSERT INTO {table} ({names}) SELECT {values} FROM history ORDER BY number".replace(
                "{points}", str(left["points_earned"])
            )
            for table, (names, values) in columns.items()
        }
        connection = await asyncpg.connect(self._url)
        try:
            self._say("drawing two million purchases")
            busy_from = FIRST_CARD + members.ordinary
            await connection.execute("SET work_mem = '256MB'")
            await connection.execute(
                _PURCHASES, members.ordinary_entries, ENTRIES, busy_from, busy_from + members.busy, HISTORY_DAYS
            )
            self._say("writing two million purchases")
            for table in (*inserts, "tier_days"):
                await self._drop_indexes(connection, table)
            await self._beside_each_other([_execute(insert) for insert in inserts.values()])
            await connection.execute(_TIER_DAYS, zone, left["base_minor"])
            await connection.execute(_BALANCES, left["points_earned"])
            await connection.execute(_TIERS, left["base_minor"])
            await connection.execute("DROP TABLE history")
            self._say("vacuuming them")
            await self._beside_each_other([_execute(f"VACUUM {table}") for table in (*inserts, *_SMALL)])
        finally:
            await connection.close()

    async def index(self) -> None:
        """Builds the indexes and tells the planner."""
        self._say("building their indexes")
        builds = []
        for table, index in self._indexes:
            constraint = index["constraint"]
            added = f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {index['constraint_definition']}"
            builds.append(_execute(added if constraint else index["definition"]))
        await self._beside_each_other(builds)
        await self._beside_each_other([_execute(f"ANALYZE {table}") for table in (*_WORKED_OUT, *_SMALL)])

    async def _drop_indexes(self, connection: asyncpg.Connection, table: str) -> None:
        for index in await connection.fetch(_INDEXES, table):
            self._indexes.append((table, index))
            constraint = index["constraint"]
            what = f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index['name']}"
            await connection.execute(what)

    async def _beside_each_other(self, works: list[Callable[[asyncpg.Connection], Awaitable[object]]]) -> None:
        waiting = list(reversed(works))

        async def take() -> None:
            connection = await asyncpg.connect(self._url)
            try:
                await connection.execute("SET maintenance_work_mem = '256MB'")
                while waiting:
                    await waiting.pop()(connection)
            finally:
                await connection.close()

        await asyncio.gather(*(take() for _ in range(LANES)))


def _execute(statement: str) -> Callable[[asyncpg.Connection], Awaitable[object]]:
    return lambda connection: connection.execute(statement)
