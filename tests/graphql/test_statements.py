"""How many SQL statements a query costs: bounded by what it asks for, never by how many rows there are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from loyalty_api.domain.access.signer import Signer
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.graphql.documents import Documents
from loyalty_api.graphql.phones import Phones, Request, Who
from loyalty_api.graphql.problems import BeyondLimit
from loyalty_api.graphql.run import Asked, run
from loyalty_api.graphql.schema import SCHEMA
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.facts import Facts
from loyalty_api.settings import Settings
from tests.make.documents import RandomDocuments
from tests.make.phone import HOME
from tests.make.program import BASE_RULE
from tests.make.purchase import make_purchase
from tests.make.reward import make_reward
from tests.make.shop import Shop

HOME_STATEMENTS_MAX = 17
WITHOUT_HISTORY_STATEMENTS_MAX = 18  # whatever else is asked for
PAGE_STATEMENTS_MAX = 4  # of history
DOCUMENTS = 100  # of which a third is valid, and asks for no more than one query may


class Counting:
    """A database that notes the statements of its readers, and how many readers there were."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.statements: list[str] = []
        self.readers = 0

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[Connection]:
        def note(record: object) -> None:
            text: str = record.query  # type: ignore[attr-defined]
            if "pg_" not in text and "'jit'" not in text:  # those are the driver's own, once a connection
                self.statements.append(text)

        self.readers += 1
        async with self._database.reader() as connection:
            connection.add_query_logger(note)
            try:
                yield connection
            finally:
                connection.remove_query_logger(note)


async def count(
    database: Database, shop: Shop, member_id: str, text: str, variables: dict[str, Any] | None = None
) -> list[str]:
    """The statements of a query; it must succeed, and read in one view at most."""
    counting = Counting(database)
    phones = Phones(
        database=counting,  # type: ignore[arg-type]
        catalogue=Catalogue(),
        signer=Signer(["a secret of a test, long enough to be one"]),
        settings=Settings(database_url="postgresql://unused"),
        facts=Facts(),
    )
    async with database.reader() as connection:
        program_id = await connection.fetchval("SELECT program_id FROM members WHERE member_id = $1", UUID(member_id))
    request = Request(phones, Who(program_id, UUID(member_id), "a test"), now(), "")
    answered = await run(Documents(SCHEMA, introspection=True), Asked(query=text, variables=variables), request)
    assert "errors" not in answered.body, answered.body["errors"]
    assert counting.readers <= 1
    return counting.statements


@pytest.fixture
def busy_shop(make_shop: Callable[..., Shop]) -> Shop:
    """Points for purchases and reviews, and rewards."""
    review = {"code": "review", "per_event": {"kind": "review.written", "points": 5}}
    rewards = [make_reward(f"r{price}", points=price) for price in (1, 2, 3, 4000)]
    return make_shop(earning_rules=[BASE_RULE, review], rewards=rewards)


async def test_the_home_screen_costs_the_same_however_much_happened(database: Database, busy_shop: Shop) -> None:
    quiet, busy = busy_shop.enrol(), busy_shop.enrol()
    for member, times in ((quiet, 1), (busy, 6)):
        for _ in range(times):
            busy_shop.buy(member, 1000)
            busy_shop.engage(member)
            busy_shop.redeem(member, "r1", complete=True)
    few = await count(database, busy_shop, quiet["id"], HOME)
    many = await count(database, busy_shop, busy["id"], HOME)
    assert len(few) == len(many), [*few, *many]
    assert len(few) <= HOME_STATEMENTS_MAX


async def test_any_query_costs_the_same_however_many_rows_there_are(database: Database, busy_shop: Shop) -> None:
    """All that may be asked takes so many, and only further pages of the history cost more."""
    few, many = busy_shop.enrol(), busy_shop.enrol()
    for member, purchases in ((few, 3), (many, 300)):
        bought = [make_purchase(member["card"], 300_000 // purchases) for _ in range(purchases)]
        assert busy_shop.call("POST", "/v1/purchases/batch", bought).status_code == 200
        busy_shop.engage(member)
        busy_shop.redeem(member, "r1", complete=True)
        busy_shop.redeem(member, "r2", complete=False)
    drawn = 0
    for seed in range(DOCUMENTS):
        asked = RandomDocuments(SCHEMA, seed, {"after": [None], "within": ["P30D", "P3660D"]}).draw("query")
        pages = asked.body["query"].count("activity")
        if not asked.valid:
            continue
        try:
            counted = [
                await count(database, busy_shop, each["id"], asked.body["query"], asked.body["variables"])
                for each in (few, many)
            ]
        except BeyondLimit:
            continue
        assert len(counted[0]) == len(counted[1]), asked
        assert len(counted[0]) <= WITHOUT_HISTORY_STATEMENTS_MAX + PAGE_STATEMENTS_MAX * pages, asked
        drawn += 1
    assert drawn > DOCUMENTS / 10


async def test_what_is_asked_twice_is_read_once(database: Database, busy_shop: Shop) -> None:
    member = busy_shop.enrol()
    one = "{ viewer { points { available expiring { points } } } }"
    many = (
        "{ viewer { "
        + " ".join(
            f'p{number}: points {{ available expiring(within: "P{number}D") {{ points }} }}' for number in range(20)
        )
        + " } }"
    )
    few = await count(database, busy_shop, member["id"], one)
    assert len(few) == len(await count(database, busy_shop, member["id"], many))
