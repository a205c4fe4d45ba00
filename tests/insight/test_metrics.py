"""Every metric over HTTP against a naive model of the same half year, with its traps; see ``story.py``."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from loyalty_api.insights.catalogue import METRICS
from loyalty_api.kernel.database import Database
from tests.insight.naive import DAY, Naive
from tests.insight.story import Story, live, make_story
from tests.make.insight import points_of, project
from tests.make.shop import Shop

TODAY = date(2028, 4, 10)
ALL = {"from_": "2027-10-01", "to": "2028-04-10"}
PERIODS = ("month", "week", "day")
# Through the end of a month, the middle of one, and a leap day.
THROUGHS = (date(2028, 3, 31), date(2028, 4, 10), date(2028, 2, 29))


class Told:
    """The shop, what happened in it, and the model."""

    def __init__(self, shop: Shop, story: Story, members: dict[str, Any]) -> None:
        self.shop, self.story, self.members, self.model = shop, story, members, Naive(story)

    def points(self, slug: str, **query: Any) -> dict[tuple[str, Any], dict[str, Any]]:
        """A metric's points by period and group."""
        points = points_of(self.shop, slug, **ALL | query)
        return {(each["period"], each.get("group")): each for each in points}


@pytest.fixture(scope="module")
async def told(http: Any, operator_key: str, database: Database) -> Told:
    """One half year for all tests."""
    shop, story = Shop.open(http, operator_key, {}), make_story(7)
    members = live(shop, story)
    await project(database, shop)
    return Told(shop, story, members)


def spans(period: str, through: date) -> dict[str, tuple[date, date]]:
    """Periods that begin by ``through``, from October on: their labels, first and last days, counted day by day."""
    found: dict[str, tuple[date, date]] = {}
    day = date(2027, 10, 1)
    while period == "week" and day.weekday():
        day -= DAY
    while day <= through + timedelta(days=40):
        year, week, _ = day.isocalendar()
        label = {"month": day.isoformat()[:7], "week": f"{year}-W{week:02}", "day": day.isoformat()}[period]
        found[label] = found.get(label, (day,))[0], day
        day += DAY
    return {label: span for label, span in found.items() if span[0] <= through}


def numbers(points: dict[Any, dict[str, Any]]) -> dict[Any, tuple[Any, Any]]:
    return {key: (each["numerator"], each["denominator"]) for key, each in points.items()}


@pytest.mark.parametrize("through", THROUGHS)
@pytest.mark.parametrize("period", PERIODS)
def test_what_was_bought_and_by_how_many(told: Told, period: str, through: date) -> None:
    model, asked = told.model, {"period": period, "through": through}
    cut = {label: (first, min(last, through)) for label, (first, last) in spans(period, through).items()}
    purchases = {label: model.purchases(*span) for label, span in cut.items()}
    sales = {label: model.sales(*span) for label, span in cut.items()}
    buyers = {label: len(model.buyers(*span)) for label, span in cut.items()}
    new = {label: sum(first <= day <= last for day in model.first.values()) for label, (first, last) in cut.items()}
    assert numbers(told.points("purchases", **asked)) == {(label, None): (n, None) for label, n in purchases.items()}
    assert numbers(told.points("sales", **asked)) == {(label, None): (n, None) for label, n in sales.items()}
    assert numbers(told.points("active_members", **asked)) == {(label, None): (n, None) for label, n in buyers.items()}
    assert numbers(told.points("new_members", **asked)) == {(label, None): (n, None) for label, n in new.items()}
    average = told.points("average_transaction_value", **asked)
    assert numbers(average) == {(label, None): (sales[label], purchases[label]) for label in cut}
    frequency = told.points("frequency", **asked)
    assert numbers(frequency) == {(label, None): (purchases[label], buyers[label]) for label in cut}
    for point in (*average.values(), *frequency.values()):
        n, d = point["numerator"], point["denominator"]
        assert point["value"] == (pytest.approx(n / d, abs=1e-6) if d else None)
    assert sum(purchases.values()) > 150


