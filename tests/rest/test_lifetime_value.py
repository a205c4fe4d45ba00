"""GET /v1/insight/lifetime-value: what is fitted is what happened, day by day, and what came after is held out."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from loyalty_api.insights.fit_worth import expect, fit_worth
from loyalty_api.insights.histories import Row
from loyalty_api.insights.value_members import score_members
from loyalty_api.insights.worth import Assumptions, InsightNotInstalled, Model, Worth
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Database
from loyalty_api.worker.valuer import Valuer
from tests.make.habits import Days, buy_now_and_then, work_out
from tests.make.problem import problem
from tests.make.shop import Shop

PATH = "/v1/insight/lifetime-value"
FIRST, LAST = date(2025, 3, 1), date(2026, 3, 1)  # the shop's present is the day after
HALF = date(2025, 8, 31)


def rows_of(days: list[Days], through: date) -> list[Row]:
    """The histories as a person would count them."""
    found: Counter[tuple[int, int, int, int]] = Counter()
    for mine in days:
        seen = sorted(day for day in mine if day <= through)
        if seen:
            sales = sum(mine[day] for day in seen[1:])
            found[len(seen) - 1, (seen[-1] - seen[0]).days, (through - seen[0]).days, sales] += 1
    return [Row(*each, members) for each, members in found.items()]


def read(shop: Shop, **query: Any) -> dict[str, Any]:
    answer = shop.call("GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_model_is_that_of_what_was_bought_and_the_rest_of_the_time_is_held_out(
    shop: Shop, database: Database
) -> None:
    _, days = buy_now_and_then(shop, 250, first=FIRST, last=LAST)
    await work_out(database)
    told = read(shop, through=str(HALF))
    rows = rows_of(days, HALF)
    assert told["model"] == msgspec.to_builtins(fit_worth(rows, minor_digits=2))
    assert told["model"]["fault"] is None
    assert told["model"]["spending_fault"] is None
    assert told["model"]["n"] == sum(row.members for row in rows)
    assert told["model"]["repeat_buyers"] == sum(row.members for row in rows if row.repeats)
    after = [[day for day in mine if day > HALF] for mine in days if min(mine) <= HALF]
    ahead = (LAST - HALF).days
    expected = expect(msgspec.convert(told["model"], Model), rows, within_days=ahead)
    assert expected is not None
    assert told["holdout"] == {
        "expected": pytest.approx(expected),
        "actual": sum(map(len, after)),
        "members": len(after),
        "known_on": "2025-08-31",
        "through": "2026-03-01",
    }
    assert 0.6 < expected / told["holdout"]["actual"] < 1.7
    assert told["as_of"] == "2025-08-31"


async def test_without_a_day_all_of_the_time_is_fitted_and_the_latter_half_foreseen_from_the_former(
    shop: Shop, database: Database
) -> None:
    _, days = buy_now_and_then(shop, 250, first=FIRST, last=LAST)
    await work_out(database)
    told = read(shop)
    assert told["as_of"] == "2026-03-01"
    assert told["model"] == msgspec.to_builtins(fit_worth(rows_of(days, LAST), minor_digits=2))
    first = min(min(mine) for mine in days)
    middle = first + timedelta(days=(LAST - first).days // 2)
    assert (told["holdout"]["known_on"], told["holdout"]["through"]) == (str(middle), "2026-03-01")
    rows = rows_of(days, middle)
    expected = expect(fit_worth(rows, minor_digits=2), rows, within_days=(LAST - middle).days)
    assert told["holdout"]["expected"] == pytest.approx(expected)


async def test_what_two_members_bought_is_one_history_once_they_are_merged(shop: Shop, database: Database) -> None:
    members, days = buy_now_and_then(shop, 60, first=FIRST, last=LAST)
    pair = max(range(len(days)), key=lambda index: len(days[index])), min(range(60), key=lambda index: len(days[index]))
    kept, gone = (members[index]["id"] for index in pair)
    merged = shop.call("POST", f"/v1/members/{gone}/merge", {"into": kept})
    assert merged.status_code == 200, merged.text
    await work_out(database)
    together = Counter(days[pair[0]]) + Counter(days[pair[1]])
    left = [mine for index, mine in enumerate(days) if index not in pair] + [dict(together)]
    assert read(shop)["model"] == msgspec.to_builtins(fit_worth(rows_of(left, LAST), minor_digits=2))


async def test_the_worker_fits_once_a_week_and_what_it_kept_is_what_is_told(shop: Shop, database: Database) -> None:
    buy_now_and_then(shop, 60, first=FIRST, last=LAST)
    valuer = Valuer(database, clock=now)
    await work_out(database)
    now_told = read(shop)
    await valuer.round()
    assert read(shop) == now_told
    shop.set_clock("2026-03-08T12:00:00Z")  # six days on
    await work_out(database)
    await valuer.round()
    assert read(shop) == now_told
    shop.set_clock("2026-03-09T12:00:00Z")
    await work_out(database)
    await valuer.round()
    told = read(shop)
    assert told["as_of"] == "2026-03-08"
    assert told["model"]["alpha"] != now_told["model"]["alpha"]
    assert read(shop, through="2026-03-08") == told


async def test_a_program_that_nobody_bought_in_has_no_model_and_says_why(shop: Shop, database: Database) -> None:
    await work_out(database)
    told = read(shop)
    assert told["holdout"] is None
    assert {name for name, value in told["model"].items() if value is not None} == {
        *("n", "repeat_buyers", "fault", "spending_fault"),
    }
    assert told["model"]["n"] == 0
    assert told["model"]["fault"] == "fewer than 10 members bought on more than one day"


def test_a_day_that_is_none_or_not_over_is_refused(shop: Shop) -> None:
    for through in ("yesterday", "2026-02-30", "2026-03-03", "9999-12-31", ""):
        problem(shop.call("GET", PATH, params={"through": through}), 422, "request.invalid", "through")


async def test_where_scipy_is_not_installed_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.startswith("loyalty_api.insights.")]:
        if name.rsplit(".", 1)[1] in ("fit_worth", "buying", "spending", "forecast", "maximum"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    worth = Worth(model=Model(n=0, repeat_buyers=0), holdout=None, as_of=LAST)
    with pytest.raises(InsightNotInstalled, match=r"pip install 'loyalty_api\[insight\]'"):
        await score_members(worth, [], through=LAST, minor_digits=2, assumptions=Assumptions())
