"""Returns that arrive twice, at once, or in an order of their own: each has its effect once, no more than there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import PRESENT, Shop
from tests.scenarios.test_returns import available, give_back, post_return

AT_ONCE = 12


def test_the_same_return_of_all_sent_many_times_at_once_is_one_return(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, 1000)
    with ThreadPoolExecutor(AT_ONCE) as tills:
        answers = list(tills.map(lambda _: post_return(shop, purchase, reference="once", all=True), range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({answer.content for answer in answers}) == 1
    assert available(shop, member) == 0


def test_the_same_void_sent_many_times_at_once_is_one_void(shop: Shop) -> None:
    member = shop.enrol()
    path = f"/v1/purchases/{shop.buy(member, 1000)['id']}/void"
    with ThreadPoolExecutor(AT_ONCE) as tills:
        answers = list(tills.map(lambda _: shop.call("POST", path), range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200] * (AT_ONCE - 1) + [201]


def test_many_tills_never_take_back_more_than_was_bought(shop: Shop) -> None:
    member = shop.enrol()
    purchase = shop.buy(member, 1000)
    with ThreadPoolExecutor(AT_ONCE) as tills:
        answers = list(tills.map(lambda _: post_return(shop, purchase, amount_minor=300), range(AT_ONCE)))
    assert [answer.status_code for answer in answers].count(201) == 3
    assert available(shop, member) == 1


def test_once_all_the_money_is_back_so_are_lines_that_cancel_each_other_out(shop: Shop) -> None:
    member = shop.enrol()
    lines = [make_line(1000, line="1"), make_line(-200, line="2", kind="discount", category="other")]
    purchase = shop.buy(member, lines=lines)
    back = give_back(shop, purchase, lines=[{"line": "1", "amount_minor": 800}])
    assert back["points"]["taken_back"] == purchase["points"]["earned"]
    problem(post_return(shop, purchase, all=True), 422, "return.beyond_purchase", "all")


def test_a_purchase_of_a_till_whose_clock_is_ahead_is_voided_at_once(shop: Shop) -> None:
    ahead = (datetime.fromisoformat(PRESENT) + timedelta(minutes=4)).isoformat()
    purchase = shop.buy(shop.enrol(), 1000, occurred_at=ahead)
    assert shop.call("POST", f"/v1/purchases/{purchase['id']}/void").status_code == 201


def test_in_a_batch_a_return_of_the_same_instant_follows_its_purchase(shop: Shop) -> None:
    bought = make_purchase(shop.enrol()["card"], 1000, reference="same-instant")
    back = {
        "type": "return",
        "reference": "back",
        "purchase": {"source": bought["source"], "reference": "same-instant"},
        "occurred_at": bought["occurred_at"],
        "all": True,
    }
    results = shop.call("POST", "/v1/purchases/batch", [back, bought]).json()["results"]
    assert [each["status"] for each in results] == ["recorded", "recorded"]