@pytest.mark.parametrize("through", THROUGHS)
@pytest.mark.parametrize("period", PERIODS)
def test_who_came_back_from_one_period_to_the_next(told: Told, period: str, through: date) -> None:
    model, asked = told.model, {"period": period, "through": through}
    whole = spans(period, through)
    active = [model.buyers(first, min(last, through)) for first, last in whole.values()]
    before = model.buyers(date(2027, 1, 1), min(first for first, _ in whole.values()) - DAY)
    expected, churned, returned = {}, {}, {}
    for number, (label, (first, _)) in enumerate(whole.items()):
        now, earlier = active[number], active[number - 1] if number else set()
        following = list(whole.values())[number + 1] if number + 1 < len(whole) else None
        known = following is not None and following[1] <= through
        kept = len(now & active[number + 1]) if known else None
        expected[label, None] = kept, len(now)
        churned[label, None] = None if kept is None else len(now) - kept, len(now)
        seen = {who for who in now if model.first[who] < first}
        returned[label, None] = len(seen - earlier), None
    assert not before
    assert numbers(told.points("retention", **asked)) == expected
    assert numbers(told.points("churn", **asked)) == churned
    assert numbers(told.points("returned_members", **asked)) == returned
    assert all(each["value"] is None for each in told.points("retention", **asked).values() if not each["denominator"])


@pytest.mark.parametrize("window", [56, 20])
@pytest.mark.parametrize("period", PERIODS)
def test_who_lapsed_who_was_reactivated_and_who_is_alive(told: Told, period: str, window: int) -> None:
    for through in THROUGHS:
        asked = {"period": period, "through": through, "window_days": window}
        lives = told.model.lives(through, window)
        lapsed, reactivated, alive = {}, {}, {}
        for label, (first, last) in spans(period, through).items():
            mine = [lives[day] for day in lives if first <= day <= last]
            lapsed[label, None] = sum(len(each[0]) for each in mine), None
            reactivated[label, None] = sum(len(each[1]) for each in mine), None
            alive[label, None] = len(mine[-1][2]) if mine else 0, None
        assert numbers(told.points("lapsed_members", **asked)) == lapsed
        assert numbers(told.points("reactivated_members", **asked)) == reactivated
        assert numbers(told.points("alive_members", **asked)) == alive
        new = numbers(told.points("new_members", period=period, through=through))
        standing = 0
        for key in alive:
            standing += new[key][0] + reactivated[key][0] - lapsed[key][0]
            assert standing == alive[key][0]


@pytest.mark.parametrize("through", THROUGHS)
def test_who_bought_a_second_time(told: Told, through: date) -> None:
    for within in (60, 10):
        points = told.points("repeat_rate", through=through, within_days=within)
        expected = {
            (label, None): told.model.repeats(*span, through, within) for label, span in spans("month", through).items()
        }
        assert numbers(points) == expected
        for label, (_, last) in spans("month", through).items():
            assert points[label, None]["complete"] == (last + within * DAY <= through)


@pytest.mark.parametrize("by", ["store", "employee", "cohort"])
def test_groups_of_what_was_bought(told: Told, by: str) -> None:
    model, through = told.model, TODAY
    groups = {"store": ["1", "2", None], "employee": ["e-1", "e-2", None]}.get(by)
    groups = groups or sorted({model.cohort(who) for who in model.first})
    points = {slug: numbers(told.points(slug, by=by)) for slug in ("purchases", "sales", "frequency")}
    expected: dict[str, dict[Any, Any]] = {slug: {} for slug in points}
    for label, (first, last) in spans("month", through).items():
        for group in groups:
            span = first, min(last, through)
            count = model.purchases(*span, **{by: group})
            expected["purchases"][label, group] = count, None
            expected["sales"][label, group] = model.sales(*span, **{by: group}), None
            expected["frequency"][label, group] = count, len(model.buyers(*span, **{by: group}))
    assert points == expected


PEOPLE = ("active_members", "active_rate", "enrolments", "retention", "churn", "new_members", "returned_members")
PEOPLE += ("lapsed_members", "reactivated_members", "alive_members")


