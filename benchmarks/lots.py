"""``python -m benchmarks.lots``: what figures that look at lots take to read with two million of them, judged.

SQL leaves the ledger of members who each earned 34 times in a year and spent three times. Then the product sums it up
by days, as it does with the lots of before when it is deployed (how many lots a second that takes), and again what a
purchase of each of many members adds; and redemption rate, breakage and liability of a year of months, and of one
of days, are read by those sums and, for comparison, from the ledger itself. Writes build/lots.json.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import click

from benchmarks.machine import machine_facts
from benchmarks.reads import median_ms
from benchmarks.rollups import READ_MS_MAX
from benchmarks.stage import Stage
from benchmarks.written import BUILD, write_json
from loyalty_api.domain.points.cohorts import cohorts_of_ledger
from loyalty_api.domain.points.fold_lots import fold_lots
from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import periods_between, start_of, step
from loyalty_api.insights.series import Present, read_series
from loyalty_api.kernel.clock import local_date, monotonic, now
from loyalty_api.kernel.database import Database

LOTS, LOTS_A_MEMBER, READS, TOUCHED = 2_000_000, 34, 5, 5_000
SLUGS = "redemption_rate", "breakage", "liability"
# Earned within 260 days, spent in the 100 behind, out of any of the lots; recorded in the order of their numbers.
_SPENT = "1 + (abs(hashtext({0}.member_id::text)) + 7 * {1}) % $1::int"
_DRAWN = """
CREATE UNLOGGED TABLE drawn AS
SELECT member_id, program_id, seq, seq > $1 AS spends,
       now() - interval '361 days' + CASE
         WHEN seq > $1 THEN interval '260 days' + interval '33 days' * (seq - $1 - random())
         ELSE interval '260 days' * (seq - random()) / $1::int END AS at
FROM balances CROSS JOIN generate_series(1, $1::int + 3) AS seq
"""
_LEDGER = (
    """
INSERT INTO transfers (member_id, seq, program_id, kind, from_account, to_account, points, cause_kind, cause_id,
                       occurred_at, recorded_at, spendable_after, pending_after, reserved_after, debt_after, hash)
SELECT member_id, seq, program_id, CASE WHEN spends THEN 'redeem' ELSE 'earn' END, CASE WHEN spends THEN 1 ELSE 10 END,
       CASE WHEN spends THEN 12 ELSE 1 END, 100, CASE WHEN spends THEN 'redemption' ELSE 'purchase' END,
       gen_random_uuid(), at, at, 100 * seq, 0, 0, 0, '' FROM drawn
""",
    f"""
INSERT INTO lots (member_id, lot_id, program_id, transfer_seq, points, remaining, pending, earned_at, available_at,
                  expires_at)
SELECT member_id, uuidv7(at - clock_timestamp()), program_id, seq, 100,
       CASE WHEN seq IN ({", ".join(_SPENT.format("drawn", number) for number in (1, 2, 3))}) THEN 0 ELSE 100 END,
       false, at, at, at + interval '12 months' FROM drawn WHERE NOT spends
""",
    f"""
INSERT INTO draws (member_id, transfer_seq, lot_id, program_id, points)
SELECT d.member_id, d.seq, l.lot_id, d.program_id, 100
FROM drawn d JOIN lots l ON l.member_id = d.member_id AND l.transfer_seq = {_SPENT.format("d", "(d.seq - $1::int)")}
WHERE spends
""",
    """
UPDATE balances SET spendable = 100 * ($1::int - 3), lifetime_earned = 100 * $1::int, transfer_seq = $1::int + 3
""",
    "DROP TABLE drawn",
    "VACUUM ANALYZE transfers, lots, draws, balances",
)
_ONE_MORE = (
    """
INSERT INTO transfers SELECT member_id, $1::int + 4, program_id, kind, from_account, to_account, points, cause_kind,
  gen_random_uuid(), now(), now(), spendable_after, 0, 0, 0, '' FROM transfers WHERE member_id = ANY($2) AND seq = 1
""",
    """
