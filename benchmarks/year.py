"""The rows that the events of a year of purchases would leave, written by SQL."""

from __future__ import annotations

import asyncpg

from loyalty_api.domain.programs.queries import Catalogue, program_ids
from loyalty_api.insights.count_all import COUNT_ALL
from loyalty_api.insights.group_all import GROUP_ALL
from loyalty_api.insights.measures import MEASURES
from loyalty_api.kernel.clock import local_date, now
from loyalty_api.kernel.database import Database

PURCHASES_A_MEMBER = 33
STORES, EMPLOYEES = 200, 2_000

_COUNTED = ", ".join(f"sum({measure})" for measure in MEASURES)
# Half are older than the year. Every fiftieth is the alias of the one before, every fortieth closed.
_PEOPLE = """
CREATE UNLOGGED TABLE people AS
SELECT n, uuidv7() AS member_id, $2::date - 1 - floor(730 * random())::int AS enrolled_on,
       CASE WHEN n % 40 = 0 THEN $2::date - floor(90 * random())::int END AS closed_on
FROM generate_series(1, $1::int) AS n
"""
# A few buy far more often than most, and most at a store of their own. Of fifty purchases one goes back.
_DRAWN = """
CREATE UNLOGGED TABLE drawn AS
SELECT p.member_id, opened + floor(late * (shut - opened))::int AS day, amount_minor,
       CASE WHEN returns < 0.02 THEN amount_minor ELSE 0 END AS returned_minor, redeems < 0.05 AS redeems,
       (n + away) % $4::int AS store, clerk
FROM (SELECT 1 + floor($2::int * power(random(), 2))::int AS n, random() AS late, random() AS returns,
             random() AS redeems, floor(4 * power(random(), 3))::int AS away, floor($5::int * random())::int AS clerk,
             100 + floor(8000 * random() * random())::bigint AS amount_minor
      FROM generate_series(1, $1::int)) AS d
JOIN (SELECT *, GREATEST(enrolled_on, $3::date - 364) AS opened, COALESCE(closed_on, $3::date + 1) AS shut
      FROM people) AS p USING (n)
WHERE shut > opened
"""
# Who enrolled before the year bought then too.
_BEFORE = """
INSERT INTO drawn
SELECT member_id, enrolled_on, 2000, 0, false, n % $2::int, 0 FROM people WHERE enrolled_on < $1::date - 364
"""
_DAYS = """
INSERT INTO insight_days (member_id, day, program_id, {measures})
SELECT member_id, day, $1, count(*), sum(amount_minor - returned_minor), sum(returned_minor), sum(amount_minor / 100),
       0, sum(amount_minor / 100), sum(CASE WHEN redeems THEN amount_minor / 200 ELSE 0 END), 0,
       sum(returned_minor / 100), 0, 0
FROM drawn GROUP BY 1, 2 ORDER BY 2, 1
"""
_RECEIPTS = """
INSERT INTO insight_receipts (member_id, purchase_id, entry_id, program_id, day, amount_minor, points_issued, store,
                              employee, voided)
SELECT member_id, id, CASE sign WHEN 1 THEN id ELSE uuidv7() END, $1, day,
       CASE sign WHEN 1 THEN amount_minor ELSE -returned_minor END, 0, store::text, store || '-' || clerk, false
FROM (SELECT uuidv7() AS id, * FROM drawn) AS drawn CROSS JOIN unnest('{1,-1}'::int[]) AS sign
WHERE sign = 1 OR returned_minor > 0
"""
MONTHS = """
INSERT INTO insight_months (member_id, month, program_id, purchases, sales_minor)
SELECT member_id, date_trunc('month', day::timestamp)::date, program_id, sum(purchases), sum(sales_minor)
FROM insight_days GROUP BY 1, 2, 3 ORDER BY 2, 1
"""
PROGRAM_DAYS = f"""
INSERT INTO insight_program_days (program_id, day, {", ".join(MEASURES)})
SELECT program_id, day, {_COUNTED} FROM insight_days GROUP BY 1, 2
"""
_FILL = (
    MONTHS,
    """
INSERT INTO insight_members (member_id, program_id, status, merged_into, enrolled_on, enrolled_store, enrolled_tier,
                             closed_on, first_on, last_on, purchases, sales_minor, bought, bought_twice,
                             tier_moved)
SELECT p.member_id, $1, CASE WHEN closed_on IS NULL THEN 'active' ELSE 'closed' END, b.member_id, p.enrolled_on,
       (n % 20)::text, 'basic', closed_on, first_on, last_on, COALESCE(d.bought, 0), COALESCE(sold, 0),
       '', '', sold > 60000 IS TRUE
FROM people p LEFT JOIN (SELECT n + 1 AS n, member_id FROM people WHERE n % 50 = 48) AS b USING (n)
LEFT JOIN (SELECT member_id, min(day) AS first_on, max(day) AS last_on, sum(purchases) AS bought,
                  sum(sales_minor) AS sold FROM insight_days GROUP BY 1) AS d ON d.member_id = p.member_id
""",
    PROGRAM_DAYS,
    # Who bought a lot rose on the way, some of them twice or three times.
    """
INSERT INTO insight_tiers (member_id, position, program_id, effective_on, from_tier, to_tier, reason)
SELECT member_id, 4 * row_number() OVER (ORDER BY member_id) + step, program_id,
       first_on + (last_on - first_on) * step / 4, (ARRAY['basic', 'silver', 'gold'])[step],
       (ARRAY['silver', 'gold', 'platinum'])[step], 'qualified'
FROM insight_members CROSS JOIN generate_series(1, 3) AS step
WHERE program_id = $1 AND sales_minor > 30000 * power(2, step)
""",
    """
INSERT INTO insight_expiries (member_id, position, program_id, lot_id, points, earned_on, expired_on, expires_at)
SELECT member_id, 10000000 + row_number() OVER (), $1, gen_random_uuid(), 50, day - 365, day, day::timestamptz
FROM (SELECT member_id, last_on AS day FROM insight_members WHERE program_id = $1 AND purchases % 4 = 1) AS ended
""",
    """
INSERT INTO insight_notices (member_id, lot_id, expires_at, program_id, noticed_at)
SELECT member_id, lot_id, expires_at, program_id, expires_at - interval '30 days'
FROM insight_expiries WHERE program_id = $1 AND position % 10 > 0
""",
    """
UPDATE insight_program_days p SET points_expired = e.points, points_opened = e.points
FROM (SELECT expired_on, sum(points) AS points FROM insight_expiries GROUP BY 1) AS e
WHERE p.program_id = $1 AND p.day = e.expired_on
""",
    # On each day something of every day before it is redeemed, and the rest expires after a year.
    """
INSERT INTO lot_days (program_id, period, first, day, issued, redeemed, expired, endless, owed, ends_on)
SELECT $1, period, date_trunc(period, earned_on::timestamp)::date, day,
       sum(CASE WHEN earned_on = day THEN 80000 ELSE 0 END), sum(CASE WHEN day < earned_on + 365 THEN 100 ELSE 0 END),
       sum(CASE WHEN day = earned_on + 365 THEN 43500 ELSE 0 END), 0, 0,
       max(CASE WHEN earned_on = day THEN earned_on + 365 END)
FROM (SELECT max(day) AS today FROM insight_days) AS d
CROSS JOIN generate_series(0, 729) AS ago CROSS JOIN generate_series(0, 365) AS later
CROSS JOIN LATERAL (SELECT today - ago AS earned_on, today - ago + later AS day) AS e
CROSS JOIN unnest('{month,week,day}'::text[]) AS period WHERE day <= today GROUP BY 2, 3, 4
""",
    """
INSERT INTO folded_programs (program_id, after, all_members)
VALUES ($1, '00000000-0000-0000-0000-000000000000', true)
""",
)
_BARE = (
    *("ALTER TABLE insight_days DROP CONSTRAINT insight_days_pkey", "DROP INDEX insight_days_day_idx"),
    "ALTER TABLE insight_receipts DROP CONSTRAINT insight_receipts_pkey",
    *("DROP INDEX insight_receipts_day_idx", "DROP INDEX insight_receipts_member_day_idx"),
)
_INDEXED = (
    "ALTER TABLE insight_days ADD CONSTRAINT insight_days_pkey PRIMARY KEY (member_id, day)",
    "CREATE INDEX insight_days_day_idx ON insight_days (program_id, day)",
    "ALTER TABLE insight_receipts ADD CONSTRAINT insight_receipts_pkey PRIMARY KEY (member_id, purchase_id, entry_id)",
    "CREATE INDEX insight_receipts_day_idx ON insight_receipts (program_id, day)",
    "CREATE INDEX insight_receipts_member_day_idx ON insight_receipts (member_id, day)",
)
_TABLES = "insight_members, insight_days, insight_months, insight_program_days, insight_tiers, insight_notices"
_TABLES += ", insight_expiries, insight_counts, insight_groups, insight_receipts"


