"""GET /v1/purchases/{id}/explanation: why these points and not more, as it was then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.program import BASE_RULE
from tests.make.purchase import make_line
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
RULES = [
    BASE_RULE,
    {"code": "vegan", "flat": 50, "when": 'member.attributes.diet == "vegan"'},
    {"code": "silver", "multiplier": 2, "tiers": ["silver"]},
    {"code": "fifty", "per_spend": {"points": 1, "per_minor": 5000}, "carry_over": True},
    {"code": "few", "flat": 5, "budget": {"points": 5}},
    {"code": "daily", "flat": 3, "caps": {"per_member": {"points": 4, "days": 1}}},
]


def explain(shop: Shop, purchase: dict[str, Any], query: str = "", **headers: str) -> Any:
    return shop.call("GET", f"/v1/purchases/{purchase['id']}/explanation{query}", headers=headers)


def texts(answer: Any) -> dict[str, str]:
    return {rule["rule"]: rule["text"] for rule in answer.json()["rules"]}


def test_an_explanation_tells_the_version_tier_inputs_and_rules_of_then(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=RULES)
    ada = shop.enrol(attributes={"diet": "vegan"})
    first = shop.buy(ada, 3000)
    second = shop.buy(ada, lines=[make_line(2500), make_line(499, sku="POST", kind="shipping")])
    told = explain(shop, second)
    assert told.status_code == 200, told.text
    body = told.json()
    assert (body["purchase"], body["version"], body["effective_at"], body["tier"]) == (second["id"], 1, None, "bronze")
    assert body["local"] == {"day": "2026-03-02", "time": "11:00", "weekday": "mon", "zone": "Europe/Berlin"}
    assert body["inputs"] == {
        "conditions": {"vegan": True},
        "carried": {"fifty": 3000},
        "rooms": {"daily": {"caps.per_member": 1}, "few": {"budget": 0}},
        "rests": {"fifty": 500},
    }
    assert body["base"]["base_minor"] == 2500
    assert [(each["number"], each["why"], each["amount_minor"]) for each in body["base"]["left_out"]] == [
        (2, "shipping", 499)
    ]
    assert texts(told) == {
        "base": "1 point per 1.00 on 25.00",
        "daily": "3 points per purchase, but only 1 of 4 per member a day were left",
        "few": "the budget of 5 is used up",
        "fifty": "1 point per 50.00 on 25.00",
        "silver": "only for silver; the tier is bronze",
        "vegan": "50 points per purchase",
    }
    assert [(each["rule"], each["before_minor"], each["after_minor"]) for each in body["carried"]] == [
        ("fifty", 3000, 500)
    ]
    assert body["points"] == second["points"]["earned"] == 25 + 1 + 1 + 50
    assert texts(explain(shop, first))["few"] == "5 points per purchase"


def test_an_explanation_stays_as_it_was_when_the_member_and_the_program_change(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=RULES)
    ada = shop.enrol(attributes={"diet": "vegan"})
    purchase = shop.buy(ada, 60_000)
    before = explain(shop, purchase).json()
    shop.call("PATCH", f"/v1/members/{ada['id']}", {"attributes": {"diet": "all"}})
    shop.publish(earning_rules=[BASE_RULE | {"per_spend": {"points": 9, "per_minor": 100}}])
    shop.buy(ada, 60_000, occurred_at="2026-03-02T12:00:00Z")
    assert explain(shop, purchase).json() == before


def test_every_earning_of_the_answer_is_told_in_its_words(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=RULES)
    purchase = shop.buy(shop.enrol(), 12_345)
    told = texts(explain(shop, purchase))
    assert {each["rule"]: each["because"] for each in purchase["points"]["earnings"]}.items() <= told.items()


def test_a_bare_total_is_explained_too(shop: Shop) -> None:
    purchase = shop.buy(shop.enrol(), 1390, lines=None)
    (rule,) = explain(shop, purchase).json()["rules"]
    assert [step["text"] for step in rule["steps"]][-1] == "13 × 1 = 13"


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"),
        ("?language=de", "", "de"),
        ("?language=en", "de", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "fr, en;q=0.4, DE;q=0.8", "de"),
        ("", "de;q=0, en;q=0.1", "en"),
        ("", "fr;q=0.9, *;q=0.1", "en"),
        ("", "de;q=lots, ;;,=", "en"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_callers_favourite(
    shop: Shop, query: str, header: str, language: str
) -> None:
    purchase = shop.buy(shop.enrol(), 1390)
    answer = explain(shop, purchase, query, **{"Accept-Language": header} if header else {})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["language"], answer.headers["content-language"]) == (language, language)
    assert answer.headers["vary"] == "Accept-Language"
    words = {"en": "1 point per 1.00 on 13.90", "de": "1 Punkt je 1,00 auf 13,90"}
    assert texts(answer) == {"base": words[language]}


def test_an_unknown_language_is_refused_by_its_name(shop: Shop) -> None:
    purchase = shop.buy(shop.enrol(), 1390)
    problem(explain(shop, purchase, "?language=fr"), 422, "request.invalid", "language")
    problem(explain(shop, purchase, "?speech=de"), 422, "request.invalid", "speech")


def test_a_purchase_of_another_program_or_of_nobody_is_not_found(make_shop: MakeShop) -> None:
    shop, other = make_shop(), make_shop()
    purchase = shop.buy(shop.enrol(), 1390)
    problem(explain(other, purchase), 404, "purchase.not_found")
    problem(explain(shop, {"id": "019a2011-0405-775b-a666-3189a5d947d4"}), 404, "purchase.not_found")
    problem(explain(shop, {"id": "R-1"}), 404, "request.not_found")
