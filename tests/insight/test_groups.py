"""Metrics by tier, cohort, store and employee: what everybody's days say, whatever was told in whichever order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_api.domain.programs.publish import create_program
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.programs.read import read_document
from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.group_all import GROUP_ALL
from loyalty_api.insights.metric import Asked
from loyalty_api.insights.periods import PERIODS, periods_between
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.insights.series import begin_reading
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database
from tests.conftest import make_database
from tests.insight import slowly
from tests.insight.story import live, make_story
from tests.insight.test_counts import live_on
from tests.make.any_feed import DAYS, FIRST, Row, feeds, tell
from tests.make.insight import program_of, project, take
from tests.make.program import make_document
from tests.make.shop import Shop

ANY_FEED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
QUESTIONS = [(slug, by) for slug in (*slowly.SLUGS, *slowly.FLOWS) for by in METRICS[slug].groups]
_OF_COHORTS = "here", "lapsed", "reactivated"
_KEPT = {
    "groups": "SELECT * FROM insight_groups WHERE program_id = $1",
    "counts": f"SELECT * FROM insight_counts WHERE program_id = $1 AND kind IN {_OF_COHORTS}",
}


async def check_answers(database: Database, program: Program, first: date, through: date) -> int:
    """Every metric by every group, of every kind of period; how many values that were."""
    found = 0
    async with database.reader() as connection:
        await begin_reading(connection, program.id)
        for period in PERIODS:
            periods = periods_between(first, through, period)
            for slug, by in QUESTIONS:
                asked = Asked(
                    program_id=program.id, zone=program.zone, through=through, period=period, periods=periods, by=by
                )
                told = await METRICS[slug].read(connection, asked)
                assert told == await slowly.cells(connection, slug, asked), (slug, by, period, through)
                found += len(told)
    return found


class Undone(Exception):
    """What was made anew, while it was all put back."""


async def made_anew(database: Database, program: Program) -> dict[str, Any]:
    async def anew(connection: Connection) -> None:
        await connection.execute("DELETE FROM insight_groups")
        await connection.execute(f"DELETE FROM insight_counts WHERE kind IN {_OF_COHORTS}")
        for statement in GROUP_ALL:
            await connection.execute(statement)
        raise Undone(await rows_of(connection, program))

    with pytest.raises(Undone) as undone:
        await database.write(anew)
    return undone.value.args[0]


async def rows_of(connection: Connection, program: Program) -> dict[str, Any]:
    return {
        table: sorted(tuple(row) for row in await connection.fetch(sql, program.id)) for table, sql in _KEPT.items()
    }


async def make_program(database: Database) -> Program:
    document = read_document(make_document())
    program_id = await database.write(
        lambda connection: create_program(connection, document=document, now=now(), actor="test")
    )
    async with database.reader() as connection:
        return await Catalogue().one(connection, program_id)


@pytest.fixture(scope="module")
async def feeds_alone(server_url: str) -> AsyncIterator[Database]:
    """A database of their own: feeds tell of members whom the ledger does not know, so none of its laws holds."""
    opened = await Database.open(await make_database(server_url), pool_size=2)
    yield opened
    await opened.close()


@ANY_FEED
@given(feed=feeds(), batch=st.sampled_from((1, 3, 1000)), since=st.integers(0, 60), days=st.integers(0, DAYS))
async def test_whatever_is_told_the_groups_say_what_all_days_say_and_are_those_that_all_rows_together_make(
    feeds_alone: Database, feed: list[Row], batch: int, since: int, days: int
) -> None:
    program = await make_program(feeds_alone)
    await feeds_alone.write(lambda connection: tell(connection, program.id, feed))
    while await take(feeds_alone, program, batch=batch):
        pass
    async with feeds_alone.reader() as connection:
        kept = await rows_of(connection, program)
    assert kept == await made_anew(feeds_alone, program)
    first = FIRST + timedelta(days=since)
    await check_answers(feeds_alone, program, first, first + timedelta(days=days))


@pytest.mark.parametrize("seed", [41, 42])
async def test_of_half_a_year_the_groups_say_what_all_days_say_and_once_more_when_they_are_made_anew(
    make_shop: Callable[..., Shop], database: Database, seed: int
) -> None:
    shop = make_shop(purchases={"before_enrolment": "earn"})
    live_on(shop, live(shop, make_story(seed, purchases=120), seed=seed))
    program = await program_of(database, shop)
    for again in (False, True):
        if again:
            await database.write(lambda connection: begin_again(connection, program.id))
        await project(database, shop, batch=37)
        async with database.reader() as connection:
            assert await rows_of(connection, program) == await made_anew(database, program)
        for through in (date(2028, 4, 10), date(2028, 3, 31), date(2028, 2, 17)):
            assert await check_answers(database, program, date(2027, 10, 1), through) > 1000
