"""What time brings, run by the worker or by the test clock: points mature and expire, and members are told before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty_api.domain.lifecycle.nightly import Ran, run_due
from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.domain.programs.queries import Catalogue, Program, find_program
from loyalty_api.kernel.database import Connection, Database
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop
from tests.make.time import let_time_pass

BERLIN = ZoneInfo("Europe/Berlin")


def history(shop: Shop, member: dict[str, Any]) -> list[tuple[str, int, str]]:
    """(kind, points, recorded_at) of each movement, oldest first."""
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    return [(each["kind"], each["points"], each["recorded_at"]) for each in reversed(items)]


def opened(make_shop: Callable[..., Shop], **points: Any) -> tuple[Shop, dict[str, Any]]:
    """A shop and a member who bought for 10 points at noon of 2 March in Berlin."""
    shop = make_shop(points=points)
    shop.set_clock("2026-03-02T12:00:00+01:00")
    member = shop.enrol()
    shop.buy(member, 1000, occurred_at="2026-03-02T12:00:00+01:00")
    return shop, member


async def notices(database: Database, shop: Shop) -> list[tuple[datetime, str]]:
    """(recorded_at, data) of the program's notices, oldest first."""

    async def read(connection: Connection) -> list[tuple[datetime, str]]:
        rows = await connection.fetch(
            "SELECT o.recorded_at, o.data::text FROM outbox o JOIN programs p USING (program_id)"
            " WHERE p.code = $1 AND o.type = 'points.expirynotice.sent' ORDER BY o.recorded_at",
            shop.document["program"],
        )
        return [tuple(row) for row in rows]

    return await database.write(read)


async def program_of(database: Database, shop: Shop) -> Program:
    async with database.reader() as connection:
        program_id = await find_program(connection, shop.document["program"])
        return await Catalogue().one(connection, program_id)


def test_the_clock_lives_through_every_night_at_its_own_time(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, pending={"days": 14}, expiry={"days": 30})
    answer = shop.call("POST", "/v1/test-clock", {"now": "2026-05-01T12:00:00+02:00"}).json()
    assert answer["ran"] == {"nights": 60, "transfers": 2, "tiers": 0, "notices": 1, "reservations": 0, "rewards": 0}
    assert history(shop, member) == [
        ("earn", 10, "2026-03-02T11:00:00Z"),
        ("mature", 10, "2026-03-15T23:00:00Z"),
        ("expire", 10, "2026-04-14T22:00:00Z"),
    ]


async def test_a_lots_end_is_told_once_and_two_weeks_ahead(make_shop: Callable[..., Shop], database: Database) -> None:
    shop, _ = opened(make_shop, expiry={"days": 30})
    shop.set_clock("2026-03-17T23:59:59+01:00")
    assert await notices(database, shop) == []
    for instant in ("2026-03-18T00:00:00+01:00", "2026-03-18T12:00:00+01:00", "2026-03-31T12:00:00+02:00"):
        shop.set_clock(instant)
        told = await notices(database, shop)
        assert [at.astimezone(BERLIN) for at, _ in told] == [datetime(2026, 3, 18, tzinfo=BERLIN)]
    assert '"points":10' in told[0][1]
    assert '"expires_at":"2026-03-31T22:00:00Z"' in told[0][1]


async def test_an_end_that_a_purchase_put_off_is_told_again_in_its_time(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop, member = opened(make_shop, expiry={"inactivity_days": 30})
    shop.set_clock("2026-03-20T12:00:00+01:00")
    shop.buy(member, 100, occurred_at="2026-03-20T12:00:00+01:00")
    shop.set_clock("2026-04-10T12:00:00+02:00")
    assert [data.count('"expires_at":"2026-03-31') for _, data in await notices(database, shop)] == [1, 0]


async def test_points_that_are_spent_are_not_told_of_and_those_that_are_left_are(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points={"expiry": {"days": 30}}, rewards=[make_reward("seven", points=7)])
    shop.set_clock("2026-03-02T12:00:00+01:00")
    for amount_minor in (700, 1000):  # seven points, which are all spent, and ten, of which three are left
        member = shop.enrol()
        shop.buy(member, amount_minor, occurred_at="2026-03-02T12:00:00+01:00")
        assert shop.call("POST", "/v1/redemptions", make_redemption(member["card"], "seven")).status_code == 201
    shop.set_clock("2026-03-20T12:00:00+01:00")
    told = await notices(database, shop)
    assert ['"points":3' in data for _, data in told] == [True]


async def test_a_worker_who_missed_nights_settles_at_once_and_finds_nothing_the_second_time(
    make_shop: Callable[..., Shop], database: Database, database_url: str
) -> None:
    shop, member = opened(make_shop, pending={"days": 14}, expiry={"days": 30})
    let = datetime(2026, 5, 1, 12, tzinfo=BERLIN).astimezone(UTC)
    await asyncio.to_thread(let_time_pass, database_url, shop, let.isoformat())
    program = await program_of(database, shop)
    first, second = [await run_due(database, program, now=let) for _ in range(2)]
    assert (first.transfers, second) == (2, Ran())
    assert [kind for kind, _, _ in history(shop, member)] == ["earn", "mature", "expire"]


async def test_two_workers_at_once_do_everything_once(
    make_shop: Callable[..., Shop], database: Database, database_url: str
) -> None:
    shop, first = opened(make_shop, expiry={"days": 10})
    members = [first]
    for _ in range(30):
        members.append(shop.enrol())
        shop.buy(members[-1], 1000, occurred_at="2026-03-02T12:00:00+01:00")
    let = datetime(2026, 3, 12, tzinfo=BERLIN)
    await asyncio.to_thread(let_time_pass, database_url, shop, let.isoformat())
    program = await program_of(database, shop)
    both = await asyncio.gather(*(run_due(database, program, now=let) for _ in range(2)))
    assert sum(ran.transfers for ran in both) == len(members)
    for member in members:
        assert [kind for kind, _, _ in history(shop, member)] == ["earn", "expire"]
    assert (await verify(database)).found == 0


async def test_a_run_that_was_cut_off_goes_on_where_it_stopped(
    make_shop: Callable[..., Shop], database: Database, database_url: str
) -> None:
    shop, first = opened(make_shop, expiry={"days": 10})
    second = shop.enrol()
    shop.buy(second, 500, occurred_at="2026-03-02T12:00:00+01:00")
    let = datetime(2026, 3, 12, tzinfo=BERLIN)
    await asyncio.to_thread(let_time_pass, database_url, shop, let.isoformat())
    shop.buy(first, 100, occurred_at=let.isoformat())  # settles one of the two by itself
    program = await program_of(database, shop)
    assert (await run_due(database, program, now=let)).transfers == 1
    assert [kind for kind, _, _ in history(shop, first)] == ["earn", "expire", "earn"]
    assert [kind for kind, _, _ in history(shop, second)] == ["earn", "expire"]
