"""``python -m benchmarks.projection``: how many events a second become figures, and what figures cost to read.

A year of purchases of five lines lies in the feed, in the order of time, each by any of the members: the worst for
whoever adds up by member; and each has its transfer and its lot, which are summed up too. PostgreSQL's fsync is on,
each batch commits to disk. A row of the outbox is told as two events, the purchase and its points; both rates are
given, and the metric is the lower one: of rows.
"""

from __future__ import annotations

import asyncio
import http.client
import random
import statistics
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import click
import msgspec

from benchmarks.purchases import basket
from benchmarks.served import HOST
from benchmarks.shop import FIRST_CARD
from benchmarks.stage import Stage
from loyalty_api.domain.programs.queries import Catalogue, program_ids
from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import periods_between
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.insights.series import Present, read_series
from loyalty_api.kernel.clock import add_months, local_date, monotonic, now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.projector import Projector

WRITTEN = Path(__file__).parents[1] / "build" / "bench-projection.json"
EVENTS_PER_ROW = 2
ROWS, MEMBERS, ROUNDS, DAYS = 100_000, 20_000, 3, 365

# The one purchase that was posted, for any member at any time.
MULTIPLY = """
INSERT INTO outbox (member_id, seq, id, program_id, type, occurred_at, recorded_at, data)
SELECT member_id, 100 + number, gen_random_uuid(), program_id, type, at, at,
       replace(data, purchase_id, gen_random_uuid()::text)::json
FROM (
    SELECT (SELECT array_agg(member_id) FROM members)[1 + floor(random() * $2)::int] AS member_id, number, o.program_id,
           o.type, o.data::text AS data, o.data ->> 'purchase_id' AS purchase_id,
           now() - random() * make_interval(days => $3) AS at
    FROM outbox o CROSS JOIN generate_series(1, $1::int) AS number WHERE o.type = 'purchase.recorded'
) AS drawn
"""
_PLACE = """
UPDATE outbox o SET position = p.position
FROM (SELECT member_id, seq, row_number() OVER (ORDER BY occurred_at, member_id, seq) AS position FROM outbox) AS p
WHERE p.member_id = o.member_id AND p.seq = o.seq
"""
# A transfer and a lot of each, in the order of time.
_LEDGER = (
    """
CREATE TEMP TABLE earned AS
SELECT member_id, program_id, recorded_at,
       1 + row_number() OVER (PARTITION BY member_id ORDER BY recorded_at, seq) AS seq
FROM outbox WHERE type = 'purchase.recorded'
""",
    """
INSERT INTO transfers (member_id, seq, program_id, kind, from_account, to_account, points, cause_kind, cause_id,
                       occurred_at, recorded_at, spendable_after, pending_after, reserved_after, debt_after, hash)
SELECT member_id, seq, program_id, 'earn', 10, 1, 100, 'purchase', gen_random_uuid(), recorded_at, recorded_at,
       100 * seq, 0, 0, 0, '' FROM earned
""",
    """
INSERT INTO lots (member_id, lot_id, program_id, transfer_seq, points, remaining, pending, earned_at, available_at,
                  expires_at)
SELECT member_id, uuidv7(recorded_at - clock_timestamp()), program_id, seq, 100, 100, false, recorded_at, recorded_at,
       recorded_at + interval '24 months' FROM earned
""",
    """
UPDATE balances b SET transfer_seq = e.seq
FROM (SELECT member_id, max(seq) AS seq FROM earned GROUP BY 1) AS e WHERE e.member_id = b.member_id
""",
    "VACUUM ANALYZE transfers, lots, balances",
)
_UNFOLDED = "TRUNCATE lot_days, folded_members, folded_programs"
_LANE = "INSERT INTO feed_lanes (program_id, position) SELECT program_id, max(position) FROM outbox GROUP BY 1"


@click.command()
@click.option("--rows", default=ROWS, show_default=True, type=click.IntRange(1_000))
@click.option("--members", default=MEMBERS, show_default=True, type=click.IntRange(100))
@click.option("--rounds", default=ROUNDS, show_default=True, type=click.IntRange(1))
def main(rows: int, members: int, rounds: int) -> None:
    """Measures, prints and writes build/bench-projection.json."""
    told = {"insight": {"projection": projection_figures(rows, members, rounds)}}
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
    click.echo(WRITTEN.read_text())


def projection_figures(rows: int = ROWS, members: int = MEMBERS, rounds: int = ROUNDS) -> dict[str, Any]:
    """Rates, and what reading each metric takes."""
    with Stage(members=members) as stage:
        stage.copy({"product"})
        post_one(stage)
        return asyncio.run(_measure(stage.url("product"), rows, members, rounds))


def post_one(stage: Stage) -> None:
    """Posts the purchase whose event is multiplied."""
    body = msgspec.json.encode(basket(random.Random(1), now())) % (1, FIRST_CARD)
    connection = http.client.HTTPConnection(HOST, stage.served("product").port)
    headers = {"Authorization": f"Bearer {stage.shop.key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/purchases", body, headers)
    answer = connection.getresponse()
    assert answer.status == 201, answer.read()
    connection.close()


async def _measure(url: str, rows: int, members: int, rounds: int) -> dict[str, Any]:
    connection = await asyncpg.connect(url)
    await connection.execute(MULTIPLY, rows, members, DAYS)
    await connection.execute(_PLACE)
    await connection.execute(_LANE)
    for statement in _LEDGER:
        await connection.execute(statement)
    await connection.execute("VACUUM ANALYZE outbox")
    database = await Database.open(url, pool_size=2)
    try:
        async with database.reader() as reader:
            (program_id,) = await program_ids(reader)
        rates = []
        for number in range(rounds):
            await connection.execute(_UNFOLDED)
            rates.append(await _round(database, program_id, again=bool(number)))
        return {
            "per_second": round(statistics.median(rates)),
            "events_per_second": round(statistics.median(rates) * EVENTS_PER_ROW),
            "rows": rows + members + 1,
            "read_ms": await _reads(database, program_id),
        }
    finally:
        await database.close()
        await connection.close()


async def _round(database: Database, program_id: UUID, *, again: bool) -> float:
    """Rows of events a second."""
    if again:
        await database.write(lambda connection: begin_again(connection, program_id))
    started = monotonic()
    done = await Projector(database).round()
    return done / (monotonic() - started)


async def _reads(database: Database, program_id: UUID) -> dict[str, float]:
    """Milliseconds of a year of months, of each metric."""
    found = {}
    async with database.reader() as connection:
        program = await Catalogue().one(connection, program_id)
        through = local_date(now(), program.zone)
        periods = periods_between(add_months(through, -12), through, "month")
        asked = Asked(
            program_id=program_id,
            zone=program.zone,
            cost_minor_per_100=1,
            through=through,
            period="month",
            periods=periods,
        )
        for slug, metric in METRICS.items():
            started = monotonic()
            await read_series(connection, metric, asked, Present(now(), program.zone))
            found[slug] = round(1000 * (monotonic() - started), 1)
    return found


if __name__ == "__main__":
    main()
