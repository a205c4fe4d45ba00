"""GET /v1/members/{member_id}/loyalty and GET /v1/insight/members: what a CRM is told."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from typing import Any

import pytest
from scipy.special import hyp2f1

from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.valuer import Valuer
from tests.make.habits import buy_now_and_then, work_out
from tests.make.problem import problem
from tests.make.shop import Shop

FIRST, LAST = date(2025, 3, 1), date(2026, 3, 1)  # the shop's present is the day after


def record(shop: Shop, member: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = shop.call("GET", f"/v1/members/{member['id']}/loyalty", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def stage(shop: Shop, database: Database, member: dict[str, Any]) -> str:
    await work_out(database)
    return record(shop, member)["ladder_stage"]


async def test_a_member_is_worth_what_the_published_formulas_say(shop: Shop, database: Database) -> None:
    members, days = buy_now_and_then(shop, 200, first=FIRST, last=LAST)
    await work_out(database)
    await Valuer(database, clock=now).round()
    model = shop.call("GET", "/v1/insight/lifetime-value").json()["model"]
    r, alpha, a, b, p, q, gamma = (model[name] for name in ("r", "alpha", "a", "b", "p", "q", "gamma"))
    seen = max(range(len(members)), key=lambda index: len(days[index])), 0, 1, 2
    for member, mine in ((members[index], days[index]) for index in seen):
        told = record(shop, member)
        x, first, last = len(mine) - 1, min(mine), max(mine)
        t_x, time, ahead = (last - first).days / 7, (LAST - first).days / 7, 365 / 7
        odds = a / (b + x - 1) * ((alpha + time) / (alpha + t_x)) ** (r + x) if x else 0
        series = hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + time + ahead))
        grown = 1 - ((alpha + time) / (alpha + time + ahead)) ** (r + x) * series
        sales = sum(mine[day] for day in sorted(mine)[1:]) / 100
        spend = p * (gamma + sales) / (p * x + q - 1) * 100
        value = told["value"]
        assert value["p_alive"] == pytest.approx(1 / (1 + odds))
        assert value["expected_purchases"] == pytest.approx((a + b + x - 1) / (a - 1) * grown / (1 + odds), rel=1e-5)
        assert value["expected_spend"] == pytest.approx(spend, abs=1)
        assert value["bought_once"] == (x == 0)
        year = value["expected_purchases"] * value["expected_spend"]
        assert year / 1.1 < value["lifetime_value_minor"] < 3 * year
        assert record(shop, member, margin="0.25")["value"]["lifetime_value_minor"] == pytest.approx(
            value["lifetime_value_minor"] / 4, abs=1
        )
        sums = {"purchases": told["facts"]["purchases"], "sales": told["facts"]["sales_minor"]}
        assert sums["sales"] == sum(mine.values())
        assert (told["facts"]["first_purchase_on"], told["facts"]["last_purchase_on"]) == (str(first), str(last))
        assert told["facts"]["average_minor"] == pytest.approx(sums["sales"] / sums["purchases"])
        since = (LAST + timedelta(days=1) - last).days
        assert (told["risk"]["days_since_purchase"], told["risk"]["lapsed"]) == (since, since >= 56)
    assert (told["model_as_of"], told["value_fault"], told["as_of"]) == ("2026-03-01", None, "2026-03-02")


async def test_points_and_tier_are_those_of_this_moment(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    await work_out(database)
    told = record(shop, member)
    assert (told["points"]["available"], told["points"]["lifetime_earned"]) == (600, 600)
    assert (told["tier"]["code"], told["tier"]["next"]) == ("silver", {"code": "gold", "missing": 90_000})
    assert told["facts"]["purchases_365"] == 1
    assert told["number"] == member["number"]


async def test_who_never_bought_is_a_prospect_without_value_or_risk(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    await work_out(database)
    told = record(shop, member)
    assert (told["ladder_stage"], told["value"], told["rfm"], told["risk"]["level"]) == ("prospect", None, None, None)
    assert told["value_fault"] == "fewer than 10 members bought on more than one day"
    assert told["facts"] == {
        "enrolled_on": "2020-01-01",
        "first_purchase_on": None,
        "last_purchase_on": None,
        "purchases": 0,
        "sales_minor": 0,
        "average_minor": None,
        "purchases_365": 0,
        "sales_365_minor": 0,
    }


async def test_scores_are_those_of_the_grid(shop: Shop, database: Database) -> None:
    members = [shop.enrol() for _ in range(5)]
    for number, member in enumerate(members):
        for _ in range(number + 1):
            shop.buy(member, 1_000 * (5 - number) ** 3, occurred_at=f"2026-0{1 + number // 4}-{10 + number}T10:00:00Z")
    await work_out(database)
    scores = [record(shop, member)["rfm"] for member in members]
    assert [(each["r"], each["f"]) for each in scores] == [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)]
    assert [each["m"] for each in scores] == [4, 5, 3, 2, 1]  # 125,000, 128,000, 81,000 …


async def test_the_ladder_is_climbed_by_purchases_and_by_advocacy_that_nobody_asked_for(
    shop: Shop, database: Database
) -> None:
    member = shop.enrol()
    shop.engage(member, "review.written", data={"solicited": False})
    assert await stage(shop, database, member) == "prospect"
    quiet = shop.enrol()
    first = shop.buy(quiet)
    assert await stage(shop, database, quiet) == "purchaser"
    shop.buy(quiet)
    assert await stage(shop, database, quiet) == "customer"
    shop.engage(quiet, "app.opened", data={"solicited": False})
    shop.engage(quiet, "review.written", data={"solicited": True})
    shop.engage(quiet, "review.written")
    assert await stage(shop, database, quiet) == "member"
    shop.engage(quiet, "share", data={"solicited": False})
    assert await stage(shop, database, quiet) == "raving_fan"
    once = shop.enrol()
    gone = shop.buy(once)
    body = {"reference": "B-1", "source": "till-1", "purchase": {"id": gone["id"]}, "all": True}
    assert shop.call("POST", "/v1/returns", body | {"occurred_at": "2026-03-02T11:00:00Z"}).status_code == 201
    assert await stage(shop, database, once) == "prospect"
    assert first["id"] != gone["id"]


async def test_what_is_older_than_a_year_lifts_nobody(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    shop.buy(member, occurred_at="2025-03-02T10:00:00Z")
    shop.engage(member, "review.written", data={"solicited": False}, occurred_at="2025-03-02T10:00:00Z")
    shop.buy(member, occurred_at="2025-03-03T10:00:00Z")
    assert await stage(shop, database, member) == "purchaser"  # today among them, 365 days begin on 3 March


async def test_an_alias_is_told_as_its_survivor_with_what_both_did(shop: Shop, database: Database) -> None:
    kept, gone = shop.enrol(), shop.enrol()
    for member, amount in ((kept, 1_000), (gone, 2_500)):
        shop.buy(member, amount)
    shop.engage(gone, "share", data={"solicited": False})
    assert shop.call("POST", f"/v1/members/{gone['id']}/merge", {"into": kept["id"]}).status_code == 200
    await work_out(database)
    told = record(shop, gone)
    assert told == record(shop, kept)
    assert (told["id"], told["aliases"], told["facts"]["sales_minor"]) == (kept["id"], [gone["id"]], 3_500)
    assert told["ladder_stage"] == "raving_fan"


async def test_the_list_and_its_csv_say_of_each_member_what_the_record_says(shop: Shop, database: Database) -> None:
    members, _ = buy_now_and_then(shop, 120, first=FIRST, last=LAST)
    gone, erased = members[0], members[1]
    assert shop.call("POST", f"/v1/members/{gone['id']}/merge", {"into": members[2]["id"]}).status_code == 200
    assert shop.call("POST", f"/v1/members/{erased['id']}/erase").status_code == 204
    await work_out(database)
    await Valuer(database, clock=now).round()
    items, cursor = [], None
    while True:
        query = {"limit": 50} | ({"cursor": cursor} if cursor else {})
        page = shop.call("GET", "/v1/insight/members", params=query).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [each["member_id"] for each in items] == sorted(each["id"] for each in members[2:])
    for row in items[:3]:
        told = record(shop, {"id": row["member_id"]})
        value = {name: row[name] for name in ("p_alive", "expected_purchases", "expected_spend")}
        assert value == {name: pytest.approx(told["value"][name]) for name in value}
        assert {name: row[name] for name in ("r", "f", "m")} == told["rfm"]
        assert (row["ladder_stage"], row["risk"], row["tier"]) == (
            *(told["ladder_stage"], told["risk"]["level"], told["tier"]["code"]),
        )
    answer = shop.call("GET", "/v1/insight/members", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows == [{name: "" if value is None else str(value) for name, value in each.items()} for each in items]


def test_a_margin_that_is_no_share_is_refused(shop: Shop) -> None:
    member = shop.enrol()
    for margin in ("0", "0.0", "1.5", "-1", "nan", "30%", ""):
        for path in (f"/v1/members/{member['id']}/loyalty", "/v1/insight/members"):
            problem(shop.call("GET", path, params={"margin": margin}), 422, "request.invalid", "margin")
