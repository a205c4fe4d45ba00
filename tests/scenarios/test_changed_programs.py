"""A program changes under its members: what was answered stays, what is decided next is consistent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.program import BASE_RULE, TIERS
from tests.make.purchase import make_purchase
from tests.make.shop import Shop


def test_a_member_of_a_tier_that_is_gone_earns_and_is_told_the_first_tier(shop: Shop) -> None:
    member = shop.enrol()
    assert shop.buy(member, 150_000)["tier"]["code"] == "gold"
    levels = [{"code": "bronze", "from": 0}, {"code": "vip", "from": 900_000}]
    only_bronze = {"code": "only-bronze", "flat": 7, "tiers": ["bronze"]}
    shop.publish(tiers=TIERS | {"levels": levels}, earning_rules=[BASE_RULE, only_bronze])
    shop.set_clock("2026-03-02T13:00:00Z")
    answer = shop.buy(member, 1000, occurred_at="2026-03-02T12:30:00Z")
    assert answer["tier"]["code"] == "bronze"
    assert {each["rule"]: each["points"] for each in answer["points"]["earnings"]} == {"base": 10, "only-bronze": 7}
    assert shop.call("GET", f"/v1/purchases/{answer['id']}").json()["tier"] == "bronze"


def test_the_region_is_fixed_once_set_so_that_a_phone_number_stays_the_same_member(shop: Shop) -> None:
    shop.enrol("phone:030 1234567")
    purchase = make_purchase("phone:030 1234567")
    first = shop.post(purchase)
    for region in ("AT", None):
        document = {name: value for name, value in (shop.document | {"region": region}).items() if value}
        answer = shop.call("POST", "/v1/program/publish", {"document": document})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "region")
    assert shop.post(purchase).content == first.content


def test_an_unreadable_identifier_is_named_also_under_a_known_reference(shop: Shop) -> None:
    purchase = make_purchase(shop.enrol()["card"])
    assert shop.post(purchase).status_code == 201
    answer = shop.post(purchase | {"member": {"identifier": "nobody"}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "member.identifier")


def test_spend_beyond_what_can_be_counted_is_refused_and_not_a_failure(
    make_shop: Callable[..., Shop], database_url: str
) -> None:
    shop = make_shop(earning_rules=[{"code": "visit", "flat": 1}])
    member = shop.enrol()

    asyncio.run(_set_window_sum(database_url, member["id"], 2**62 - 1000))
    answer = shop.post(make_purchase(member["card"], 10**15))
    asyncio.run(_set_window_sum(database_url, member["id"], 0))
    assert (answer.status_code, answer.json()["code"]) == (422, "purchase.out_of_range")


async def _set_window_sum(url: str, member_id: str, value: int) -> None:
    """As if the member had spent that much; it would take thousands of impossible purchases."""
    superuser = await asyncpg.connect(url)
    await superuser.execute("UPDATE member_tiers SET window_sum = $2 WHERE member_id = $1", member_id, value)
    await superuser.close()


async def test_versions_that_a_standing_clock_puts_at_one_instant_each_measure_what_was_bought_by_them(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop()
    member = shop.enrol()
    for measure in ("purchases", "points_earned", "spend"):
        shop.publish(tiers=TIERS | {"measure": measure})
        shop.buy(member, 1000)
    assert (await verify(database)).findings == []
