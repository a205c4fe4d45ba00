"""A purchase that was posted for the wrong member is moved: as if it never was theirs, decided anew for the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.reward import make_pool, make_reward
from tests.make.shop import PRESENT, Shop
from tests.scenarios.test_awaited_events import shipped
from tests.scenarios.test_merges import merge
from tests.scenarios.test_returns import available, give_back, post_return

Member = dict[str, Any]


def post_move(shop: Shop, purchase: dict[str, Any], to: Member) -> httpx.Response:
    """Asks for a purchase, named by its id, to be the member's."""
    body = {"member": {"identifier": to["card"]}}
    return shop.call("POST", f"/v1/purchases/{purchase['id']}/move", body)


def move(shop: Shop, purchase: dict[str, Any], to: Member) -> dict[str, Any]:
    """A move that must succeed; the answer."""
    answer = post_move(shop, purchase, to)
    assert answer.status_code == 201, answer.text
    return answer.json()


def read(shop: Shop, purchase: dict[str, Any]) -> dict[str, Any]:
    return shop.call("GET", f"/v1/purchases/{purchase['id']}").json()


@pytest.fixture(autouse=True)
async def clean(database: Database) -> AsyncIterator[None]:
    """Whatever a test did, the books are right after it."""
    yield
    assert (await verify(database)).findings == []


def test_its_points_and_its_tier_leave_the_one_and_come_to_the_other(shop: Shop) -> None:
    wrong, right = shop.enrol(), shop.enrol()
    shop.buy(wrong, 1_000)
    bought = shop.buy(wrong, 60_000)
    assert bought["tier"]["code"] == "silver"
    moved = move(shop, bought, right)
    assert (moved["status"], moved["member"], moved["points"]["earned"]) == ("moved", right["id"], 600)
    assert moved["moved_from"]["purchase"] == bought["id"]
    assert (moved["moved_from"]["member"], moved["moved_from"]["taken_back"]) == (wrong["id"], 600)
    assert (available(shop, wrong), available(shop, right)) == (10, 600)
    assert shop.member(right["id"])["tier"]["code"] == "silver"
    assert shop.member(wrong["id"])["tier"]["next"] == {"code": "gold", "missing": 149_000}
    old, new = read(shop, bought), read(shop, moved)
    assert (old["status"], old["moved_to"]) == ("moved", moved["id"])
    assert (new["status"], new["moved_to"], new["member"]) == ("recorded", None, right["id"])
    same = ("reference", "source", "occurred_at", "currency", "store", "lines", "coupons", "total_minor", "base_minor")
    assert [old[name] for name in same] == [new[name] for name in same]
    void = shop.call("GET", f"/v1/returns/{moved['moved_from']['void']}").json()
    assert (void["status"], void["purchase"]) == ("voided", bought["id"])


def test_it_earns_what_the_other_member_earned_at_its_own_time(make_shop: Callable[..., Shop]) -> None:
    double = {"code": "double", "multiplier": 2, "tiers": ["silver"]}
    shop = make_shop(earning_rules=[{"code": "base", "per_spend": {"points": 1, "per_minor": 100}}, double])
    wrong, right = shop.enrol(), shop.enrol()
    shop.buy(right, 50_000, occurred_at="2026-03-01T10:00:00Z")
    early = shop.buy(wrong, 1_000, occurred_at="2026-02-28T10:00:00Z")
    late = shop.buy(wrong, 1_000, occurred_at="2026-03-02T10:00:00Z")
    shop.publish(earning_rules=[])  # the rules of then count, not those of now
    assert move(shop, early, right)["points"]["earned"] == 10
    assert move(shop, late, right)["points"]["earned"] == 20
    assert (available(shop, wrong), available(shop, right)) == (0, 530)


def test_a_retry_with_either_card_is_answered_what_was_answered_first(shop: Shop) -> None:
    wrong, right, third = shop.enrol(), shop.enrol(), shop.enrol()
    body = make_purchase(wrong["card"], 1_000)
    first = shop.post(body)
    moved = move(shop, first.json(), right)
    for card in (wrong["card"], right["card"]):
        again = shop.post(body | {"member": {"identifier": card}})
        assert (again.status_code, again.content) == (200, first.content)
    problem(shop.post(body | {"member": {"identifier": third["card"]}}), 409, "purchase.reference_reused")
    problem(shop.post(body | {"currency": "USD"}), 409, "purchase.reference_reused")
    move(shop, moved, third)
    for card in (wrong["card"], third["card"]):
        assert shop.post(body | {"member": {"identifier": card}}).content == first.content
    assert [available(shop, each) for each in (wrong, right, third)] == [0, 0, 10]


