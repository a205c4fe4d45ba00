"""Every figure of any program: as CSV and as JSON the same, and the same as before once members are erased."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.rebuild import begin_again
from loyalty_api.kernel.database import Database
from tests.insight.story import Story, live, make_story
from tests.make.insight import project
from tests.make.reward import make_reward
from tests.make.shop import Shop

TODAY, NEXT = "2028-04-10T10:00:00Z", "2028-04-11T10:00:00Z"
ZONES = ("Pacific/Chatham", "America/St_Johns", "Africa/Casablanca", "Asia/Kathmandu", "Europe/Berlin")
STORES = ("1", '="a";b', "two, and\nthree", 'say "four"', "-5", "@x", None)


def draw_program(chance: random.Random) -> dict[str, Any]:
    """Any zone, any life of points, any tiers, and rewards."""
    edges = sorted(chance.sample(range(1, 200_000), 2))
    return {
        "time_zone": chance.choice(ZONES),
        "points": {
            "expiry": {"days": chance.choice((20, 40, 90))},
            "cost_minor_per_100": chance.choice((0, 1, 90)),
            "notice_days": chance.choice((7, 14, 19)),
            **({"pending": {"days": 3}} if chance.random() < 0.5 else {}),
        },
        "tiers": {"levels": [{"code": "a", "from": 0}, *({"code": f"t{edge}", "from": edge} for edge in edges)]},
        "rewards": [make_reward("five-off", points=chance.choice((5, 50)))],
    }


def live_any(make_shop: Callable[..., Shop], seed: int) -> tuple[Shop, Story, dict[str, Any]]:
    """A program that has lived half a year, with spent points, advocacy and odd names."""
    chance = random.Random(seed)
    shop, story = make_shop(**draw_program(chance)), make_story(seed, purchases=60)
    for each in story.bought:
        each.store = chance.choice(STORES)
    members = live(shop, story)
    aliases = {alias for alias, _ in story.merged}
    for card, member in members.items():
        if card in aliases or chance.random() < 0.6:
            continue
        if shop.member(member["id"])["points"]["available"] >= 50:
            shop.redeem(member)
        shop.engage(member, "review.written", data={"solicited": False}, occurred_at="2028-04-08T10:00:00Z")
    return shop, story, members


def every_question(through: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every metric by every period and group, and every grid."""
    day = {"through": through}
    for metric in METRICS.values():
        for period in ("month", "week", "day"):
            since = {"from": "2027-10-01"} if period == "month" else {}
            for by in (None, *metric.groups):
                yield f"metrics/{metric.slug}", day | since | {"period": period} | ({"by": by} if by else {})
    yield "cohorts", day | {"from": "2027-09-01"}
    for scoring in ("ties", "quintiles"):
        yield "rfm", day | {"scoring": scoring}
    yield "ladder", day | {"from": "2028-02-01"}
    yield "tier-migration", {"from": "2028-02-01", "to": through}
    yield "liability", day | {"from": "2027-10-01"}


def ask_json(shop: Shop, path: str, query: dict[str, str]) -> Any:
    answer = shop.call("GET", f"/v1/insight/{path}", params=query)
    assert answer.status_code == 200, (path, query, answer.text)
    return answer.json()


def ask_csv(shop: Shop, path: str, query: dict[str, str]) -> list[dict[str, str]]:
    answer = shop.call("GET", f"/v1/insight/{path}", params=query | {"format": "csv"})
    assert answer.status_code == 200, (path, query, answer.text)
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def fields(row: dict[str, Any]) -> dict[str, str]:
    """A row of JSON as a table has it: what is left out is empty, and what looks like a formula is led by '."""
    found = {}
    for name, value in row.items():
        if isinstance(value, bool):
            found[name] = str(value).lower()
        elif isinstance(value, str) and value[:1] in "=+-@" and value:
            found[name] = f"'{value}"
        else:
            found[name] = "" if value is None else str(value)
    return found


def rows_of(path: str, told: Any) -> list[dict[str, Any]]:
    """The rows of an answer in JSON by the names of the table's columns."""
    match path.split("/")[0]:
        case "metrics":
            nothing = {"group": None, "low": None, "high": None, "restated": False}
            return [nothing | each for each in told["points"]]
        case "cohorts":
            return [
                {name: each[name] for name in ("cohort", "size", "left_censored")}
                | {f"month_{number}": cell for number, cell in enumerate(each["cells"])}
                for each in told["cohorts"]
            ]
        case "rfm" | "tier-migration":
            return told["cells"]
        case "ladder":
            return told["stages"]
        case "liability":
            return told["by_age"]
        case "members":
            return told["items"]
    raise AssertionError(path)


@pytest.mark.parametrize("seed", [21, 22])
async def test_as_csv_every_figure_has_the_numbers_that_it_has_as_json(
    make_shop: Callable[..., Shop], database: Database, seed: int
) -> None:
    shop, _, _ = live_any(make_shop, seed)
    await project(database, shop)
    asked = 0
    for path, query in [*every_question("2028-04-10"), ("members", {})]:
        if path == "members":
            told = shop.call("GET", "/v1/insight/members", params={"limit": "200"}).json()
        else:
            told = ask_json(shop, path, query)
        expected = [fields(row) for row in rows_of(path, told)]
        assert ask_csv(shop, path, query) == expected, (path, query)
        asked += len(expected)
    assert asked > 1000


@pytest.mark.parametrize("seed", [31])
async def test_whoever_is_erased_stays_in_the_figures_of_the_days_before(
    make_shop: Callable[..., Shop], database: Database, seed: int
) -> None:
    """Also of those who were merged, and when the figures are made anew; no list names the erased."""
    shop, story, members = live_any(make_shop, seed)
    program = await project(database, shop)
    questions = list(every_question("2028-04-10"))
    before = [ask_json(shop, *question) for question in questions]
    shop.set_clock(NEXT)
    erased = [members[story.merged[0][1]], *[members[card] for card in list(members)[4:9]]]
    for member in erased:
        assert shop.call("POST", f"/v1/members/{member['id']}/erase").status_code == 204
    for again in (False, True):
        if again:
            await database.write(lambda connection: begin_again(connection, program.id))
        await project(database, shop)
        for question, told in zip(questions, before, strict=True):
            assert settled(ask_json(shop, *question)) == settled(told), question
        listed = {each["member_id"] for each in ask_csv(shop, "members", {})}
        assert not listed & {member["id"] for member in erased}
        assert len(listed) == len(members) - len(story.merged) - len(erased)


def settled(told: Any) -> Any:
    """Without what says that the last day is over by now, and since when a grid is known."""
    if isinstance(told, dict):
        return {name: settled(value) for name, value in told.items() if name not in ("complete", "as_of")}
    return [settled(each) for each in told] if isinstance(told, list) else told
