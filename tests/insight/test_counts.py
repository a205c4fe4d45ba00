"""The counts of people: the same however they came to be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from benchmarks.year import MONTHS, PROGRAM_DAYS

from loyalty_api.insights.count_all import COUNT_ALL
from loyalty_api.insights.group_all import GROUP_ALL
from loyalty_api.insights.measures import MEASURES
from loyalty_api.kernel.database import Connection, Database
from tests.insight.story import done, live, make_story
from tests.make.insight import kept, project
from tests.make.shop import Shop


def live_on(shop: Shop, members: dict[str, Any]) -> None:
    """Some close, one was no member yet when they bought, one is merged and parted again."""
    cards = [*members]
    for card in cards[2:6]:
        done(shop, f"/v1/members/{members[card]['id']}/close", {"reason": "x"})
    late = shop.enrol(enrolled_at="2028-03-01T12:00:00Z")
    for day in ("2027-12-31T22:59:59Z", "2027-12-31T23:00:00Z", "2028-02-29T10:00:00Z", "2028-03-02T10:00:00Z"):
        shop.buy(late, 70_000, occurred_at=day)
    merged = done(shop, f"/v1/members/{late['id']}/merge", {"into": members[cards[7]]["id"]})
    shop.buy(late, 100, occurred_at="2027-11-01T10:00:00Z")
    done(shop, f"/v1/merges/{merged['id']}/undo")


async def count_anew(connection: Connection) -> None:
    await connection.execute("DELETE FROM insight_counts")
    await connection.execute("UPDATE insight_members SET bought = '', bought_twice = ''")
    await connection.execute("DELETE FROM insight_groups")
    for statement in (*COUNT_ALL, *GROUP_ALL):
        await connection.execute(statement)


KEPT_BY_DAYS = (
    ("insight_months", MONTHS, "*"),
    ("insight_program_days", PROGRAM_DAYS, f"program_id, day, {', '.join(MEASURES)}"),
)


class Undone(Exception):
    """What differed, while it was all put back."""


async def made_anew(connection: Connection) -> None:
    """As ``benchmarks.rollups`` makes them, against what is kept; for a moment."""
    differ = []
    for table, statement, names in KEPT_BY_DAYS:
        await connection.execute(f"CREATE TEMPORARY TABLE was AS SELECT {names} FROM {table}")
        await connection.execute(f"DELETE FROM {table}")
        await connection.execute(statement)
        rows = f"SELECT {names} FROM {table}"
        differ += await connection.fetch(f"({rows} EXCEPT TABLE was) UNION ALL (TABLE was EXCEPT {rows})")
        await connection.execute("DROP TABLE was")
    differ = [row for row in differ if any(isinstance(each, int) and each for each in row)]  # a day marked, and no more
    raise Undone(differ)


@pytest.mark.parametrize("batch", [1, 40, 5000])
async def test_kept_by_events_they_are_those_that_all_rows_together_make(
    make_shop: Callable[..., Shop], database: Database, batch: int
) -> None:
    shop = make_shop(purchases={"before_enrolment": "earn"})
    live_on(shop, live(shop, make_story(11, purchases=100), seed=batch))
    program = await project(database, shop, batch=batch)
    before = await kept(database, program)
    await database.write(count_anew)
    assert await kept(database, program) == before
    with pytest.raises(Undone, match=r"^\[\]$"):
        await database.write(made_anew)
    assert {row["kind"] for row in before["counts"]} == {
        *("again", "second", "cohort", "enrolled", "step", "moved", "away", "here", "reactivated", "lapsed")
    }