def test_sent_again_it_is_answered_the_same_and_for_a_third_it_names_the_record_to_move(shop: Shop) -> None:
    wrong, right, third = shop.enrol(), shop.enrol(), shop.enrol()
    bought = shop.buy(wrong, 1_000)
    first = post_move(shop, bought, right)
    give_back(shop, bought, amount_minor=500)
    again = post_move(shop, bought, right)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    refused = problem(post_move(shop, bought, third), 409, "purchase.moved")
    assert first.json()["id"] in refused["detail"]
    assert [available(shop, each) for each in (wrong, right, third)] == [0, 5, 0]


@pytest.mark.parametrize("named", ["old id", "new id", "reference"])
def test_returns_by_any_name_of_it_go_to_the_member_whose_it_is(shop: Shop, named: str) -> None:
    wrong, right = shop.enrol(), shop.enrol()
    body = make_purchase(wrong["card"], lines=[make_line(600, line="a"), make_line(400, line="b")])
    bought = shop.post(body).json()
    moved = move(shop, bought, right)
    names = {
        "old id": {"id": bought["id"]},
        "new id": {"id": moved["id"]},
        "reference": {"source": body["source"], "reference": body["reference"]},
    }
    answer = post_return(shop, bought, purchase=names[named], lines=[{"line": "b"}])
    assert answer.status_code == 201, answer.text
    back = answer.json()
    assert (back["purchase"], back["points"]["taken_back"]) == (moved["id"], 4)
    assert (available(shop, wrong), available(shop, right)) == (0, 6)
    address = f"/v1/purchases/{(moved if named == 'new id' else bought)['id']}/void"
    assert shop.call("POST", address).json()["purchase"] == moved["id"]
    assert available(shop, right) == 0
    voids = [shop.call("POST", f"/v1/purchases/{each['id']}/void") for each in (bought, moved)]
    assert [(each.status_code, each.json()["purchase"]) for each in voids] == [(200, moved["id"])] * 2
    assert (read(shop, bought)["status"], read(shop, moved)["status"]) == ("moved", "voided")
    problem(post_return(shop, bought, amount_minor=1), 409, "purchase.voided")


def test_what_cannot_be_moved_is_refused_and_stays(shop: Shop) -> None:
    member, other, closed = shop.enrol(), shop.enrol(), shop.enrol()
    shop.call("POST", f"/v1/members/{closed['id']}/close", {"reason": "moved away"})
    voided, part, whole = (shop.buy(member, 1_000) for _ in range(3))
    shop.call("POST", f"/v1/purchases/{voided['id']}/void")
    give_back(shop, part, amount_minor=300)
    problem(post_move(shop, voided, other), 409, "purchase.voided")
    problem(post_move(shop, part, other), 409, "purchase.has_returns")
    problem(post_move(shop, whole, member), 409, "purchase.same_member")
    problem(post_move(shop, whole, closed), 409, "member.closed")
    problem(post_move(shop, whole, {"card": "card:nobodys"}), 404, "member.not_found")
    problem(post_move(shop, whole, {"card": "phone:x"}), 422, "request.invalid", "member.identifier")
    problem(post_move(shop, other, member), 404, "purchase.not_found")
    address = f"/v1/purchases/{whole['id']}/move"
    problem(shop.call("POST", address, {"member": {}}), 422, "request.invalid", "member")
    problem(shop.call("POST", address, {}), 422, "request.invalid", "member")
    till = shop.issue_key("till")["key"]
    problem(shop.call("POST", address, {"member": {"id": other["id"]}}, key=till), 403, "access.forbidden")
    assert (available(shop, member), available(shop, other)) == (17, 0)


def test_one_of_an_erased_member_stays_where_it_is(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    bought = shop.buy(member, 1_000)
    shop.call("POST", f"/v1/members/{member['id']}/erase")
    problem(post_move(shop, bought, other), 410, "member.erased")
    assert available(shop, other) == 0


def test_one_that_was_paid_with_points_is_refused(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(points=10)])
    member, other = shop.enrol(), shop.enrol()
    shop.buy(member, 1_000)
    redemption = shop.redeem(member, complete=False)
    bought = shop.buy(member, 2_000, redemptions=[redemption["id"]])
    problem(post_move(shop, bought, other), 409, "purchase.has_redemptions")
    assert (shop.points(member), shop.points(other)) == ((20, 0), (0, 0))


def test_a_coupon_stays_used_and_still_answers_conditions(make_shop: Callable[..., Shop]) -> None:
    rules = [{"code": "promo", "flat": 7, "when": "'AAA' in purchase.coupons"}]
    shop = make_shop(earning_rules=rules)
    assert shop.call("POST", "/v1/coupons/pools", make_pool()).status_code == 201
    wrong, right = shop.enrol(), shop.enrol()
    moved = move(shop, shop.buy(wrong, 1_000, coupons=["AAA"]), right)
    assert moved["points"]["earned"] == 7
    assert shop.call("GET", "/v1/coupons/pools/spring").json()["left"] == 2


