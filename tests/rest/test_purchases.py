"""POST and GET /v1/purchases through the real app: what is answered, kept, replayed and refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop


def test_a_purchase_earns_points_and_the_answer_says_why(shop: Shop) -> None:
    member = shop.enrol()
    answer = shop.buy(member, 1390)
    assert answer["status"] == "recorded"
    assert answer["points"]["earned"] == 13
    assert answer["points"]["earnings"] == [
        {"rule": "base", "version": 1, "points": 13, "because": "1 point per 1.00 on 13.90", "base_minor": 1390}
    ]
    assert answer["balance"] == {"available": 13, "pending": 0, "reserved": 0}
    assert answer["tier"] == {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 48610}}
    assert answer["advice"] == []


def test_the_balance_grows_with_every_purchase(shop: Shop) -> None:
    member = shop.enrol()
    balances = [shop.buy(member, amount)["balance"]["available"] for amount in (1000, 99, 250)]
    assert balances == [10, 10, 12]


def test_a_purchase_that_earns_nothing_is_recorded_without_a_movement(shop: Shop) -> None:
    member = shop.enrol()
    answer = shop.buy(member, 99)
    assert answer["points"] == {"earned": 0, "pending": 0, "earnings": []}
    history = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()
    assert history["items"] == []
    assert shop.call("GET", f"/v1/purchases/{answer['id']}").status_code == 200


def test_a_bare_total_earns_like_one_line_of_nothing_in_particular(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(
        earning_rules=[
            {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
            {"code": "coffee", "per_spend": {"points": 1, "per_minor": 100}, "lines": {"categories": ["coffee"]}},
            {"code": "units", "per_unit": 5},
        ]
    )
    answer = shop.buy(shop.enrol(), 1000, lines=None)
    assert [(each["rule"], each["points"]) for each in answer["points"]["earnings"]] == [("base", 10)]


def test_an_empty_receipt_of_nothing_is_a_purchase(shop: Shop) -> None:
    assert shop.buy(shop.enrol(), lines=[])["points"]["earned"] == 0


def test_pending_points_are_told_apart_from_available_ones(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"days": 14}})
    answer = shop.buy(shop.enrol(), 1000)
    assert (answer["points"]["earned"], answer["points"]["pending"]) == (10, 10)
    assert answer["balance"] == {"available": 0, "pending": 10, "reserved": 0}


def test_a_program_without_tiers_answers_without_a_tier(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=None)
    assert shop.buy(shop.enrol())["tier"] is None


# --- what the base is ----------------------------------------------------------------------------------------------

BASKET = [
    make_line(1190, tax_minor=190),
    make_line(500, kind="shipping", sku=None, category=None),
    make_line(2000, kind="gift_card", sku="GIFT-20", category=None),
    make_line(-90, kind="discount", sku=None, category=None),
]


@pytest.mark.parametrize(
    ("base", "base_minor"),
    [
        ({}, 1100),
        ({"tax": "excluded"}, 910),
        ({"shipping": "included"}, 1600),
        ({"gift_cards": "included"}, 3100),
        ({"tax": "excluded", "shipping": "included", "gift_cards": "included"}, 3410),
    ],
)
def test_the_earning_base_is_a_setting_of_the_program(
    make_shop: Callable[..., Shop], base: dict[str, str], base_minor: int
) -> None:
    shop = make_shop(earning_base=base)
    answer = shop.buy(shop.enrol(), lines=BASKET)
    assert answer["points"]["earned"] == base_minor // 100
    read = shop.call("GET", f"/v1/purchases/{answer['id']}").json()
    assert (read["total_minor"], read["base_minor"]) == (3600, base_minor)


@pytest.mark.parametrize(("rounding", "points"), [("floor", 4), ("nearest", 5), ("ceil", 5)])
def test_the_program_says_how_fractions_are_rounded(make_shop: Callable[..., Shop], rounding: str, points: int) -> None:
    rule = {"code": "half", "per_spend": {"points": 0.5, "per_minor": 100}}
    shop = make_shop(points={"rounding": rounding}, earning_rules=[rule])
    assert shop.buy(shop.enrol(), 900)["points"]["earned"] == points


def test_multipliers_are_listed_apart_and_add_up(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(
        earning_rules=[
            {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
            {"code": "double", "multiplier": 2, "lines": {"skus": ["ESP-250"]}},
            {"code": "welcome", "flat": 5},
        ]
    )
    points = shop.buy(shop.enrol(), lines=[make_line(1000), make_line(500, sku="TEA")])["points"]
    assert {each["rule"]: each["points"] for each in points["earnings"]} == {"base": 15, "double": 10, "welcome": 5}
    assert points["earned"] == 30


# --- the same reference again --------------------------------------------------------------------------------------


def test_the_same_reference_again_answers_the_first_bytes(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    first = shop.post(purchase)
    shop.buy(member, 5000)
    again = shop.post(purchase)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


def test_the_same_content_in_another_writing_is_the_same(shop: Shop) -> None:
    member = shop.enrol("card:4006-3813", "phone:+4930123456")
    purchase = make_purchase("card:4006-3813", lines=[make_line(1000, quantity=2)])
    first = shop.post(purchase)
    others = [
        dict(reversed(purchase.items())),
        purchase | {"occurred_at": "2026-03-02T11:00:00+01:00"},
        purchase | {"lines": [make_line(1000, quantity=2.0)]},
        purchase | {"lines": [make_line(1000, quantity="2.000")]},
        purchase | {"member": {"identifier": "card: 40063813"}},
        purchase | {"member": {"identifier": "phone:030 123456"}},
        purchase | {"member": {"id": member["id"]}},
        purchase | {"coupons": [], "redemptions": [], "employee": None},
    ]
    for other in others:
        again = shop.post(other)
        assert (again.status_code, again.content) == (200, first.content), again.text


@pytest.mark.parametrize(
    "change",
    [
        {"total_minor": 1001, "lines": [make_line(1001)]},
        {"lines": None},
        {"lines": [make_line(1000, sku="TEA")]},
        {"lines": [make_line(1000, quantity=2)]},
        {"occurred_at": "2026-03-02T10:00:01Z"},
        {"store": "2"},
        {"employee": "e-9"},
        {"channel": "web"},
        {"coupons": ["SAVE10"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_reference_with_other_content_is_refused_and_changes_nothing(shop: Shop, change: dict) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    first = shop.post(purchase)
    problem(shop.post(purchase | change), 409, "purchase.reference_reused")
    assert shop.member(member["id"])["points"]["available"] == 10
    assert shop.post(purchase).content == first.content


def test_a_reference_belongs_to_one_purchase_whoever_bought(shop: Shop) -> None:
    first, second = shop.enrol(), shop.enrol()
    purchase = make_purchase(first["card"])
    shop.post(purchase)
    problem(shop.post(purchase | {"member": {"identifier": second["card"]}}), 409, "purchase.reference_reused")
    problem(shop.post(purchase | {"member": {"identifier": "card:nobody"}}), 409, "purchase.reference_reused")
    assert shop.member(second["id"])["points"]["available"] == 0


def test_another_source_has_references_of_its_own(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    ids = {shop.post(purchase | {"source": source}).json()["id"] for source in ("", "till-1", "till-2", "TILL-2")}
    assert len(ids) == 4
    without = {name: value for name, value in purchase.items() if name != "source"}
    assert shop.post(without).status_code == 200  # no source is the empty one


def test_a_refusal_is_not_remembered(shop: Shop) -> None:
    purchase = make_purchase("card:not-yet-7")
    problem(shop.post(purchase), 404, "member.not_found")
    shop.enrol("card:not-yet-7")
    assert shop.post(purchase).status_code == 201


def test_a_reference_that_was_refused_for_its_content_may_be_used_again(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    problem(shop.post(purchase | {"currency": "USD"}), 422, "purchase.wrong_currency", "currency")
    assert shop.post(purchase).status_code == 201


# --- cards -----------------------------------------------------------------------------------------------------------


def block_card(shop: Shop, member: dict[str, Any]) -> None:
    identifier = next(each for each in shop.member(member["id"])["identifiers"] if each["kind"] == "card")
    answer = shop.call("DELETE", f"/v1/members/{member['id']}/identifiers/{identifier['id']}")
    assert answer.status_code == 204


def test_a_blocked_card_is_refused_and_a_receipt_made_with_it_still_replays(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    first = shop.post(purchase)
    block_card(shop, member)
    problem(shop.post(make_purchase(member["card"])), 409, "member.identifier_blocked")
    again = shop.post(purchase)
    assert (again.status_code, again.content) == (200, first.content)
    assert shop.member(member["id"])["points"]["available"] == 10


def test_with_a_blocked_card_other_content_is_still_other_content(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    shop.post(purchase)
    block_card(shop, member)
    problem(shop.post(purchase | {"store": "2"}), 409, "purchase.reference_reused")


def test_the_new_card_of_a_member_earns_to_the_same_balance(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member)
    block_card(shop, member)
    answer = shop.call(
        "POST", f"/v1/members/{member['id']}/identifiers", {"kind": "card", "value": "new-to-" + member["number"]}
    )
    assert answer.status_code == 201
    assert shop.buy(member | {"card": "card:new-to-" + member["number"]})["balance"]["available"] == 20


@pytest.mark.parametrize(
    "identifier",
    [
        "card:77 88-99",
        "phone:030 77889900",
        "phone:+49 30 77889900",
        "email:ADA@Example.org",
        "external_id:crm-7",
        "app_token:t-7",
    ],
)
def test_a_purchase_finds_its_member_by_any_identifier(shop: Shop, identifier: str) -> None:
    member = shop.enrol(
        "card:778899", "phone:+493077889900", "email:ada@example.org", "external_id:crm-7", "app_token:t-7"
    )
    answer = shop.post(make_purchase(identifier))
    assert answer.status_code == 201, answer.text
    assert shop.member(member["id"])["points"]["available"] == 10


def test_a_purchase_finds_its_member_by_number_and_by_id(shop: Shop) -> None:
    member = shop.enrol()
    assert shop.post(make_purchase(f"number:{member['number']}")).status_code == 201
    assert shop.post(make_purchase("") | {"member": {"id": member["id"]}}).status_code == 201
    assert shop.member(member["id"])["points"]["available"] == 20


def test_an_unknown_member_is_told_as_such(shop: Shop) -> None:
    problem(shop.post(make_purchase("card:nobody")), 404, "member.not_found")
    unknown = make_purchase("") | {"member": {"id": "019a2011-0405-775b-a666-3189a5d947d4"}}
    problem(shop.post(unknown), 404, "member.not_found")
