"""POST and GET /v1/purchases through the real app."""

from __future__ import annotations

from tests.make.purchase import make_purchase
from tests.make.shop import Shop


def test_a_purchase_earns_points_and_the_answer_says_why(shop: Shop) -> None:
    member = shop.enrol()
    answer = shop.buy(member, 1390)
    assert answer["points"]["earned"] == 13
    assert answer["points"]["earnings"] == [
        {"rule": "base", "version": 1, "points": 13, "because": "1 point per 1.00 on 13.90", "base_minor": 1390}
    ]
    assert answer["balance"] == {"available": 13, "pending": 0, "reserved": 0}
    assert answer["tier"] == {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 48610}}


def test_the_same_reference_again_answers_the_first_bytes(shop: Shop) -> None:
    member = shop.enrol()
    purchase = make_purchase(member["card"])
    first = shop.post(purchase)
    shop.buy(member, 5000)
    again = shop.post(purchase)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