def test_a_coupon_that_multiplied_multiplies_for_the_other(shop: Shop) -> None:
    pool = make_pool("double", codes=["TWICE"], effect={"multiplier": 2})
    assert shop.call("POST", "/v1/coupons/pools", pool).status_code == 201
    wrong, right = shop.enrol(), shop.enrol()
    bought = shop.buy(wrong, 1_000, coupons=["TWICE"])
    moved = move(shop, bought, right)
    assert (bought["points"]["earned"], moved["points"]["earned"]) == (20, 20)
    assert give_back(shop, moved, amount_minor=500)["points"]["taken_back"] == 10
    assert shop.call("GET", "/v1/coupons/pools/double").json()["left"] == 0


def test_one_from_before_the_other_member_enrolled_is_refused_where_such_do_not_count(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(purchases={"before_enrolment": "refuse"})
    wrong, right = shop.enrol(), shop.enrol(enrolled_at=PRESENT)
    bought = shop.buy(wrong, 1_000)
    problem(post_move(shop, bought, right), 409, "purchase.before_enrolment")
    assert (available(shop, wrong), available(shop, right)) == (10, 0)


def test_it_is_never_too_late_and_its_points_then_live_like_those_of_a_late_receipt(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(points={"expiry": {"days": 30}}, purchases={"late_days": 5})
    wrong, right = shop.enrol(), shop.enrol()
    bought = shop.buy(wrong, 1_000)
    shop.set_clock("2026-03-20T12:00:00Z")
    moved = move(shop, bought, right)
    assert available(shop, right) == 10
    shop.set_clock("2026-04-03T11:59:59Z")  # 30 days from when it was bought, but 14 from when it was recorded
    assert available(shop, right) == 10
    shop.set_clock("2026-04-03T12:00:00Z")
    assert available(shop, right) == 0
    third = shop.enrol()
    assert move(shop, moved, third)["moved_from"]["taken_back"] == 10  # of the member it took nothing: it had expired
    assert (available(shop, right), available(shop, third)) == (0, 10)


def test_points_that_were_spent_become_a_debt_of_the_one_only(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(points=10)])
    wrong, right = shop.enrol(), shop.enrol()
    bought = shop.buy(wrong, 1_000)
    shop.redeem(wrong)
    move(shop, bought, right)
    assert (available(shop, wrong), available(shop, right)) == (-10, 10)


def test_points_that_waited_for_an_event_which_has_come_need_not_wait_again(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"until": "purchase.shipped"}, "expiry": {"days": 30}})
    wrong, right = shop.enrol(), shop.enrol()
    came, awaited = (shop.buy(wrong, amount, occurred_at="2026-03-01T10:00:00Z") for amount in (1_000, 700))
    on = {"occurred_at": "2026-03-02T11:00:00Z"}
    assert shop.call("POST", "/v1/engagement", shipped(wrong, {"id": came["id"]}, **on)).json()["matured"] == 10
    assert move(shop, came, right)["points"]["pending"] == 10
    assert shop.member(right["id"])["points"]["available"] == 10
    move(shop, awaited, right)
    assert shop.member(right["id"])["points"]["pending"] == 7
    event = shipped(right, {"id": awaited["id"]}, **on)
    assert shop.call("POST", "/v1/engagement", event).json()["matured"] == 7
    assert (available(shop, wrong), available(shop, right)) == (0, 17)
    again = shipped(right, {"id": came["id"]}, **on)
    assert shop.call("POST", "/v1/engagement", again).json()["matured"] == 0


def test_the_purchase_of_an_alias_is_taken_back_from_the_survivor(shop: Shop) -> None:
    alias, survivor, other = shop.enrol(), shop.enrol(), shop.enrol()
    bought = shop.buy(alias, 1_000)
    shop.buy(survivor, 500)
    merge(shop, alias, survivor)
    problem(post_move(shop, bought, alias), 409, "purchase.same_member")
    moved = move(shop, bought, other)
    assert moved["moved_from"]["member"] == alias["id"]
    assert (available(shop, survivor), available(shop, other)) == (5, 10)
    assert move(shop, moved, alias)["member"] == survivor["id"]
    assert (available(shop, survivor), available(shop, other)) == (15, 0)


def test_an_automatic_reward_that_it_reaches_is_given_to_the_other(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward("free", points=15, auto=True)])
    wrong, right = shop.enrol(), shop.enrol()
    shop.buy(right, 1_000)
    move(shop, shop.buy(wrong, 1_000), right)
    assert (available(shop, wrong), available(shop, right)) == (0, 5)
