"""GET /v1/insight/ladder: who stands where, and who moved."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from loyalty_api.insights.ladder import stage_of
from loyalty_api.insights.people import figures_of
from loyalty_api.kernel.database import Database
from tests.make.insight import ask, project
from tests.make.problem import problem
from tests.make.shop import Shop


@pytest.mark.parametrize(
    ("stage", "facts"),
    [
        ("prospect", {"purchases": 0, "events": 1, "unsolicited": 1, "recommend": 10}),
        ("purchaser", {"purchases": 1}),
        ("customer", {"purchases": 2}),
        ("customer", {"purchases": 2, "enrolled": False, "events": 1}),
        ("member", {"purchases": 1, "events": 1}),
        ("member", {"purchases": 1, "events": 1, "recommend": 8}),
        ("advocate", {"purchases": 1, "recommend": 9}),
        ("raving_fan", {"purchases": 1, "events": 1, "unsolicited": 1}),
        ("raving_fan", {"purchases": 1, "events": 1, "unsolicited": 1, "recommend": 7}),
        ("member", {"purchases": 1, "events": 1, "unsolicited": 1, "recommend": 6}),
    ],
)
def test_the_highest_stage_that_holds(stage: str, facts: dict[str, Any]) -> None:
    assert stage_of(**{"enrolled": True, "events": 0, "unsolicited": 0} | facts) == stage


async def test_what_goes_back_behind_the_day_that_is_asked_for_was_not_back_on_it(
    shop: Shop, database: Database
) -> None:
    member = shop.enrol()
    bought = shop.buy(member, 5000, occurred_at="2026-02-20T10:00:00Z")
    body = {"reference": "B-1", "source": "till-1", "purchase": {"id": bought["id"]}, "all": True}
    assert shop.call("POST", "/v1/returns", body | {"occurred_at": "2026-03-01T23:00:00Z"}).status_code == 201
    await project(database, shop)
    standing = {}
    async with database.reader() as connection:
        for through in (date(2026, 3, 1), date(2026, 3, 2)):  # the return was at midnight, in Berlin
            (figures,) = await figures_of(connection, member_ids=[UUID(member["id"])], through=through)
            standing[through.day] = figures.standing
    assert standing == {1: 1, 2: 0}


async def test_members_are_counted_by_stage_and_by_their_moves_up_and_down(shop: Shop, database: Database) -> None:
    shop.set_clock("2026-01-20T12:00:00Z")
    bought_long_ago, climber, regular, alias, idle = (shop.enrol() for _ in range(5))
    shop.buy(bought_long_ago, occurred_at="2025-02-10T10:00:00Z")  # a year and more before March
    shop.buy(climber, occurred_at="2026-01-10T10:00:00Z")
    for day in (10, 11):
        shop.buy(regular, occurred_at=f"2026-01-{day}T10:00:00Z")
    shop.buy(alias, occurred_at="2026-01-10T10:00:00Z")
    shop.set_clock("2026-02-20T12:00:00Z")
    shop.engage(climber, "review.written", data={"solicited": False}, occurred_at="2026-02-10T10:00:00Z")
    joiner = shop.enrol(enrolled_at="2026-02-09T12:00:00Z")
    returned = shop.buy(joiner, occurred_at="2026-02-10T10:00:00Z")
    body = {"reference": "B-1", "source": "till-1", "purchase": {"id": returned["id"]}, "all": True}
    assert shop.call("POST", "/v1/returns", body | {"occurred_at": "2026-02-11T10:00:00Z"}).status_code == 201
    assert shop.call("POST", f"/v1/members/{idle['id']}/close", {"reason": "moved away"}).status_code == 200
    assert shop.call("POST", f"/v1/members/{alias['id']}/merge", {"into": regular["id"]}).status_code == 200
    shop.engage(regular, "app.opened", occurred_at="2026-02-10T10:00:00Z")
    await project(database, shop)
    told = ask(shop, "ladder", from_="2026-01-31", through="2026-02-20")
    assert {each["stage"]: each["members"] for each in told["stages"]} == {
        "prospect": 2,
        "purchaser": 0,
        "customer": 0,
        "member": 1,
        "advocate": 0,
        "raving_fan": 1,
    }
    assert [tuple(each.values()) for each in told["moves"]] == [
        ("prospect", "none", 1),
        ("purchaser", "prospect", 1),
        ("purchaser", "raving_fan", 1),
        ("customer", "member", 1),
        ("none", "prospect", 1),
    ]
    answer = shop.call("GET", "/v1/insight/ladder", params={"through": "2026-02-20", "format": "csv"})
    assert list(csv.DictReader(io.StringIO(answer.text)))[-1] == {"stage": "raving_fan", "members": "1"}


def test_a_day_behind_the_last_is_refused(shop: Shop) -> None:
    refused = shop.call("GET", "/v1/insight/ladder", params={"from": "2026-03-02", "through": "2026-03-01"})
    problem(refused, 422, "request.invalid", "from")