@pytest.mark.parametrize("slug", [*PEOPLE, "purchases", "sales", "average_transaction_value"])
def test_groups_add_up_to_the_whole(told: Told, slug: str) -> None:
    for period in ("month", "week"):
        whole = numbers(told.points(slug, period=period))
        for by in METRICS[slug].groups:
            sums: dict[Any, list[Any]] = {}
            for (label, _), (numerator, denominator) in numbers(told.points(slug, period=period, by=by)).items():
                mine = sums.setdefault((label, None), [0, 0])
                mine[0] = None if numerator is None else mine[0] + numerator
                mine[1] += denominator or 0
            assert {key: (n, d if whole[key][1] is not None else None) for key, (n, d) in sums.items()} == whole


def test_tiers_are_those_that_were_held_at_the_end_of_the_period(told: Told) -> None:
    survivors = dict(told.story.merged)
    histories = {}
    for card, member in told.members.items():
        items = told.shop.call("GET", f"/v1/members/{member['id']}/tier/history").json()["items"]
        if card not in survivors:
            histories[card] = sorted((each["effective_at"], each["to"]) for each in items)
    points = numbers(told.points("active_members", by="tier", through="2028-02-29", to="2028-02-29"))
    expected: dict[Any, int] = {}
    for label, (first, last) in spans("month", date(2028, 2, 29)).items():
        end = f"{last + DAY}T00:00"
        for who in told.model.buyers(first, last):
            held = [tier for at, tier in histories[who] if local(at) < end]
            key = label, held[-1] if held else "bronze"
            expected[key] = expected.get(key, 0) + 1
    assert {key: n for key, (n, _) in points.items() if n} == expected
    assert len({group for _, group in expected}) > 1


def local(instant: str) -> str:
    """Berlin's time of the winter, in which these ends of months are."""
    hours = 2 if instant < "2027-10-31T01:00" else 1
    return (datetime.fromisoformat(instant) + timedelta(hours=hours)).replace(tzinfo=None).isoformat()


def test_enrolments_and_the_rate_of_the_enrolled_who_are_active(told: Told) -> None:
    model = told.model
    enrolled = numbers(told.points("enrolments", from_="2026-09-01"))
    for (label, _), (count, _) in enrolled.items():
        assert count == sum(day.isoformat()[:7] == label for day in model.enrolled.values())
    assert sum(count for count, _ in enrolled.values()) == len(model.enrolled)
    rates = told.points("active_rate", through=TODAY)
    for label, (first, last) in spans("month", TODAY).items():
        end = min(last, TODAY)
        there = {who for who, day in model.enrolled.items() if day <= end}
        point = rates[label, None]
        assert (point["numerator"], point["denominator"]) == (len(model.buyers(first, end) & there), len(there))
        assert 0 <= point["low"] <= point["value"] <= point["high"] <= 1


def test_as_of_an_earlier_day_whoever_buys_first_behind_it_is_of_no_cohort_yet(told: Told) -> None:
    model, later = told.model, 0
    for through in (date(2027, 11, 18), date(2027, 12, 31), date(2028, 1, 9)):
        rates = numbers(told.points("active_rate", by="cohort", through=str(through), to=str(through)))
        expected: dict[Any, list[int]] = {}
        for label, (first, last) in spans("month", through).items():
            end = min(last, through)
            buyers = model.buyers(first, end)
            for who in (who for who, day in model.enrolled.items() if day <= end):
                known = who in model.first and model.first[who] <= through
                later += not known and who in model.first
                cells = expected.setdefault((label, model.cohort(who) if known else None), [0, 0])
                cells[0] += who in buyers
                cells[1] += 1
        assert {key: cells for key, cells in rates.items() if cells[1]} == {
            key: tuple(cells) for key, cells in expected.items()
        }
    assert later, "somebody buys first behind one of the days"


def test_a_period_is_complete_once_it_is_over(told: Told) -> None:
    points = told.points("purchases", through="2028-04-10")
    assert {label: each["complete"] for (label, _), each in points.items()} == {
        **{label: True for label, (_, last) in spans("month", TODAY).items() if last < TODAY},
        "2028-04": False,
    }
    assert told.points("purchases", through="2028-02-29", period="day")["2028-02-29", None]["complete"]
    assert not told.points("purchases", through="2028-04-10", period="day")["2028-04-10", None]["complete"]
    assert ("2028-03", None) not in told.points("purchases", through="2028-02-29")
