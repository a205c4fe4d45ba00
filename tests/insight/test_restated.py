"""Figures that were read before: what comes late, is merged or parted, changes the past at once and in every figure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.kernel.database import Database
from tests.insight.story import done
from tests.make.insight import ask, kept, points_of, project
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

YEAR = {"from_": "2028-01-01", "to": "2028-06-30", "through": "2028-06-30"}
OF_PEOPLE = ("active_members", "new_members", "returned_members", "alive_members", "lapsed_members")
OF_PEOPLE += ("reactivated_members",)


@pytest.fixture
def summer(shop: Shop) -> Shop:
    shop.set_clock("2028-07-01T10:00:00Z")
    return shop


def enrol(shop: Shop) -> dict[str, Any]:
    return shop.enrol(enrolled_at="2027-12-01T10:00:00Z")


def buy(shop: Shop, member: dict[str, Any], *days: str) -> list[dict[str, Any]]:
    return [shop.buy(member, 500, occurred_at=day if "T" in day else f"{day}T10:00:00Z") for day in days]


def values(shop: Shop, slug: str, **query: Any) -> list[Any]:
    return [each["value"] for each in points_of(shop, slug, **YEAR | query)]


def cohorts(shop: Shop) -> dict[str, list[Any]]:
    return {each["cohort"]: each["cells"] for each in ask(shop, "cohorts", **YEAR)["cohorts"]}


async def test_a_purchase_from_between_closes_a_gap_of_long_ago(summer: Shop, database: Database) -> None:
    member = enrol(summer)
    buy(summer, member, "2028-01-10", "2028-05-10")
    await project(database, summer)
    assert values(summer, "lapsed_members") == [0, 0, 1, 0, 0, 0]
    assert values(summer, "reactivated_members") == [0, 0, 0, 0, 1, 0]
    assert values(summer, "returned_members") == [0, 0, 0, 0, 1, 0]
    assert values(summer, "repeat_rate") == [0, None, None, None, None, None]
    assert values(summer, "retention") == [0, None, None, None, 0, None]
    buy(summer, member, "2028-02-29")
    await project(database, summer)
    assert values(summer, "lapsed_members") == [0, 0, 0, 1, 0, 0]  # 56 days behind the leap day
    assert values(summer, "returned_members") == [0, 0, 0, 0, 1, 0]
    assert values(summer, "repeat_rate") == [1, None, None, None, None, None]
    assert values(summer, "retention") == [1, 0, None, None, 0, None]
    assert cohorts(summer) == {
        "2028-01": [1, 1, 0, 0, 1, 0],
        **{f"2028-0{month}": [0] * (7 - month) + [None] * (month - 1) for month in range(2, 7)},
    }
    assert all(each["restated"] for each in points_of(summer, "lapsed_members", **YEAR)[2:4])


async def test_an_earlier_first_purchase_moves_all_months_to_another_cohort_and_its_void_back(
    summer: Shop, database: Database
) -> None:
    member = enrol(summer)
    buy(summer, member, "2028-03-10", "2028-03-10", "2028-04-10")
    program = await project(database, summer)
    before = await kept(database, program)
    assert cohorts(summer)["2028-03"][:2] == [1, 1]
    (early,) = buy(summer, member, "2028-01-31T22:59:59Z")  # the last second of January in Berlin
    await project(database, summer)
    assert cohorts(summer)["2028-01"] == [1, 0, 1, 1, 0, 0]
    assert values(summer, "new_members") == [1, 0, 0, 0, 0, 0]
    done(summer, f"/v1/purchases/{early['id']}/void")
    await project(database, summer)
    assert cohorts(summer)["2028-03"][:2] == [1, 1]
    assert (await kept(database, program))["counts"] == before["counts"]


async def test_two_who_bought_in_turn_are_one_who_stayed_until_they_are_parted(
    summer: Shop, database: Database
) -> None:
    one, other = enrol(summer), enrol(summer)
    buy(summer, one, "2028-01-10", "2028-03-10", "2028-05-10")
    buy(summer, other, "2028-02-10", "2028-04-10")
    program = await project(database, summer)
    before, apart = {slug: values(summer, slug) for slug in OF_PEOPLE}, await kept(database, program)
    assert values(summer, "retention")[:4] == [0, 0, 0, 0]
    merged = done(summer, f"/v1/members/{one['id']}/merge", {"into": other["id"]})
    await project(database, summer)
    assert values(summer, "retention")[:4] == [1, 1, 1, 1]
    assert {slug: values(summer, slug) for slug in OF_PEOPLE} == {
        "active_members": [1, 1, 1, 1, 1, 0],
        "new_members": [1, 0, 0, 0, 0, 0],
        "returned_members": [0, 0, 0, 0, 0, 0],
        "alive_members": [1, 1, 1, 1, 1, 1],
        "lapsed_members": [0, 0, 0, 0, 0, 0],
        "reactivated_members": [0, 0, 0, 0, 0, 0],
    }
    assert values(summer, "active_rate") == [1, 1, 1, 1, 1, 0]
    assert values(summer, "enrolments", from_="2027-12-01") == [1, 0, 0, 0, 0, 0, 0]
    done(summer, f"/v1/merges/{merged['id']}/undo")
    await project(database, summer)
    assert {slug: values(summer, slug) for slug in OF_PEOPLE} == before
    assert (await kept(database, program))["counts"] == apart["counts"]


@pytest.mark.parametrize(
    ("back", "lapsed"), [("2028-04-27T21:59:59Z", 0), ("2028-04-27T22:00:00Z", 0), ("2028-04-28T22:00:00Z", 1)]
)
async def test_56_days_are_days_of_the_wall_also_where_the_clock_is_changed_among_them(
    summer: Shop, database: Database, back: str, lapsed: int
) -> None:
    buy(summer, enrol(summer), "2028-03-03T22:59:59Z", back)  # the last second of 3 March; 28 April is 56 days on
    await project(database, summer)
    assert values(summer, "lapsed_members")[3] == lapsed
    assert values(summer, "reactivated_members")[3] == lapsed
    assert values(summer, "alive_members", period="day", from_="2028-04-27", to="2028-04-29") == [1, 1 - lapsed, 1]


async def test_what_a_till_sends_twice_and_a_batch_that_is_told_twice_counts_once(
    summer: Shop, database: Database
) -> None:
    member = enrol(summer)
    body = make_purchase(member["card"], 500, reference="R-1", occurred_at="2028-03-10T10:00:00Z")
    for _ in range(2):
        summer.post(body)
        await project(database, summer)
    assert values(summer, "active_members") == [0, 0, 1, 0, 0, 0]
    assert values(summer, "repeat_rate") == [None, None, 0, None, None, None]
    assert values(summer, "purchases") == [0, 0, 1, 0, 0, 0]


async def test_who_closes_in_a_month_is_no_active_member_of_it_and_who_enrolled_later_is_none_before(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    summer = make_shop(purchases={"before_enrolment": "earn"})
    summer.set_clock("2028-07-01T10:00:00Z")
    stays, leaves = enrol(summer), enrol(summer)
    comes = summer.enrol(enrolled_at="2028-05-02T10:00:00Z")
    for member in (stays, leaves, comes):
        buy(summer, member, "2028-04-10", "2028-05-01", "2028-06-10")
    done(summer, f"/v1/members/{leaves['id']}/close", {"reason": "x"})
    await project(database, summer)
    july = {"to": "2028-07-01", "through": "2028-07-01", "from_": "2028-04-01"}
    points = points_of(summer, "active_rate", **july)
    assert [(each["numerator"], each["denominator"]) for each in points] == [(2, 2), (3, 3), (3, 3), (0, 2)]
    buy(summer, stays, "2028-07-01T08:00:00Z")
    await project(database, summer)
    assert points_of(summer, "active_rate", **july)[-1]["numerator"] == 1
