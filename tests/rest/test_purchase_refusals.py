"""Purchases that are refused: why, naming which field, and with nothing written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"currency": "USD"}, "purchase.wrong_currency", "currency"),
    ({"total_minor": 999}, "request.invalid", "total_minor"),
    ({"total_minor": -1}, "request.invalid", "total_minor"),
    ({"lines": [make_line(-100)], "total_minor": 0}, "request.invalid", "total_minor lines[0].amount_minor"),
    ({"lines": [make_line(1000), make_line(100, kind="discount")]}, "request.invalid", "lines[1].amount_minor"),
    ({"lines": [make_line(1000, tax_minor=1001)]}, "request.invalid", "lines[0].tax_minor"),
    ({"lines": [make_line(1000, tax_minor=-1)]}, "request.invalid", "lines[0].tax_minor"),
    ({"lines": [make_line(500, line="1"), make_line(500, line="1")]}, "request.invalid", "lines"),
    ({"lines": [make_line(1000, kind="service")]}, "request.invalid", "lines[0].kind"),
    ({"lines": [make_line(1000, quantity=-1)]}, "request.invalid", "lines[0].quantity"),
    ({"lines": [make_line(1000, quantity=1.0000001)]}, "request.invalid", "lines[0].quantity"),
    ({"lines": [make_line(1000, amount=1)]}, "request.invalid", "lines[0].amount"),
    ({"lines": [make_line(0) for _ in range(1001)], "total_minor": 0}, "request.invalid", "lines"),
    ({"redemptions": ["019a2011-0405-775b-a666-3189a5d947d4"]}, "purchase.unknown_redemption", "redemptions[0]"),
    ({"member": {}}, "request.invalid", "member"),
    ({"member": {"identifier": "4006381333931"}}, "request.invalid", "member.identifier"),
    ({"member": {"identifier": "passport:C01X"}}, "request.invalid", "member.identifier"),
    ({"member": {"identifier": "phone:abc"}}, "request.invalid", "member.identifier"),
    ({"member": {"identifier": "email:ada"}}, "request.invalid", "member.identifier"),
    ({"member": {"id": "7"}}, "request.invalid", "member.id"),
    ({"reference": None}, "request.invalid", "reference"),
    ({"reference": ""}, "request.invalid", "reference"),
    ({"occurred_at": "2026-03-02T10:00:00"}, "request.invalid", "occurred_at"),
    ({"occurred_at": "2026-03-02T12:05:01Z"}, "purchase.in_the_future", "occurred_at"),
    ({"occurred_at": "2024-03-02T10:00:00Z"}, "purchase.too_late", "occurred_at"),
]


@pytest.mark.parametrize(("change", "code", "fields"), WRONG, ids=[f"{n}-{each[2]}" for n, each in enumerate(WRONG)])
def test_a_wrong_purchase_is_refused_and_names_the_field(shop: Shop, change: dict, code: str, fields: str) -> None:
    member = shop.enrol()
    lines = change.get("lines")
    totals = {"total_minor": sum(line["amount_minor"] for line in lines)} if lines else {}
    purchase = make_purchase(member["card"]) | totals | change
    purchase = {name: value for name, value in purchase.items() if value is not None}
    problem(shop.post(purchase), 422, code, *fields.split())
    assert shop.member(member["id"])["points"]["available"] == 0
    assert shop.call("GET", "/v1/purchases").json()["items"] == []


def test_five_minutes_into_the_future_are_a_clock_and_not_a_mistake(shop: Shop) -> None:
    assert shop.buy(shop.enrol(), occurred_at="2026-03-02T12:05:00Z")["points"]["earned"] == 10


def test_a_purchase_as_old_as_the_program_accepts_is_accepted(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(purchases={"late_days": 7})
    member = shop.enrol()
    assert shop.buy(member, occurred_at="2026-02-23T12:00:00Z")["points"]["earned"] == 10
    late = shop.post(make_purchase(member["card"], occurred_at="2026-02-23T11:59:59Z"))
    problem(late, 422, "purchase.too_late", "occurred_at")


def test_before_the_enrolment_a_purchase_is_refused_unless_the_program_lets_it_earn(
    make_shop: Callable[..., Shop],
) -> None:
    for setting in ("refuse", "earn"):
        shop = make_shop(purchases={"before_enrolment": setting})
        member = shop.enrol(enrolled_at="2026-03-01T00:00:00Z")
        answer = shop.post(make_purchase(member["card"], occurred_at="2026-02-28T23:59:59Z"))
        if setting == "earn":
            assert answer.status_code == 201, answer.text
        else:
            problem(answer, 409, "purchase.before_enrolment")
        assert shop.buy(member, occurred_at="2026-03-01T00:00:00Z")["points"]["earned"] == 10


def test_who_enrols_in_the_middle_of_a_purchase_earns_for_it(shop: Shop) -> None:
    member = shop.enrol(enrolled_at=None)
    assert shop.buy(member, occurred_at="2026-03-02T11:56:00Z")["points"]["earned"] == 10
    early = shop.post(make_purchase(member["card"], occurred_at="2026-03-02T11:54:59Z"))
    problem(early, 409, "purchase.before_enrolment")


def test_more_points_than_the_ledger_takes_in_one_movement_are_refused(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(earning_rules=[{"code": "base", "per_spend": {"points": 1, "per_minor": 1}}])
    member = shop.enrol()
    problem(shop.post(make_purchase(member["card"], 10**12 + 1)), 422, "purchase.out_of_range", "total_minor")
    assert shop.buy(member, 10**12)["balance"]["available"] == 10**12
