"""Metrics of points in stories worked out by hand: a point costs 0.90 cents, lives for 60 days, and is warned of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.kernel.database import Database
from tests.make.insight import ask, points_of, project
from tests.make.purchase import make_purchase
from tests.make.reward import make_reward
from tests.make.shop import Shop

POINTS = {"expiry": {"days": 60}, "cost_minor_per_100": 90, "notice_days": 14}
REWARDS = [make_reward("five-off"), make_reward("one-off", points=100, money_off={"amount_minor": 100})]


@pytest.fixture
def story(make_shop: Callable[..., Shop]) -> Shop:
    """January: 1,000 and 400 points are earned, 500 redeemed; February: 200 earned, 100 of January's redeemed; the rest
    of January's expires on 11 March. It is 16 March."""
    shop = make_shop(points=POINTS, rewards=REWARDS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    ada, ben = shop.enrol(), shop.enrol()
    shop.buy(ada, 100_000, occurred_at="2026-01-10T10:00:00Z")
    shop.buy(ben, 40_000, occurred_at="2026-01-10T11:00:00Z")
    shop.set_clock("2026-01-20T12:00:00Z")
    shop.redeem(ada)
    shop.set_clock("2026-02-05T12:00:00Z")
    shop.buy(ada, 20_000, occurred_at="2026-02-05T10:00:00Z")
    shop.redeem(ben, "one-off")
    shop.set_clock("2026-03-16T12:00:00Z")
    return shop


def values(shop: Shop, slug: str, *, of: str = "value", **query: Any) -> list[Any]:
    return [each[of] for each in points_of(shop, slug, **{"from_": "2026-01-01"} | query)]


async def test_a_months_points_are_issued_redeemed_and_expired(story: Shop, database: Database) -> None:
    await project(database, story)
    assert values(story, "points_issued") == [1400, 200, 0]
    assert values(story, "points_redeemed") == [500, 100, 0]
    assert values(story, "points_expired") == [0, 0, 800]
    assert values(story, "points_outstanding") == [900, 1000, 200]
    assert values(story, "burn_ratio") == [pytest.approx(500 / 1400), 0.5, None]


async def test_rates_are_those_of_months_whose_points_have_all_met_their_end(story: Shop, database: Database) -> None:
    await project(database, story)
    assert values(story, "redemption_rate") == [pytest.approx(600 / 1400), None, None]
    assert values(story, "breakage") == [pytest.approx(800 / 1400), None, None]
    january, february, march = points_of(story, "redemption_rate", from_="2026-01-01")
    assert (january["numerator"], january["denominator"], january["n"], january["complete"]) == (600, 1400, 1400, True)
    assert (february["numerator"], february["denominator"], february["complete"]) == (None, 200, False)
    assert (march["numerator"], march["denominator"]) == (0, 0)


async def test_the_day_before_the_last_point_expires_nothing_is_known(story: Shop, database: Database) -> None:
    await project(database, story)
    assert values(story, "redemption_rate", through="2026-03-10") == [None, None, None]
    assert values(story, "redemption_rate", through="2026-03-11")[0] == pytest.approx(600 / 1400)


async def test_points_that_were_all_redeemed_early_are_known_when_they_would_have_expired(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points=POINTS, rewards=REWARDS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    member = shop.enrol()
    shop.buy(member, 50_000, occurred_at="2026-01-10T10:00:00Z")
    shop.redeem(member)
    shop.set_clock("2026-03-16T12:00:00Z")
    await project(database, shop)
    assert values(shop, "redemption_rate", through="2026-03-10") == [None, None, None]
    assert values(shop, "redemption_rate", through="2026-03-11") == [1.0, None, None]


async def test_points_that_never_expire_are_never_matured(make_shop: Callable[..., Shop], database: Database) -> None:
    shop = make_shop(rewards=REWARDS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    member = shop.enrol()
    shop.buy(member, 50_000, occurred_at="2026-01-10T10:00:00Z")
    shop.redeem(member)
    await project(database, shop)
    assert values(shop, "redemption_rate") == [None]
    assert values(shop, "breakage") == [None]


async def test_what_a_return_took_back_was_not_issued_and_what_it_gave_back_not_redeemed(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points=POINTS, rewards=REWARDS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    member = shop.enrol()
    kept, gone = (shop.buy(member, 60_000, occurred_at="2026-01-10T10:00:00Z") for _ in range(2))
    used = shop.redeem(member)
    paid = shop.buy(member, 10_000, occurred_at="2026-01-10T11:00:00Z", redemptions=[used["id"]])
    for number, purchase in enumerate((gone, paid)):
        body = {"reference": f"B-{number}", "source": "till-1", "purchase": {"id": purchase["id"]}, "all": True}
        answer = shop.call("POST", "/v1/returns", body | {"occurred_at": "2026-01-10T11:30:00Z"})
        assert answer.status_code == 201, answer.text
    assert kept["points"]["earned"] == 600
    await project(database, shop)
    issued, redeemed = 600, 0
    left = shop.member(member["id"])["points"]["available"]
    shop.set_clock("2026-04-16T12:00:00Z")
    await project(database, shop)
    assert left == issued - redeemed
    assert values(shop, "points_redeemed")[0] == 0
    assert values(shop, "breakage", to="2026-01-31") == [1.0]
    assert values(shop, "breakage", of="denominator", to="2026-01-31") == [600]


async def test_the_liability_is_what_points_of_that_age_came_to(story: Shop, database: Database) -> None:
    """Of January's points that were there in February, 900, a ninth was redeemed: so it will be of February's 200."""
    await project(database, story)
    told = ask(story, "liability", from_="2026-01-01")
    assert told["by_age"] == [
        {
            "age_months": 1,
            "points": 200,
            "expected_redemption": pytest.approx(1 / 9),
            "assumed": False,
            "liability_minor": 20,  # 200 / 9 * 0.9
        }
    ]
    assert (told["liability_minor"], told["cost_minor_per_100"], told["currency"]) == (20, 90, "EUR")
    assert (told["points_outstanding"], told["points_in_lots"], told["points_owed"]) == (200, 200, 0)
    assert told["expected_redemption"] == pytest.approx(1 / 9)
    assert values(story, "liability") == [810, 900, 20]  # nothing had matured: all of it was expected


async def test_what_is_recorded_later_changes_no_liability_of_a_day_before(story: Shop, database: Database) -> None:
    """In the middle of March January has met its end. A receipt of January that comes in April puts that off, from
    then on: what the points of March's end cost is what was known at its end."""
    story.set_clock("2026-04-20T12:00:00Z")
    await project(database, story)
    asked = {"from_": "2026-03-16", "period": "day"}
    before = values(story, "liability", **asked)[0]
    story.post(make_purchase(story.enrol()["card"], 30_000, occurred_at="2026-01-12T10:00:00Z"))
    await project(database, story)
    assert before == ask(story, "liability", through="2026-03-16")["liability_minor"] == 20
    assert values(story, "liability", **asked)[0] == before


@pytest.mark.parametrize("how", ["void", "return", "merge"])
async def test_points_that_never_came_to_be_keep_no_month_from_being_known(
    make_shop: Callable[..., Shop], database: Database, how: str
) -> None:
    """What waits for its parcel ends with the purchase that is called off, and goes with the member who is merged."""
    shop = make_shop(points=POINTS | {"pending": {"until": "shipped"}}, rewards=REWARDS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    members = [shop.enrol(), shop.enrol()]
    bought = [shop.buy(each, 20_000, occurred_at="2026-01-10T10:00:00Z") for each in members]
    if how == "void":
        assert shop.call("POST", f"/v1/purchases/{bought[1]['id']}/void").status_code == 201
    elif how == "return":
        give_back(shop, bought[1], occurred_at="2026-01-10T11:00:00Z")
    else:
        answer = shop.call("POST", f"/v1/members/{members[1]['id']}/merge", {"into": members[0]["id"]})
        assert answer.status_code == 200, answer.text
    for purchase in bought if how == "merge" else bought[:1]:
        about = {"data": {"purchase": {"id": purchase["id"]}}, "occurred_at": "2026-01-10T11:30:00Z"}
        shop.engage(members[0], "shipped", **about)
    shop.redeem(members[0], "one-off")
    shop.set_clock("2026-03-10T22:59:59Z")
    await project(database, shop)
    assert values(shop, "redemption_rate", to="2026-01-31") == [None]
    shop.set_clock("2026-03-16T12:00:00Z")
    await project(database, shop)
    assert values(shop, "redemption_rate", to="2026-01-31") == [0.25 if how == "merge" else 0.5]


async def test_the_movements_lead_from_opening_to_closing(story: Shop, database: Database) -> None:
    await project(database, story)
    none = {"brought_along": 0, "taken_back": 0, "adjusted": 0}
    assert ask(story, "liability", from_="2026-01-01")["movements"] == [
        {"month": "2026-01", "opening": 0, "earned": 1400, "redeemed": 500, "expired": 0, "closing": 900} | none,
        {"month": "2026-02", "opening": 900, "earned": 200, "redeemed": 100, "expired": 0, "closing": 1000} | none,
        {"month": "2026-03", "opening": 1000, "earned": 0, "redeemed": 0, "expired": 800, "closing": 200} | none,
    ]
    assert ask(story, "liability", from_="2026-03-01")["movements"][0]["opening"] == 1000


@pytest.mark.parametrize("void", [False, True], ids=["returned", "voided"])
async def test_points_that_expired_do_not_leave_again_with_their_purchase(
    make_shop: Callable[..., Shop], database: Database, void: bool
) -> None:
    shop = make_shop(points=POINTS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    member = shop.enrol()
    bought = make_purchase(member["card"], 40_000, occurred_at="2026-01-10T10:00:00Z")
    purchase = shop.post(bought).json()
    shop.set_clock("2026-03-16T12:00:00Z")
    if void:
        answer = shop.call("POST", f"/v1/purchases/{purchase['id']}/void", {"reference": "V-1", "reason": "a slip"})
    else:
        back = {"reference": "B-1", "source": bought["source"], "purchase": {"id": purchase["id"]}, "all": True}
        answer = shop.call("POST", "/v1/returns", back | {"occurred_at": "2026-03-16T11:00:00Z"})
    assert answer.status_code == 201, answer.text
    await project(database, shop)
    march = ask(shop, "liability", from_="2026-03-01")["movements"][0]
    assert (march["opening"], march["expired"], march["taken_back"], march["closing"]) == (400, 400, 0, 0)
    assert values(shop, "points_outstanding") == [400, 400, 0]


async def test_the_figures_are_what_members_hold_to_the_point(shop: Shop, database: Database) -> None:
    """A debt, a reservation, adjustments, one undone, a merge, and a late receipt of the month before."""
    shop.publish(rewards=REWARDS, points={"expiry": {"days": 90}})
    members = [shop.enrol() for _ in range(4)]
    bought = [shop.buy(member, 70_000) for member in members]
    for member in members[:3]:
        shop.redeem(member, complete=member is not members[1])
    body = {"reference": "B-1", "source": "till-1", "purchase": {"id": bought[0]["id"]}, "all": True}
    answer = shop.call("POST", "/v1/returns", body | {"occurred_at": "2026-03-02T11:00:00Z"})
    assert answer.status_code == 201, answer.text
    ids = []
    for points in (250, -30):
        path = f"/v1/members/{members[3]['id']}/points/adjustments"
        answer = shop.call("POST", path, {"reference": f"A{points}", "points": points, "reason": "goodwill"})
        assert answer.status_code == 201, answer.text
        ids.append(answer.json()["id"])
    assert shop.call("POST", f"/v1/adjustments/{ids[0]}/reverse", {"reason": "mistaken"}).status_code == 200
    assert shop.call("POST", f"/v1/members/{members[2]['id']}/merge", {"into": members[3]["id"]}).status_code == 200
    assert shop.post(make_purchase(members[3]["card"], 5_000, occurred_at="2026-02-20T10:00:00Z")).status_code == 201
    await project(database, shop)
    read = [shop.member(members[index]["id"])["points"] for index in (0, 1, 3)]
    held = sum(each["available"] + each["pending"] + each["reserved"] for each in read)
    told = ask(shop, "liability", from_="2026-02-01")
    assert told["movements"][-1]["closing"] == told["points_outstanding"] == held
    assert values(shop, "points_outstanding", from_="2026-02-01") == [0, held]
    assert values(shop, "points_issued", from_="2026-02-01") == [50, 2800]
    assert told["points_owed"] == 500
    async with database.reader() as connection:
        lots = "SELECT sum(remaining) FROM lots WHERE member_id = ANY($1::uuid[])"
        assert await connection.fetchval(lots, [each["id"] for each in members]) == told["points_in_lots"]


@pytest.mark.parametrize(("notice_days", "unwarned"), [(14, 0), (15, 0), (13, 800)])
async def test_points_are_warned_of_by_a_notice_of_14_days(
    make_shop: Callable[..., Shop], database: Database, notice_days: int, unwarned: int
) -> None:
    shop = make_shop(points=POINTS | {"notice_days": notice_days}, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    shop.buy(shop.enrol(), 80_000, occurred_at="2026-01-10T10:00:00Z")
    shop.set_clock("2026-03-16T12:00:00Z")
    await project(database, shop)
    march = points_of(shop, "unwarned_breakage", from_="2026-02-01")[1]
    assert (march["numerator"], march["denominator"], march["value"]) == (unwarned, 800, unwarned / 800)
    assert values(shop, "unwarned_breakage", to="2026-02-28") == [None, None]


async def test_whoever_was_merged_counts_once_and_was_warned_as_whom_they_were(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    """The alias is warned 20 days before, and merged 10 days before: what the survivor is told then comes too late."""
    shop = make_shop(points=POINTS | {"notice_days": 20}, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    one, two, other = shop.enrol(), shop.enrol(), shop.enrol()
    for member in (one, two, other):
        shop.buy(member, 10_000, occurred_at="2026-01-10T10:00:00Z")
    shop.set_clock("2026-03-01T12:00:00Z")
    assert shop.call("POST", f"/v1/members/{two['id']}/merge", {"into": one["id"]}).status_code == 200
    shop.set_clock("2026-03-16T12:00:00Z")
    await project(database, shop)
    march = points_of(shop, "unwarned_breakage", from_="2026-03-01")[0]
    assert (march["numerator"], march["denominator"], march["n"]) == (0, 300, 2)


async def test_members_who_were_merged_after_their_points_expired_count_once_too(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(points=POINTS, tiers=None)
    shop.set_clock("2026-01-10T12:00:00Z")
    one, two = shop.enrol(), shop.enrol()
    for member in (one, two):
        shop.buy(member, 10_000, occurred_at="2026-01-10T10:00:00Z")
    shop.set_clock("2026-03-16T12:00:00Z")
    assert shop.call("POST", f"/v1/members/{two['id']}/merge", {"into": one["id"]}).status_code == 200
    await project(database, shop)
    assert values(shop, "unwarned_breakage", of="n", from_="2026-03-01") == [1]


async def test_debts_are_those_of_the_ledger_while_events_wait_to_be_read(shop: Shop, database: Database) -> None:
    """700 points are earned and 500 spent, then the purchase goes back: 500 are owed, and no event of it is read."""
    shop.publish(rewards=REWARDS, points={"expiry": {"days": 90}})
    member = shop.enrol()
    bought = shop.buy(member, 70_000)
    for read in (False, True):
        if read:
            await project(database, shop)
        told = ask(shop, "liability")
        assert (told["points_in_lots"], told["points_owed"], told["points_outstanding"]) == (700, 0, 700)
    shop.redeem(member)
    give_back(shop, bought)
    told = ask(shop, "liability")
    assert told["points_outstanding"] == told["points_in_lots"] - told["points_owed"]
    assert told["points_owed"] in (0, 500)  # as far as the ledger was looked at, never what the events lack
    await project(database, shop)
    told = ask(shop, "liability")
    assert (told["points_in_lots"], told["points_owed"], told["points_outstanding"]) == (0, 500, -500)
    assert told["movements"][-1]["closing"] == -500


def give_back(shop: Shop, bought: dict[str, Any], *, occurred_at: str = "2026-03-02T11:00:00Z") -> None:
    """All of it is returned."""
    body = {"reference": f"B-{bought['id']}", "source": "till-1", "purchase": {"id": bought["id"]}, "all": True}
    answer = shop.call("POST", "/v1/returns", body | {"occurred_at": occurred_at})
    assert answer.status_code == 201, answer.text
