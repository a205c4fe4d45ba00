"""POST /v1/redemptions: at once or reserved, completed, cancelled or run out; priced by the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop

MakeShop = Callable[..., Shop]
CENT = {"code": "base", "per_spend": {"points": 1, "per_minor": 1}}
PAY = {"code": "pay", "pay_with_points": {"points": 1, "minor": 1, "min": 500, "step": 1, "max_share": 0.5}}
NOBODY = "019a2011-0405-775b-a666-3189a5d947d4"


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """A point for every cent, 5.00 off for 500 points, and half of a basket to be paid with points."""
    return make_shop(earning_rules=[CENT], rewards=[make_reward(), PAY], redemptions={"reserve_minutes": 10})


def post(shop: Shop, body: dict[str, Any], **options: Any) -> Any:
    return shop.call("POST", "/v1/redemptions", body, **options)


def close(shop: Shop, redemption: dict[str, Any], how: str) -> Any:
    return shop.call("POST", f"/v1/redemptions/{redemption['id']}/{how}")


def read(shop: Shop, redemption: dict[str, Any]) -> dict[str, Any]:
    answer = shop.call("GET", f"/v1/redemptions/{redemption['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_reward_is_redeemed_at_once_and_told_with_the_balance(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    body = shop.redeem(member)
    redemption_id = body.pop("id")
    assert body == {
        "status": "completed",
        "member": member["id"],
        "reward": "five-off",
        "points": 500,
        "amount_minor": 500,
        "balance": {"available": 800, "pending": 0, "reserved": 0},
    }
    assert shop.points(member) == (800, 0)
    view = shop.call("GET", f"/v1/redemptions/{redemption_id}").json()
    assert (view["status"], view["kind"], view["version"]) == ("completed", "money_off", 1)
    assert view["reserved_at"] == view["closed_at"] == "2026-03-02T12:00:00Z"


def test_points_are_reserved_then_spent_for_good(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    reserved = shop.redeem(member, complete=False)
    assert (reserved["status"], reserved["expires_at"]) == ("reserved", "2026-03-02T12:10:00Z")
    assert reserved["balance"] == {"available": 800, "pending": 0, "reserved": 500}
    done = close(shop, reserved, "complete").json()
    assert (done["status"], done["balance"]) == ("completed", {"available": 800, "pending": 0, "reserved": 0})
    assert "expires_at" not in done
    again = close(shop, reserved, "complete")
    assert (again.status_code, again.json()) == (200, done)
    problem(close(shop, reserved, "cancel"), 409, "redemption.completed")
    assert shop.points(member) == (800, 0)


def test_a_cancelled_reservation_gives_the_points_back(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    reserved = shop.redeem(member, complete=False)
    done = close(shop, reserved, "cancel").json()
    assert (done["status"], done["balance"]["available"]) == ("cancelled", 1300)
    assert close(shop, reserved, "cancel").json() == done
    problem(close(shop, reserved, "complete"), 409, "redemption.cancelled")
    assert shop.points(member) == (1300, 0)


def test_cancelled_points_are_back_in_their_lots_with_their_dates(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[CENT], rewards=[make_reward()], points={"expiry": {"days": 20}})
    member = shop.enrol()
    shop.buy(member, 300, occurred_at="2026-03-01T10:00:00Z")
    shop.buy(member, 400, occurred_at="2026-03-02T10:00:00Z")

    def points() -> dict[str, Any]:
        return shop.call("GET", f"/v1/members/{member['id']}/points").json()

    before = points()
    reserved = shop.redeem(member, complete=False)
    assert [each["points"] for each in points()["expiring"]] == [200]
    close(shop, reserved, "cancel")
    assert points() == before
    assert [each["points"] for each in before["expiring"]] == [300, 400]


def test_a_reservation_is_over_at_exactly_its_instant_for_reads_and_writes(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 600)
    reserved = shop.redeem(member, complete=False)
    shop.set_clock("2026-03-02T12:09:59.999999Z")
    assert shop.points(member) == (100, 500)
    assert read(shop, reserved)["status"] == "reserved"
    problem(post(shop, make_redemption(member["card"])), 409, "points.insufficient")
    shop.set_clock("2026-03-02T12:10:00Z")
    assert shop.points(member) == (600, 0)
    assert read(shop, reserved)["status"] == "expired"
    problem(close(shop, reserved, "complete"), 409, "redemption.expired")
    problem(close(shop, reserved, "cancel"), 409, "redemption.expired")
    assert shop.redeem(member)["balance"] == {"available": 100, "pending": 0, "reserved": 0}
    view = read(shop, reserved)
    assert (view["status"], view["closed_at"]) == ("expired", "2026-03-02T12:10:00Z")


def test_a_purchase_tells_the_balance_without_the_reservation_that_ran_out(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 600)
    shop.redeem(member, complete=False)
    assert shop.buy(member, 10)["balance"] == {"available": 110, "pending": 0, "reserved": 500}
    shop.set_clock("2026-03-02T12:10:00Z")
    assert shop.buy(member, 10)["balance"] == {"available": 620, "pending": 0, "reserved": 0}


def test_reserved_points_wait_before_they_expire(make_shop: MakeShop) -> None:
    shop = make_shop(
        earning_rules=[CENT],
        rewards=[make_reward()],
        points={"expiry": {"days": 1}},
        redemptions={"reserve_minutes": 24 * 60},
    )
    member, other = shop.enrol(), shop.enrol()
    for each in (member, other):
        shop.buy(each, 600)
    kept, lost = shop.redeem(member, complete=False), shop.redeem(other, complete=False)
    shop.set_clock("2026-03-03T10:00:00Z")  # a day is over, the reservations are not
    assert shop.points(member) == (0, 500)
    assert close(shop, kept, "complete").json()["balance"] == {"available": 0, "pending": 0, "reserved": 0}
    assert close(shop, lost, "cancel").json()["balance"] == {"available": 0, "pending": 0, "reserved": 0}


def test_the_same_reference_is_answered_the_same_for_ever(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    shop.buy(member, 1300)
    body = make_redemption(member["card"], complete=False)
    first = post(shop, body)
    close(shop, first.json(), "complete")
    again = post(shop, body | {"member": {"id": member["id"]}})
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    for change in ({"complete": True}, {"member": {"identifier": other["card"]}}, {"store": "1"}):
        problem(post(shop, body | change), 409, "redemption.reference_reused")
    assert post(shop, body | {"source": "elsewhere"}).status_code == 201
    assert shop.points(member) == (300, 500)


def test_a_refused_redemption_may_succeed_later_under_its_reference(shop: Shop) -> None:
    member = shop.enrol()
    body = make_redemption(member["card"])
    told = problem(post(shop, body), 409, "points.insufficient")
    assert told["detail"] == "500 points are needed; 0 are available."
    shop.buy(member, 500)
    assert post(shop, body).json()["balance"]["available"] == 0


PAYMENTS: list[tuple[int, int | None, int, str | None]] = [
    (500, 2000, 500, None),
    (700, 2000, 700, None),
    (1200, 2000, 1000, "max_share"),
    (1200, 1001, 500, "max_share"),
    (9000, 5001, 1300, "balance"),
    (9000, 2599, 1299, "max_share"),
]


@pytest.mark.parametrize(("asked", "total_minor", "points", "limited_by"), PAYMENTS)
def test_paying_takes_as_much_as_the_limits_allow_and_says_what_limited_it(
    shop: Shop, asked: int, total_minor: int, points: int, limited_by: str | None
) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    body = shop.redeem(member, None, points=asked, purchase_preview={"total_minor": total_minor}, complete=False)
    assert (body["reward"], body["points"], body["amount_minor"]) == ("pay", points, points)
    assert body.get("limited_by") == limited_by
    assert body["balance"] == {"available": 1300 - points, "pending": 0, "reserved": points}


def test_paying_is_refused_where_the_limits_allow_nothing(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 499)
    basket = {"purchase_preview": {"total_minor": 2000}}
    problem(post(shop, make_redemption(member["card"], None, points=800, **basket)), 409, "points.insufficient")
    shop.buy(member, 1000)
    for body, code, field in [
        ({"points": 499} | basket, "redemption.below_minimum", "points"),
        ({"points": 500}, "request.invalid", "purchase_preview"),
        ({"reward": "pay"} | basket, "request.invalid", "points"),
        ({"reward": "five-off", "points": 500}, "request.invalid", "points"),
        ({}, "request.invalid", "reward"),
    ]:
        asked = make_redemption(member["card"], None) | body
        problem(post(shop, asked), 422, code, field)
    small = {"purchase_preview": {"total_minor": 999}}
    problem(post(shop, make_redemption(member["card"], None, points=500, **small)), 409, "redemption.nothing_allowed")
    assert shop.points(member) == (1499, 0)


def test_the_basket_of_a_quote_will_do_and_must_add_up_in_the_programs_currency(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    preview = {"total_minor": 2000, "currency": "EUR", "store": "1", "lines": [{"amount_minor": 2000, "sku": "A"}]}
    body = make_redemption(member["card"], None, points=600, purchase_preview=preview)
    assert post(shop, body).json()["points"] == 600
    for change, field in [
        ({"currency": "USD"}, "purchase_preview.currency"),
        ({"lines": [{"amount_minor": 1}]}, "purchase_preview.total_minor"),
    ]:
        fresh = make_redemption(member["card"], None, points=600, purchase_preview=preview | change)
        problem(post(shop, fresh), 422, "request.invalid", field)


def test_what_is_off_a_basket_is_never_more_than_the_basket(make_shop: MakeShop) -> None:
    tenth = make_reward("tenth", money_off=None, percent_off={"percent": 12.5, "max_minor": 1000})
    shop = make_shop(earning_rules=[CENT], rewards=[make_reward(), tenth])
    member = shop.enrol()
    shop.buy(member, 10_000)

    def told(reward: str, total_minor: int | None) -> tuple[int | None, str | None]:
        preview = {"purchase_preview": {"total_minor": total_minor}} if total_minor is not None else {}
        body = shop.redeem(member, reward, **preview)
        return body.get("amount_minor"), body.get("limited_by")

    assert told("five-off", 499) == (499, "basket")
    assert told("five-off", 500) == (500, None)
    assert told("tenth", 1999) == (249, None)
    assert told("tenth", 8001) == (1000, None)
    assert told("tenth", 8008) == (1000, "max_minor")
    assert told("tenth", None) == (None, None)


def test_redemptions_are_listed_by_member_newest_first(shop: Shop) -> None:
    ada, ben = shop.enrol(), shop.enrol()
    for each in (ada, ben):
        shop.buy(each, 2000)
    first, second, third = shop.redeem(ada), shop.redeem(ada, complete=False), shop.redeem(ben)

    def listed(query: str) -> list[str]:
        return [each["id"] for each in shop.call("GET", f"/v1/redemptions{query}").json()["items"]]

    assert listed("") == [third["id"], second["id"], first["id"]]
    assert listed(f"?member={ada['id']}") == [second["id"], first["id"]]
    page = shop.call("GET", "/v1/redemptions?limit=2").json()
    assert listed(f"?limit=2&cursor={page['next_cursor']}") == [first["id"]]
    problem(shop.call("GET", "/v1/redemptions?member=7"), 422, "request.invalid", "member")


def test_what_does_not_exist_is_not_found(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    problem(post(shop, make_redemption(member["card"], "nothing")), 404, "reward.not_found")
    problem(post(shop, make_redemption("card:nobody")), 404, "member.not_found")
    for how in ("complete", "cancel"):
        problem(close(shop, {"id": NOBODY}, how), 404, "redemption.not_found")
    problem(shop.call("GET", f"/v1/redemptions/{NOBODY}"), 404, "redemption.not_found")


def test_a_key_of_a_store_redeems_for_its_store_only(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    key = shop.issue_key("till", store="17")["key"]
    problem(post(shop, make_redemption(member["card"], store="18"), key=key), 403, "access.other_store")
    body = post(shop, make_redemption(member["card"]), key=key).json()
    assert read(shop, body)["store"] == "17"


def test_the_history_names_the_reward_and_what_became_of_its_points(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1300)
    done, cancelled = shop.redeem(member), shop.redeem(member, complete=False)
    close(shop, cancelled, "cancel")
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    told = [(each["kind"], each["points"], each["from"], each["to"], each["redemption"]) for each in items]
    assert told == [
        ("release", 500, "reserved", "spendable", cancelled["id"]),
        ("reserve", 500, "spendable", "reserved", cancelled["id"]),
        ("redeem", 500, "spendable", "redeemed", done["id"]),
        ("earn", 1300, "issued", "spendable", None),
    ]
    assert items[2]["reason"].startswith("Reward five-off: ")
