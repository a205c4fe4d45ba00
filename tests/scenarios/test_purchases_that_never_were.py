"""A purchase of which nothing stands leaves the figures: it puts no expiry off, and counts in no dry run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.program import BASE_RULE
from tests.make.purchase import make_line
from tests.make.shop import Shop
from tests.scenarios.test_returns import post_return

TRIED = {"code": "tried", "flat": 7, "state": "dry_run"}


@pytest.mark.parametrize("how", ["void", "all", "in parts"])
async def test_what_is_all_back_puts_inactivity_off_no_more(
    make_shop: Callable[..., Shop], database: Database, how: str
) -> None:
    shop = make_shop(points={"expiry": {"inactivity_days": 30}})
    member = shop.enrol()
    shop.buy(member, 1_000)
    shop.set_clock("2026-03-20T12:00:00Z")
    late = shop.buy(member, 500, occurred_at="2026-03-20T12:00:00Z")

    def expires() -> list[str]:
        told = shop.call("GET", f"/v1/members/{member['id']}/points?expiring_within=P90D").json()["expiring"]
        return [each["at"] for each in told]

    assert expires() == ["2026-04-18T22:00:00Z"]
    if how == "void":
        assert shop.call("POST", f"/v1/purchases/{late['id']}/void").status_code == 201
    elif how == "all":
        post_return(shop, late, all=True, occurred_at="2026-03-20T12:00:00Z")
    else:
        post_return(shop, late, amount_minor=200, occurred_at="2026-03-20T12:00:00Z")
        assert expires() == ["2026-04-18T22:00:00Z"]  # something of it is still bought
        post_return(shop, late, amount_minor=300, occurred_at="2026-03-20T12:00:00Z")
    assert expires() == ["2026-03-31T22:00:00Z"]
    as_of = shop.call(
        "GET", f"/v1/members/{member['id']}/points?as_of=2026-03-20T12:00:00Z&expiring_within=P90D"
    ).json()
    assert [each["at"] for each in as_of["expiring"]] == ["2026-03-31T22:00:00Z"]
    shop.set_clock("2026-04-01T00:00:00+02:00")
    assert shop.points(member) == (0, 0)
    assert [each for each in (await verify(database)).findings if str(each.member_id) == member["id"]] == []


def test_dry_runs_count_what_stands(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, TRIED])
    member = shop.enrol()
    bought = [shop.buy(member, 1_000) for _ in range(3)]
    shop.call("POST", f"/v1/purchases/{bought[0]['id']}/void")
    post_return(shop, bought[1], amount_minor=400)
    (told,) = shop.call("GET", "/v1/program/dry-runs").json()["items"]
    assert (told["rule"], told["purchases"], told["points"]) == ("tried", 2, 14)


def test_returns_are_listed_with_their_purchase(shop: Shop) -> None:
    member = shop.enrol()
    bought = shop.buy(member, 1_000)
    first = post_return(shop, bought, amount_minor=400).json()
    voided = shop.call("POST", f"/v1/purchases/{bought['id']}/void").json()
    view = shop.call("GET", f"/v1/purchases/{bought['id']}").json()
    told = [
        (each["id"], each["status"], each["amount_minor"], each["points"]["taken_back"]) for each in view["returns"]
    ]
    assert told == [(first["id"], "recorded", 400, 4), (voided["id"], "voided", 600, 6)]
    (item,) = shop.call("GET", f"/v1/purchases?member={member['id']}").json()["items"]
    assert item["returns"] == view["returns"]


NOTHING = {"amount_minor": 0, "quantity": 0}


@pytest.mark.parametrize(
    ("lines", "how"),
    [
        (None, "void"),
        ([], "void"),
        ([NOTHING], "void"),
        ([make_line(1000), NOTHING], "void"),
        ([make_line(1000), NOTHING], "all"),
        ([make_line(0), NOTHING], "all"),
    ],
)
async def test_what_is_all_back_keeps_no_bonus_for_a_line_of_nothing(
    make_shop: Callable[..., Shop], database: Database, lines: list[dict[str, Any]] | None, how: str
) -> None:
    shop = make_shop(earning_rules=[{"code": "visit", "flat": 5}])
    member = shop.enrol()
    bought = shop.buy(member, 0, lines=lines)
    if how == "void":
        assert shop.call("POST", f"/v1/purchases/{bought['id']}/void").status_code == 201
    else:
        assert post_return(shop, bought, all=True).status_code == 201
    assert shop.points(member) == (0, 0)
    assert (await verify(database)).findings == []
