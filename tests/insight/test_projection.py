"""What is kept of the events: the same in any order, once each, whoever projects, and made anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.counts import MOVED, STEP
from loyalty_api.insights.groups import TIER
from loyalty_api.insights.measures import MEASURES
from loyalty_api.insights.project import project_events
from loyalty_api.kernel.database import Connection, Database
from tests.insight.story import done, live, make_story
from tests.make.insight import kept, program_of, project, stamp, take
from tests.make.purchase import make_purchase
from tests.make.reward import make_reward
from tests.make.shop import Shop

HELD = "opened + earned - redeemed + given_back - taken_back - expired + adjusted"


def named(members: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {member["id"]: card for card, member in members.items()}


def without_tiers(rows: dict[str, Any]) -> dict[str, Any]:
    """Tiers move on another day, in other steps, when receipts come in another order."""
    others = {
        "counts": [row for row in rows["counts"] if row["kind"] not in (STEP, MOVED)],
        "groups": [row for row in rows["groups"] if row["grouped"] != TIER],
        "members": [row | {"tier_moved": None} for row in rows["members"]],
    }
    return {table: each for table, each in rows.items() if table != "tiers"} | others


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_order_of_the_same_receipts_some_of_them_twice_leaves_the_same_rows(
    make_shop: Callable[..., Shop], database: Database, seed: int
) -> None:
    story = make_story(seed, purchases=100)
    in_order, shuffled = make_shop(), make_shop()
    members, others = live(in_order, story), live(shuffled, story, seed=seed)
    first = await kept(database, await project(database, in_order), named(members), marks=False)
    other = await kept(database, await project(database, shuffled, batch=7), named(others), marks=False)
    assert without_tiers(first) == without_tiers(other)
    assert len(first["receipts"]) > 100


async def test_what_is_kept_of_all_members_adds_up_to_what_is_kept_of_the_program(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop()
    live(shop, make_story(3, purchases=60))
    rows = await kept(database, await project(database, shop, batch=50))
    sums: dict[date, Counter[str]] = {}
    months: dict[tuple[str, date], Counter[str]] = {}
    for day in rows["days"]:
        sums.setdefault(day["day"], Counter()).update({name: day[name] for name in MEASURES})
        bought = {name: day[name] for name in ("purchases", "sales_minor")}
        months.setdefault((day["member_id"], day["day"].replace(day=1)), Counter()).update(bought)
    by_day = {day["day"]: {name: day[name] for name in MEASURES} for day in rows["program_days"]}
    assert {day: by_day[day] for day in sums} == sums
    assert not any(any(by_day[day].values()) for day in by_day.keys() - sums.keys())  # marked for an enrolment alone
    told = {(row["member_id"], row["month"]): row for row in rows["months"]}
    assert {key: {name: row[name] for name in ("purchases", "sales_minor")} for key, row in told.items()} == months
    for member in rows["members"]:
        mine = [day for day in rows["days"] if day["member_id"] == member["member_id"]]
        buying = [day["day"] for day in mine if day["purchases"]]
        assert (member["first_on"], member["last_on"]) == (min(buying, default=None), max(buying, default=None))
        assert member["purchases"] == sum(day["purchases"] for day in mine)
        assert member["sales_minor"] == sum(day["sales_minor"] for day in mine)


async def test_two_workers_at_once_count_each_event_once(make_shop: Callable[..., Shop], database: Database) -> None:
    alone, both = make_shop(), make_shop()
    story = make_story(4, purchases=40)
    members, others = live(alone, story), live(both, story)
    expected = await kept(database, await project(database, alone), named(members), marks=False)
    program = await program_of(database, both)
    await stamp(database, program)
    while sum(await asyncio.gather(*(take(database, program, batch=9) for _ in range(3)))):
        pass
    assert await kept(database, program, named(others), marks=False) == expected


async def test_a_worker_that_is_cut_off_has_counted_nothing_and_the_next_one_counts_it(
    shop: Shop, database: Database
) -> None:
    shop.buy(shop.enrol(), 1000)
    program = await program_of(database, shop)
    await stamp(database, program)

    async def cut_off(connection: Connection) -> None:
        assert await project_events(connection, program_id=program.id, zone=program.zone)
        raise ConnectionAbortedError

    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it becomes on its way
        await database.write(cut_off)
    assert not any((await kept(database, program)).values())
    await project(database, shop)
    assert [row["purchases"] for row in (await kept(database, program))["days"]] == [1]


async def held(database: Database, program: Program) -> dict[str, int]:
    """The points of each member as the ledger has them, debts taken off."""
    async with database.reader() as connection:
        rows = await connection.fetch(
            "SELECT member_id, spendable + pending + reserved - debt AS held FROM balances WHERE program_id = $1",
            program.id,
        )
    return {str(row["member_id"]): row["held"] for row in rows}


async def test_points_by_day_add_up_to_what_every_member_holds_whatever_happened_to_them(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(
        points={"expiry": {"days": 30}, "pending": {"days": 2}},
        rewards=[make_reward("five-off", points=50)],
        adjustments={"limits": {"manage": 1000, "admin": 1000}},
    )
    one, two, three = shop.enrol(), shop.enrol(), shop.enrol()
    bought = [shop.buy(member, 20_000, occurred_at="2026-03-02T10:00:00Z") for member in (one, two, three)]
    shop.set_clock("2026-03-06T10:00:00Z")
    shop.redeem(one), shop.redeem(two)
    opening = {"reference": "o", "source": "s", "member": {"identifier": three["card"]}, "points": 70}
    answer = shop.call("POST", "/v1/openings/batch", [opening | {"earned_at": "2026-03-01T00:00:00Z"}])
    assert answer.json()["results"][0]["status"] == "recorded", answer.text
    address = f"/v1/members/{one['id']}/points"
    given = done(shop, f"{address}/adjustments", {"reference": "a", "points": 40, "reason": "sorry"})
    done(shop, f"/v1/adjustments/{given['id']}/reverse", {"reason": "not sorry"})
    taken = done(shop, f"{address}/adjustments", {"reference": "b", "points": -10, "reason": "hm"})
    done(shop, f"/v1/adjustments/{taken['id']}/reverse", {"reason": "no"})
    done(shop, f"{address}/move", {"reference": "c", "to": three["id"], "points": 5, "reason": "gift"})
    done(shop, "/v1/returns", make_return(bought[1], 7_000))
    done(shop, f"/v1/purchases/{bought[0]['id']}/void")
    merged = done(shop, f"/v1/members/{two['id']}/merge", {"into": three["id"]})
    program = await project(database, shop, batch=5)
    rows = await kept(database, program)
    assert sums(rows) == await held(database, program)
    done(shop, f"/v1/merges/{merged['id']}/undo")
    shop.set_clock("2026-04-20T10:00:00Z")
    program = await project(database, shop)
    rows = await kept(database, program)
    assert sums(rows) == await held(database, program)
    assert {row["points"] for row in rows["expiries"]}
    assert {row["earned_on"] for row in rows["expiries"]} >= {date(2026, 3, 2)}
    assert rows["notices"]


def sums(rows: dict[str, Any]) -> dict[str, int]:
    """The points of each member by what is kept."""
    found: Counter[str] = Counter({str(row["member_id"]): 0 for row in rows["members"]})
    for row in rows["days"]:
        values = {name.removeprefix("points_"): row[name] for name in MEASURES}
        found[str(row["member_id"])] += eval(HELD, {}, values)
    return dict(found)


def make_return(bought: dict[str, Any], amount_minor: int) -> dict[str, Any]:
    return {
        "reference": f"B-{bought['id']}",
        "source": "store-1/till-1",
        "purchase": {"id": bought["id"]},
        "occurred_at": "2026-03-06T09:00:00Z",
        "amount_minor": amount_minor,
    }


async def test_a_late_purchase_marks_its_day_as_restated_and_one_in_time_does_not(
    shop: Shop, database: Database
) -> None:
    member = shop.enrol()
    shop.set_clock("2026-03-05T10:00:00Z")
    shop.buy(member, 100, occurred_at="2026-03-05T09:00:00Z")
    shop.post(make_purchase(member["card"], 100, occurred_at="2026-03-04T22:59:59Z"))  # the day before, in Berlin
    rows = await kept(database, await project(database, shop))
    marks = {row["day"].isoformat(): row["restated_at"] is not None for row in rows["program_days"] if row["purchases"]}
    assert marks == {"2026-03-05": False, "2026-03-04": True}