async def fill(database: Database, url: str, purchases: int) -> None:
    """Writes the rows of a year that ends today."""
    async with database.reader() as reader:
        (program_id,) = await program_ids(reader)
        today = local_date(now(), (await Catalogue().one(reader, program_id)).zone)
    members = purchases // PURCHASES_A_MEMBER
    connection = await asyncpg.connect(url)
    try:
        for name in ("work_mem", "maintenance_work_mem"):
            await connection.execute(f"SET {name} = '1GB'")
        await connection.execute("SET jit = off")
        await connection.execute(_PEOPLE, members, today)
        await connection.execute("ANALYZE people")
        await connection.execute(_DRAWN, purchases, members, today, STORES, EMPLOYEES // STORES)
        await connection.execute(_BEFORE, today, STORES)
        await connection.execute("ANALYZE drawn")
        for statement in _BARE:
            await connection.execute(statement)
        await connection.execute(_DAYS.format(measures=", ".join(MEASURES)), program_id)
        await connection.execute(_RECEIPTS, program_id)
        for statement in _INDEXED:
            await connection.execute(statement)
        for statement in _FILL:
            await connection.execute(statement, *([program_id] if "$1" in statement else []))
        await connection.execute("DROP TABLE drawn, people")
        await connection.execute("ANALYZE insight_members")
        async with connection.transaction():
            for statement in (*COUNT_ALL, *GROUP_ALL):
                await connection.execute(statement)
        await connection.execute(f"VACUUM ANALYZE {_TABLES}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
