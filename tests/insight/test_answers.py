"""What insight answers over HTTP beside its numbers: the catalogue, CSV, marks, and what it refuses."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.insights.catalogue import METRICS
from loyalty_api.kernel.database import Database
from tests.insight.story import done
from tests.make.insight import ask, points_of, project
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.shop import Shop
from tests.make.time import let_time_pass


def test_the_catalogue_says_of_every_metric_what_it_means(shop: Shop) -> None:
    items = ask(shop, "metrics")["items"]
    assert [each["slug"] for each in items] == [*METRICS]
    for each in items:
        assert all(each[name] for name in ("label", "unit", "definition", "version", "window", "owner")), each
        series = ask(shop, f"metrics/{each['slug']}")
        assert (series["definition"], series["unit"]) == (each["definition"], each["unit"])
        assert (series["time_zone"], series["through"]) == ("Europe/Berlin", "2026-03-02")
        for by in each["groups"]:
            assert ask(shop, f"metrics/{each['slug']}", by=by)["points"] == []  # no groups without anybody


def test_nothing_divided_by_nothing_is_null_and_nothing_counted_is_zero(shop: Shop) -> None:
    for metric in METRICS.values():
        if metric.slug.startswith("tier_"):
            assert points_of(shop, metric.slug) == []  # its points are of tiers, and nobody holds any
            continue
        point = points_of(shop, metric.slug)[-1]
        value = 0 if metric.kind == "count" else None
        assert (point["period"], point["value"], point["n"]) == ("2026-03", value, 0), metric.slug
        assert "low" not in point
        assert "group" not in point


async def test_csv_has_the_points_and_no_formulas(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    for store in ("=1+1", "1", None):
        shop.buy(member, 100, store=store)
    await project(database, shop)
    asked = "/v1/insight/metrics/purchases?by=store&from=2026-03-01"
    plain = shop.call("GET", f"{asked}&format=csv")
    assert plain.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(plain.text)))
    assert [(each["group"], each["value"], each["complete"]) for each in rows] == [
        ("1", "1", "false"),
        ("'=1+1", "1", "false"),
        ("", "1", "false"),
    ]
    assert shop.call("GET", asked, headers={"Accept": "text/csv"}).text == plain.text
    for accept in ("application/json", "*/*", "text/csv, application/json"):
        assert "points" in shop.call("GET", asked, headers={"Accept": accept}).json()
    assert "points" in shop.call("GET", f"{asked}&format=json", headers={"Accept": "text/csv"}).json()


async def test_a_purchase_that_came_after_its_month_had_been_read_restates_that_month(
    shop: Shop, database: Database
) -> None:
    member = shop.enrol()
    shop.set_clock("2026-03-31T21:00:00Z")
    shop.buy(member, 100, occurred_at="2026-03-31T20:00:00Z")
    await project(database, shop)
    asked = {"from_": "2026-02-01", "to": "2026-04-01"}
    before = points_of(shop, "sales", **asked)
    assert [(each["value"], each.get("restated")) for each in before] == [(0, None), (100, None)]
    shop.set_clock("2026-04-01T08:00:00Z")
    shop.post(make_purchase(member["card"], 40, occurred_at="2026-03-31T21:30:00Z"))
    shop.post(make_purchase(member["card"], 7, occurred_at="2026-03-31T22:30:00Z"))  # in April, in Berlin
    await project(database, shop)
    after = points_of(shop, "sales", **asked)
    assert [(each["value"], each.get("restated")) for each in after] == [(0, None), (140, True), (7, None)]
    retained = points_of(shop, "retention", **asked)
    assert [each.get("restated") for each in retained] == [True, True, None]  # February's is made of March's
    assert {each.get("restated") for each in points_of(shop, "points_redeemed", **asked)} == {None}  # by its recording


async def test_a_purchase_from_long_ago_restates_when_a_member_was_new(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    shop.buy(member, 100, occurred_at="2026-02-10T10:00:00Z")
    await project(database, shop)
    asked = {"from_": "2026-01-01", "to": "2026-03-01"}
    assert [each["value"] for each in points_of(shop, "new_members", **asked)] == [0, 1, 0]
    shop.buy(member, 100, occurred_at="2026-01-10T10:00:00Z")
    await project(database, shop)
    after = points_of(shop, "new_members", **asked)
    assert [(each["value"], each.get("restated")) for each in after] == [(1, True), (0, True), (0, None)]


async def test_a_void_takes_the_member_out_of_the_past_and_a_return_does_not(shop: Shop, database: Database) -> None:
    one, other = shop.enrol(), shop.enrol()
    voided, returned = (shop.buy(each, 500, occurred_at="2026-01-15T10:00:00Z") for each in (one, other))
    done(shop, f"/v1/purchases/{voided['id']}/void")
    back = {"reference": "b", "source": "s", "purchase": {"id": returned["id"]}, "all": True}
    done(shop, "/v1/returns", back | {"occurred_at": "2026-03-02T11:00:00Z"})
    await project(database, shop)
    asked = {"from_": "2026-01-01"}
    told = {slug: [each["value"] for each in points_of(shop, slug, **asked)] for slug in ("sales", "purchases")}
    assert told == {"sales": [500, 0, -500], "purchases": [1, 0, 0]}
    assert [each["value"] for each in points_of(shop, "active_members", **asked)] == [1, 0, 0]
    assert [each["value"] for each in points_of(shop, "alive_members", **asked)] == [1, 1, 1]


async def test_merged_members_are_read_as_one_and_apart_again_when_that_is_undone(
    shop: Shop, database: Database
) -> None:
    one, other = shop.enrol(), shop.enrol()
    for member in (one, other):
        shop.buy(member, 500, occurred_at="2026-02-15T10:00:00Z")
    merged = done(shop, f"/v1/members/{one['id']}/merge", {"into": other["id"]})
    await project(database, shop)
    asked = {"from_": "2026-02-01", "to": "2026-02-28"}
    slugs = ("purchases", "active_members", "new_members")
    assert [points_of(shop, slug, **asked)[0]["value"] for slug in slugs] == [2, 1, 1]
    assert points_of(shop, "active_rate", **asked)[0]["denominator"] == 1
    done(shop, f"/v1/merges/{merged['id']}/undo")
    await project(database, shop)
    assert [points_of(shop, slug, **asked)[0]["value"] for slug in slugs] == [2, 2, 2]
    assert points_of(shop, "active_rate", **asked)[0]["denominator"] == 2


async def test_who_is_closed_is_no_longer_of_the_enrolled(shop: Shop, database: Database) -> None:
    members = [shop.enrol() for _ in range(3)]
    done(shop, f"/v1/members/{members[0]['id']}/close", {"reason": "x"})
    done(shop, f"/v1/members/{members[1]['id']}/suspend", {"reason": "x"})
    await project(database, shop)
    rates = points_of(shop, "active_rate", from_="2026-02-01")
    assert [each["denominator"] for each in rates] == [3, 2]


async def test_another_programs_figures_are_not_mixed_in(make_shop: Callable[..., Shop], database: Database) -> None:
    shop, other = make_shop(), make_shop()
    for each, count in ((shop, 1), (other, 2)):
        for _ in range(count):
            each.buy(each.enrol(), 100, store="1")
        await project(database, each)
    for each, count in ((shop, 1), (other, 2)):
        for slug in ("purchases", "active_members", "new_members", "alive_members", "enrolments"):
            points = points_of(each, slug, from_="2020-01-01")
            assert sum(point["value"] for point in points if point["value"]) == count, slug
        assert points_of(each, "active_rate")[-1]["denominator"] == count
        assert points_of(each, "purchases", by="store")[-1]["value"] == count
        assert ask(each, "cohorts")["cohorts"][-1]["size"] == count
        assert sum(cell["members"] for cell in ask(each, "rfm")["cells"]) == count


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("metrics/nothing", {}, "slug"),
    ("metrics/sales", {"by": "colour"}, "by"),
    ("metrics/alive_members", {"by": "store"}, "by"),
    ("metrics/repeat_rate", {"by": "tier"}, "by"),
    ("metrics/sales", {"period": "quarter"}, "period"),
    ("metrics/sales", {"from": "2026-02-30"}, "from"),
    ("metrics/sales", {"from": "20260201"}, "from"),
    ("metrics/sales", {"from": "0001-01-01"}, "from"),
    ("metrics/sales", {"to": "9999-12-31", "from": "2026-13-01"}, "to,from"),
    ("metrics/sales", {"from": "2026-03-02", "to": "2026-03-01"}, "from"),
    ("metrics/sales", {"from": "2026-03-03", "to": "2026-05-01"}, "from"),
    ("metrics/sales", {"through": "2026-03-03"}, "through"),
    ("metrics/sales", {"from": "2020-01-01", "period": "day"}, "from"),
    ("metrics/sales", {"from": "1900-01-01", "period": "month"}, "from"),
    ("metrics/sales", {"window_days": "56"}, "window_days"),
    ("metrics/lapsed_members", {"window_days": "0"}, "window_days"),
    ("metrics/lapsed_members", {"window_days": "\u0665"}, "window_days"),
    ("metrics/repeat_rate", {"within_days": "3651"}, "within_days"),
    ("metrics/sales", {"format": "xml"}, "format"),
    ("metrics/sales", {"nonsense": "1"}, "nonsense"),
    ("cohorts", {"from": "x"}, "from"),
    ("cohorts", {"period": "week"}, "period"),
    ("rfm", {"scoring": "best"}, "scoring"),
    ("rfm", {"look_back_days": "-1"}, "look_back_days"),
]


@pytest.mark.parametrize(("path", "query", "fields"), WRONG)
def test_what_cannot_be_asked_is_refused_by_name(shop: Shop, path: str, query: dict[str, Any], fields: str) -> None:
    answer = shop.call("GET", f"/v1/insight/{path}", params=query)
    problem(answer, 422, "request.invalid", *fields.split(","))


def test_at_the_ends_of_the_calendar_there_are_answers(shop: Shop, database_url: str) -> None:
    for path in ("metrics/retention", "metrics/alive_members", "metrics/repeat_rate", "metrics/returned_members"):
        for query in ({"from": "1900-01-01", "to": "1900-02-01", "through": "1900-02-01"}, {"through": "1900-01-01"}):
            for period in ("month", "week", "day"):
                answer = shop.call("GET", f"/v1/insight/{path}", params=query | {"period": period})
                assert answer.status_code == 200, answer.text
    let_time_pass(database_url, shop, "8999-12-31T23:59:59Z")
    for path in ("metrics/alive_members", "metrics/repeat_rate", "metrics/retention", "cohorts", "rfm"):
        assert shop.call("GET", f"/v1/insight/{path}").status_code == 200