INSERT INTO lots (member_id, lot_id, program_id, transfer_seq, points, remaining, pending, earned_at, expires_at)
SELECT member_id, gen_random_uuid(), program_id, $1::int + 4, 100, 100, false, now(), now() + interval '12 months'
FROM lots WHERE member_id = ANY($2) AND transfer_seq = 1
""",
    "UPDATE balances SET transfer_seq = $1::int + 4 WHERE member_id = ANY($2)",
)


@click.command()
@click.option("--lots", default=LOTS, show_default=True, type=click.IntRange(10_000))
def main(lots: int) -> None:
    """Measures, prints, writes build/lots.json and ends with 1 when a figure takes too long."""
    with Stage(members=lots // LOTS_A_MEMBER) as stage:
        stage.copy({"lots"})
        figures = asyncio.run(_measure(stage.url("lots"), lots))
        told = {"insight": {"lots": figures}, "machine": asyncio.run(machine_facts(stage.url("postgres")))}
    write_json(BUILD / "lots.json", told)
    click.echo((BUILD / "lots.json").read_text())
    slowest = max(figures[f"{slug}{how}_ms"] for slug in SLUGS for how in ("", "_by_day"))
    raise SystemExit(slowest > READ_MS_MAX)


async def _measure(url: str, lots: int) -> dict[str, Any]:
    superuser = await asyncpg.connect(url)
    database = await Database.open(url, pool_size=2)
    try:
        await superuser.execute("SET jit = off")
        await superuser.execute(_DRAWN, LOTS_A_MEMBER)
        for statement in _LEDGER:
            await superuser.execute(statement, *([LOTS_A_MEMBER] if "$1" in statement else []))
        async with database.reader() as connection:
            (program_id,) = await program_ids(connection)
            program = await Catalogue().one(connection, program_id)
            members = [row["member_id"] for row in await connection.fetch("SELECT member_id FROM balances")]
        swept = await _fold(database, program, [])
        await superuser.execute("VACUUM ANALYZE folded_members, lot_days")
        for statement in _ONE_MORE:
            await superuser.execute(statement, *([LOTS_A_MEMBER] if "$1" in statement else []), members[:TOUCHED])
        touched = await _fold(database, program, members[:TOUCHED])
        return {
            "lots": lots,
            "days": await superuser.fetchval("SELECT count(*) FROM lot_days"),
            "fold_lots_per_second": round(lots / swept),
            "fold_batch_ms": round(1000 * touched, 1),
            "fold_batch_members": TOUCHED,
            **{f"{slug}_ms": each for slug, each in (await _read(database, program, "month", 12)).items()},
            **{f"{slug}_by_day_ms": each for slug, each in (await _read(database, program, "day", 365)).items()},
            "of_ledger_ms": await _read_ledger(database, program),
            "read_ms_max": READ_MS_MAX,
        }
    finally:
        await database.close()
        await superuser.close()


async def _fold(database: Database, program: Program, members: list[Any]) -> float:
    """Seconds until all are in the sums."""
    started, more = monotonic(), True
    while more:
        await database.write(
            lambda connection: fold_lots(connection, program_id=program.id, zone=program.zone, member_ids=members)
        )
        async with database.reader() as connection:
            more = not await connection.fetchval("SELECT all_members FROM folded_programs")
    return monotonic() - started


async def _read(database: Database, program: Program, period: str, periods: int) -> dict[str, float]:
    through = local_date(now(), program.zone)
    first = step(start_of(through, period), period, 1 - periods)
    asked = Asked(
        program_id=program.id,
        zone=program.zone,
        cost_minor_per_100=1,
        through=through,
        period=period,
        periods=periods_between(first, through, period),
    )
    present = Present(now(), program.zone)
    return {
        slug: await median_ms(
            database,
            lambda connection, slug=slug: read_series(connection, METRICS[slug], asked, present),
            reads=READS,
        )
        for slug in SLUGS
    }


async def _read_ledger(database: Database, program: Program) -> float:
    terms: Any = {"program_id": program.id, "zone": program.zone, "through": local_date(now(), program.zone)}
    return await median_ms(
        database,
        lambda connection: cohorts_of_ledger(connection, **terms),
        reads=1,
    )


if __name__ == "__main__":
    main()
