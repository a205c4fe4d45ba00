"""Cohorts, and recency, frequency and monetary value, against a naive model."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from loyalty_api.domain.programs.queries import program_ids
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.kernel.clock import now as real_now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.grader import Grader
from tests.insight.naive import DAY, Naive
from tests.insight.story import live, make_story
from tests.make.insight import ask, project
from tests.make.problem import problem
from tests.make.shop import Shop

FROM = {"from_": "2027-08-01"}


@pytest.fixture(scope="module")
async def told(http: Any, operator_key: str, database: Database) -> tuple[Shop, Naive]:
    """One half year for all tests, and the model of it."""
    shop, story = Shop.open(http, operator_key, {}), make_story(8, purchases=120)
    live(shop, story)
    await project(database, shop)
    return shop, Naive(story)


def month_after(label: str, count: int) -> str:
    year, month = int(label[:4]), int(label[5:]) - 1 + count
    return f"{year + month // 12}-{month % 12 + 1:02}"


@pytest.mark.parametrize("through", ["2028-03-31", "2028-04-10", "2028-02-29", "2027-10-15"])
def test_the_cells_of_a_cohort_are_who_bought_in_each_month_and_null_where_it_is_not_over(
    told: tuple[Shop, Naive], through: str
) -> None:
    shop, model = told
    answer = ask(shop, "cohorts", through=through, **FROM)
    known = [each for each in model.bought if each[1].isoformat() <= through]
    months: dict[str, set[str]] = {}
    for who, day, *_ in known:
        months.setdefault(day.isoformat()[:7], set()).add(who)
    last, over = through[:7], {"2028-03-31": "2028-03", "2028-02-29": "2028-02"}.get(through, "")
    expected, label = [], "2027-10"
    while label <= last:
        members = {
            who for who, day in model.first.items() if day.isoformat()[:7] == label and day.isoformat() <= through
        }
        cells: list[int | None] = []
        for number in range(len(cells_of := answer["cohorts"][0]["cells"])):
            month = month_after(label, number)
            is_over = month < last or month == over
            cells.append(len(members & months.get(month, set())) if is_over else None)
        expected.append({"cohort": label, "size": len(members), "left_censored": label == "2027-10", "cells": cells})
        label = month_after(label, 1)
    assert answer["cohorts"] == expected
    assert len(cells_of) == len(expected)


@pytest.mark.parametrize("through", [date(2028, 4, 10), date(2028, 2, 29)])
@pytest.mark.parametrize("days", [365, 90])
def test_scores_where_those_alike_score_alike(told: tuple[Shop, Naive], through: date, days: int) -> None:
    shop, model = told
    raw = raw_values(model, through, days)
    answer = ask(shop, "rfm", through=through, look_back_days=days)
    assert answer["scoring"] == "ties"
    expected: Counter[tuple[int, ...]] = Counter()
    for mine in raw.values():
        worse = [sum(1 for each in raw.values() if each[at] < mine[at]) for at in range(3)]
        expected[tuple(1 + 5 * each // len(raw) for each in worse)] += 1
    assert {(each["r"], each["f"], each["m"]): each["members"] for each in answer["cells"]} == expected
    least = {each["score"]: each["least"] for each in answer["cut_offs"]["r"]}
    assert min(least.values()) == min(-each[0] for each in raw.values())


def raw_values(model: Naive, through: date, days: int) -> dict[str, tuple[int, int, int]]:
    """Each buyer's values, more is better: less days since the last purchase."""
    first = through - (days - 1) * DAY
    found = {}
    for who in model.buyers(first, through):
        mine = [each for each in model.bought if each[0] == who and first <= each[1] <= through]
        back = [each for each in model.returned if each[0] == who and first <= each[1] <= through]
        spent = sum(each[2] for each in mine) - sum(each[2] for each in back)
        found[who] = -(through - max(each[1] for each in mine)).days, len(mine), spent
    return found


def test_quintiles_are_as_equal_as_can_be_and_in_order(told: tuple[Shop, Naive]) -> None:
    shop, model = told
    answer = ask(shop, "rfm", scoring="quintiles")
    buyers = len(raw_values(model, date(2028, 4, 10), 365))
    for name in "rfm":
        cuts = answer["cut_offs"][name]
        sizes = [each["members"] for each in cuts]
        assert sum(sizes) == buyers == sum(each["members"] for each in answer["cells"])
        assert max(sizes) - min(sizes) <= 1
        edges = [(each["least"], each["most"]) for each in (reversed(cuts) if name == "r" else cuts)]
        assert all(one[1] <= other[0] for one, other in pairwise(edges))
    assert answer == ask(shop, "rfm", scoring="quintiles")


def test_a_program_without_purchases_has_no_cohorts_and_no_cells(shop: Shop) -> None:
    assert ask(shop, "cohorts")["cohorts"] == []
    answer = ask(shop, "rfm")
    assert (answer["cells"], answer["cut_offs"]) == ([], {"r": [], "f": [], "m": []})


def test_both_are_told_as_csv(told: tuple[Shop, Naive]) -> None:
    shop, _ = told
    for path, header in (
        ("cohorts", ["cohort", "size", "left_censored", "month_0"]),
        ("rfm", ["r", "f", "m", "members"]),
    ):
        answer = shop.call("GET", f"/v1/insight/{path}", params={"format": "csv", "through": "2028-04-10"})
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0][:4] == header
        assert len(rows) == 1 + len(ask(shop, path, through="2028-04-10")["cells" if path == "rfm" else path])


async def test_of_many_buyers_the_grid_of_today_is_worked_out_ahead_and_says_as_of_when(
    shop: Shop, database: Database
) -> None:
    shop.set_clock("2028-04-10T10:00:00Z")
    member = shop.enrol(enrolled_at="2028-01-01T10:00:00Z")
    shop.buy(member, 500, occurred_at="2028-03-10T10:00:00Z")
    program = await project(database, shop)
    first = ask(shop, "rfm")
    assert not await Grader(database, clock=real_now).round()  # they are few
    grader = Grader(database, clock=real_now, buyers_min=1)
    async with database.reader() as connection:
        others = len(await program_ids(connection))
    assert 2 <= await grader.round() <= 2 * others  # of other tests' programs too
    assert await grader.round() == 0
    shop.buy(member, 500, occurred_at="2028-04-10T09:00:00Z")
    await project(database, shop)
    kept = ask(shop, "rfm")
    assert {**kept, "as_of": None} == {**first, "as_of": None}
    assert kept["as_of"] >= first["as_of"] >= "2028-04-10T10:00"
    (now,) = ask(shop, "rfm", look_back_days=364)["cut_offs"]["r"]  # whatever is not the usual one, is of now
    assert (now["least"], kept["cut_offs"]["r"][0]["least"]) == (0, 31)
    shop.set_clock("2028-04-10T12:00:00Z")  # it is more than an hour old
    assert ask(shop, "rfm")["cut_offs"]["r"][0]["least"] == 0
    assert await grader.round() >= 2
    await database.write(lambda connection: begin_again(connection, program.id))
    problem(shop.call("GET", "/v1/insight/rfm"), 503, "insight.rebuilding")
    assert await grader.round() == 0
    await project(database, shop)
    assert ask(shop, "rfm")["as_of"] > kept["as_of"]
