"""What is kept of lots by days: whatever happens it is what the lots themselves say, once each, and from before too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from loyalty_api.domain.points.cohorts import Cohorts, cohorts_of_ledger, read_cohorts
from loyalty_api.domain.points.fold_lots import fold_lots
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.kernel.clock import local_date, now
from loyalty_api.kernel.database import Database
from tests.insight.story import done
from tests.make.engagement import make_engagement
from tests.make.insight import kept, project, stamp, take
from tests.make.lots import cohorts_by_hand
from tests.make.reward import make_reward
from tests.make.shop import Shop

REWARDS = [make_reward("five-off"), make_reward("one-off", points=100, money_off={"amount_minor": 100})]
WAITING = {"pending": {"until": "purchase.shipped"}, "expiry": {"days": 30}}


async def both(database: Database, program: Program, period: str = "month") -> tuple[Cohorts, Cohorts]:
    """(what is kept, what the ledger says, as worked out by the product and by hand) up to the program's present."""
    through = local_date(program.present(now()), program.zone)
    terms: dict[str, Any] = {"program_id": program.id, "zone": program.zone, "period": period, "through": through}
    async with database.reader() as connection:
        assert await connection.fetchval("SELECT all_members FROM folded_programs WHERE program_id = $1", program.id)
        said = await cohorts_of_ledger(connection, **terms)
        assert said == await cohorts_by_hand(connection, program, through=through, period=period)
        return await read_cohorts(connection, **terms), said


async def agree(database: Database, program: Program) -> Cohorts:
    """By days, weeks and months; what is kept, by days."""
    for period in ("month", "week", "day"):
        read, said = await both(database, program, period)
        assert read == said, period
    return read


def eventful(shop: Shop) -> None:
    """Earned, matured, spent, given back, owed, paid, moved, merged, parted, adjusted and expired."""
    one, two, three = shop.enrol(), shop.enrol(), shop.enrol()
    bought = [shop.buy(each, 90_000, occurred_at="2026-03-02T10:00:00Z") for each in (one, two, three)]
    shop.set_clock("2026-03-06T10:00:00Z")
    shop.redeem(one), shop.redeem(one, "one-off"), shop.redeem(two)
    held = shop.redeem(three, "one-off", complete=False)
    done(shop, f"/v1/redemptions/{held['id']}/cancel", None)
    for purchase, amount in ((bought[0], 90_000), (bought[1], 30_000)):
        body = {"reference": f"B-{purchase['id']}", "source": "till-1", "purchase": {"id": purchase["id"]}}
        done(shop, "/v1/returns", body | {"amount_minor": amount, "occurred_at": "2026-03-06T09:00:00Z"})
    shop.buy(one, 20_000, occurred_at="2026-02-27T10:00:00Z")  # late, and pays a part of the debt
    address = f"/v1/members/{three['id']}/points"
    given = done(shop, f"{address}/adjustments", {"reference": "a", "points": 40, "reason": "sorry"})
    done(shop, f"/v1/adjustments/{given['id']}/reverse", {"reason": "not sorry"})
    done(shop, f"{address}/move", {"reference": "c", "to": two["id"], "points": 5, "reason": "gift"})
    merged = done(shop, f"/v1/members/{two['id']}/merge", {"into": three["id"]})
    shop.set_clock("2026-03-20T10:00:00Z")
    done(shop, f"/v1/merges/{merged['id']}/undo", None)
    shop.set_clock("2026-05-20T10:00:00Z")


def make_eventful(make_shop: Callable[..., Shop], **changes: Any) -> Shop:
    points = {"expiry": {"days": 40}, "pending": {"days": 2}}
    limits = {"limits": {"manage": 1000, "admin": 1000}}
    return make_shop(points=points, rewards=REWARDS, adjustments=limits, **changes)


@pytest.mark.parametrize(("batch", "zone"), [(1, "Europe/Berlin"), (7, "Pacific/Chatham"), (5000, "America/Santiago")])
async def test_what_is_kept_is_what_the_lots_say_however_events_are_read(
    make_shop: Callable[..., Shop], database: Database, batch: int, zone: str
) -> None:
    shop = make_eventful(make_shop, time_zone=zone)
    eventful(shop)
    cohorts = await agree(database, await project(database, shop, batch=batch))
    assert cohorts.owed > 0
    assert sum(day.redeemed for day in cohorts.days) > 0 < sum(day.expired for day in cohorts.days)


async def test_read_while_things_happen_it_is_never_ahead_of_itself(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_eventful(make_shop)
    program = await project(database, shop)
    living = asyncio.create_task(asyncio.to_thread(eventful, shop))
    while not living.done():
        await stamp(database, program)
        await asyncio.gather(*(take(database, program, batch=2) for _ in range(2)))
    await living
    await agree(database, await project(database, shop))


async def test_points_that_wait_for_an_event_have_no_end_until_it_comes(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points=WAITING)
    members = [shop.enrol() for _ in range(3)]
    bought = [shop.buy(each, 1000, occurred_at="2026-03-02T10:00:00Z") for each in members]
    shop.set_clock("2026-03-11T12:00:00Z")
    done(shop, f"/v1/members/{members[2]['id']}/merge", {"into": members[0]["id"]})
    program = await project(database, shop)
    assert sum(each.endless for each in (await agree(database, program)).days) == 3
    for member, purchase in zip(members[:2], bought[:2], strict=True):
        shipped = make_engagement(member["card"], "purchase.shipped", data={"purchase": {"id": purchase["id"]}})
        done(shop, "/v1/engagement", shipped | {"occurred_at": "2026-03-10T11:00:00Z"})
    assert sum(each.endless for each in (await agree(database, await project(database, shop))).days) == 1


async def test_lots_from_before_are_taken_page_by_page_and_until_then_the_lots_are_read(
    make_shop: Callable[..., Shop], database: Database, database_url: str
) -> None:
    """As after a deploy: events were read, and nothing of the lots was kept."""
    shop = make_eventful(make_shop)
    eventful(shop)
    program = await project(database, shop)
    kept_before = await agree(database, program)

    superuser = await asyncpg.connect(database_url)
    for table in ("lot_days", "folded_members", "folded_programs"):
        await superuser.execute(f"DELETE FROM {table} WHERE program_id = $1", program.id)
    await superuser.close()
    through = local_date(program.present(now()), program.zone)
    terms: dict[str, Any] = {"program_id": program.id, "zone": program.zone}
    for page in range(1, 5):  # three members, one in each page, and one page that is empty
        async with database.reader() as connection:
            assert await read_cohorts(connection, **terms, through=through, period="day") == kept_before, page
        await database.write(lambda connection: fold_lots(connection, **terms, member_ids=[], sweep_members=1))
    assert await agree(database, program) == kept_before


async def test_figures_made_anew_leave_the_lots_as_they_were(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_eventful(make_shop)
    eventful(shop)
    program = await project(database, shop)
    before, rows = await agree(database, program), await kept(database, program)
    await database.write(lambda connection: begin_again(connection, program.id))
    await project(database, shop, batch=11)
    assert (await agree(database, program), await kept(database, program)) == (before, rows)
