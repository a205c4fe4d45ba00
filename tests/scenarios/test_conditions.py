"""Rules with conditions, as tills and staff see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.program import BASE_RULE
from tests.make.purchase import make_line
from tests.make.shop import Shop
from tests.scenarios.test_returns import post_return

MakeShop = Callable[..., Shop]


def bonus(when: str, **changes: Any) -> dict[str, Any]:
    return {"code": "bonus", "flat": 50, "when": when} | changes


def earned(answer: dict[str, Any]) -> dict[str, int]:
    return {each["rule"]: each["points"] for each in answer["points"]["earnings"]}


def test_a_rule_works_where_its_condition_holds_and_a_quote_says_why_not(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, bonus('purchase.base_minor >= 2000 && purchase.channel == "store"')])
    ada = shop.enrol()
    assert earned(shop.buy(ada, 2000, channel="store")) == {"base": 20, "bonus": 50}
    assert earned(shop.buy(ada, 1999, channel="store")) == {"base": 19}
    assert earned(shop.buy(ada, 2000)) == {"base": 20}
    sale = {"member": {"identifier": ada["card"]}, "occurred_at": "2026-03-02T10:00:00Z", "currency": "EUR"}
    quote = shop.call("POST", "/v1/quotes", sale | {"total_minor": 2000}).json()
    assert quote["points"]["not_fired"] == [
        {"rule": "bonus", "why": 'only when purchase.base_minor >= 2000 && purchase.channel == "store"'}
    ]


def test_conditions_see_the_lines_the_attributes_and_the_birthday(make_shop: MakeShop) -> None:
    rules = [
        bonus('purchase.lines.exists(l, l.sku == "BEAN" && l.amount_minor > 900)', code="bean", flat=1),
        bonus('member.attributes.diet == "vegan"', code="vegan", flat=2),
        bonus("member.birthday", code="birthday", flat=4),
        bonus("member.enrolled_days < 30", code="fresh", flat=8),
    ]
    shop = make_shop(earning_rules=rules)
    ada = shop.enrol(profile={"birth_date": "1990-03-02"}, attributes={"diet": "vegan"})
    ben = shop.enrol(profile={"birth_date": "1990-03-03"}, enrolled_at="2026-02-20T00:00:00Z")
    beans = [make_line(1000, sku="BEAN")]
    assert earned(shop.buy(ada, lines=beans)) == {"bean": 1, "birthday": 4, "vegan": 2}
    assert earned(shop.buy(ben, lines=beans)) == {"bean": 1, "fresh": 8}
    assert earned(shop.buy(ada, 1000)) == {"birthday": 4, "vegan": 2}


def test_a_condition_asks_for_the_tier_held_before_the_purchase(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, bonus('member.tier == "silver"')])
    ada = shop.enrol()
    assert earned(shop.buy(ada, 50_000)) == {"base": 500}
    assert earned(shop.buy(ada, 1000)) == {"base": 10, "bonus": 50}


def test_a_faulty_condition_is_told_at_its_place_and_nothing_is_published(make_shop: MakeShop) -> None:
    shop = make_shop()
    document = shop.document | {"earning_rules": [BASE_RULE, bonus("purchase.totl_minor > 5")]}
    answer = shop.call("POST", "/v1/program/publish", {"document": document})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "document.earning_rules[1].when"
    assert "did you mean purchase.total_minor" in error["message"]
    assert shop.call("GET", "/v1/program").json()["version"] == 1


def test_a_dry_run_with_a_condition_tells_what_it_would_have_given(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[BASE_RULE, bonus("purchase.total_minor >= 2000", state="dry_run")])
    ada = shop.enrol()
    shop.buy(ada, 1000)
    shop.buy(ada, 2000)
    items = shop.call("GET", "/v1/program/dry-runs").json()["items"]
    assert items == [{"rule": "bonus", "purchases": 1, "events": 0, "points": 50}]


def test_a_return_asks_again_what_a_mixed_condition_asks_of_the_purchase(make_shop: Callable[..., Shop]) -> None:
    when = "member.attributes.vip == true && purchase.total_minor >= 2000"
    shop = make_shop(earning_rules=[BASE_RULE, {"code": "vip", "flat": 50, "when": when}])
    member = shop.enrol(attributes={"vip": True})
    bought = shop.buy(member, 3_000)
    assert bought["points"]["earned"] == 80
    shop.call("PATCH", f"/v1/members/{member['id']}", {"attributes": {"vip": False}})  # then they were
    back = [
        post_return(shop, bought, amount_minor=amount).json()["points"]["taken_back"] for amount in (1_000, 1, 1_999)
    ]
    assert back == [10, 51, 19]
    other = shop.buy(shop.enrol(), 3_000)  # who is none gets nothing by returning
    assert post_return(shop, other, amount_minor=1_500).json()["points"]["taken_back"] == 15
