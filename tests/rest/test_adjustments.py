"""Adjustments over HTTP: given, taken, moved, approved by a second key, rejected, reversed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.make.problem import problem
from tests.make.reward import make_reward
from tests.make.shop import PRESENT, Shop

_references = itertools.count(1)


def adjust(shop: Shop, member: dict[str, Any], points: int, **changes: Any) -> httpx.Response:
    key = changes.pop("key", None)
    body = {"reference": f"A-{next(_references)}", "points": points, "reason": "put right"} | changes
    return shop.call("POST", f"/v1/members/{member['id']}/points/adjustments", body, key=key)


def move(shop: Shop, giver: dict[str, Any], taker: dict[str, Any], points: int, **changes: Any) -> httpx.Response:
    key = changes.pop("key", None)
    body = {"reference": f"M-{next(_references)}", "points": points, "to": taker["id"], "reason": "sisters"} | changes
    return shop.call("POST", f"/v1/members/{giver['id']}/points/move", body, key=key)


def booked(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "booked"
    return answer.json()


def decide(shop: Shop, adjustment_id: str, how: str, key: str | None = None) -> httpx.Response:
    body = None if how == "approve" else {"reason": f"{how} it"}
    return shop.call("POST", f"/v1/adjustments/{adjustment_id}/{how}", body, key=key)


def expiring(shop: Shop, member: dict[str, Any]) -> list[tuple[int, str]]:
    told = shop.call("GET", f"/v1/members/{member['id']}/points?expiring_within=P400D").json()["expiring"]
    return [(each["points"], each["at"]) for each in told]


@pytest.fixture
def limited(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop(adjustments={"limits": {"manage": 100, "admin": 1000}}, points={"expiry": {"days": 30}})


def test_points_are_given_at_once_and_live_as_long_as_earned_ones(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 30}, "pending": {"days": 5}})
    member = shop.enrol()
    told = booked(adjust(shop, member, 250, reason="the coffee was cold"))
    assert told["balance"] == {"available": 250, "pending": 0, "reserved": 0}
    assert expiring(shop, member) == [(250, "2026-03-31T22:00:00Z")]
    assert shop.call("GET", f"/v1/members/{member['id']}/points").json()["lifetime_earned"] == 0
    (item,) = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert (item["kind"], item["points"], item["from"], item["to"]) == ("adjust", 250, "adjusted", "spendable")
    assert item["reason"] == "the coffee was cold: adjusted"
    assert item["adjustment"] == told["id"]


def test_taken_points_are_those_that_expire_first_and_never_more_than_there_are(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(points={"expiry": {"days": 30}})
    member = shop.enrol()
    shop.buy(member, 5_000)
    shop.set_clock("2026-03-05T12:00:00Z")
    shop.buy(member, 5_000, occurred_at="2026-03-05T12:00:00Z")
    refusal = problem(adjust(shop, member, -101), 409, "points.insufficient", "points")
    assert refusal["errors"][0]["message"] == "at most 100 are available"
    assert booked(adjust(shop, member, -70))["balance"]["available"] == 30
    assert expiring(shop, member) == [(30, "2026-04-03T22:00:00Z")]


def test_the_same_reference_is_answered_the_same_and_other_content_is_refused(shop: Shop) -> None:
    member = shop.enrol()
    first = adjust(shop, member, 5, reference="one")
    again = adjust(shop, member, 5, reference="one")
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    problem(adjust(shop, member, 6, reference="one"), 409, "adjustment.reference_reused")
    problem(adjust(shop, shop.enrol(), 5, reference="one"), 409, "adjustment.reference_reused")
    assert shop.points(member) == (5, 0)


def test_a_move_between_two_who_are_one_since_is_answered_the_same(shop: Shop) -> None:
    giver, taker = shop.enrol(), shop.enrol()
    booked(adjust(shop, giver, 5))
    first = move(shop, giver, taker, 2, reference="one")
    assert shop.call("POST", f"/v1/members/{giver['id']}/merge", {"into": taker["id"]}).status_code == 200
    again = move(shop, giver, taker, 2, reference="one")
    assert (again.status_code, again.content) == (200, first.content)
    problem(move(shop, giver, taker, 2, reference="two"), 422, "request.invalid", "to")
    problem(move(shop, taker, giver, 2), 409, "member.merged")


def test_what_cannot_be_is_refused_with_its_field(shop: Shop) -> None:
    member = shop.enrol()
    problem(adjust(shop, member, 0), 422, "request.invalid", "points")
    problem(adjust(shop, member, 5, reason=" "), 422, "request.invalid", "reason")
    problem(move(shop, member, member, 5), 422, "request.invalid", "to")
    problem(move(shop, member, shop.enrol(), 5), 409, "points.insufficient", "points")
    stranger = {"id": "019a2011-0405-775b-a666-3189a5d947d4"}
    problem(adjust(shop, stranger, 5), 404, "member.not_found")
    problem(move(shop, member, stranger, 5), 404, "member.not_found")
    problem(decide(shop, stranger["id"], "approve"), 404, "adjustment.not_found")
    for how in ("reject", "reverse"):
        blank = shop.call("POST", f"/v1/adjustments/{stranger['id']}/{how}", {"reason": " "})
        problem(blank, 422, "request.invalid", "reason")


def test_above_the_limit_a_second_key_decides(limited: Shop) -> None:
    clerk, other = limited.issue_key("manage"), limited.issue_key("manage")
    chief, second = limited.issue_key("admin"), limited.issue_key("admin", "manage")
    member = limited.enrol()
    booked(adjust(limited, member, 100, key=clerk["key"]))
    waiting = adjust(limited, member, 101, key=clerk["key"])
    assert (waiting.status_code, waiting.json()["status"]) == (201, "awaiting_approval")
    assert "balance" not in waiting.json()
    assert limited.points(member) == (100, 0)
    adjustment_id = waiting.json()["id"]
    problem(decide(limited, adjustment_id, "approve", clerk["key"]), 403, "adjustment.own")
    problem(decide(limited, adjustment_id, "approve", other["key"]), 403, "adjustment.above_limit")
    problem(decide(limited, adjustment_id, "reverse", chief["key"]), 409, "adjustment.not_reversible")
    listed = limited.call("GET", "/v1/adjustments?status=awaiting_approval").json()["items"]
    assert [each["id"] for each in listed] == [adjustment_id]
    approved = decide(limited, adjustment_id, "approve", chief["key"]).json()
    assert (approved["status"], approved["decision"]["by"]) == ("booked", f"key:{chief['id']}")
    assert approved["asked_by"] == f"key:{clerk['id']}"
    assert decide(limited, adjustment_id, "approve", second["key"]).json() == approved
    assert limited.points(member) == (201, 0)
    problem(decide(limited, adjustment_id, "reject", chief["key"]), 409, "adjustment.decided")

    big = adjust(limited, member, 1001, key=second["key"]).json()["id"]
    problem(decide(limited, big, "approve", chief["key"]), 403, "adjustment.above_limit")
    rejected = decide(limited, big, "reject", second["key"]).json()
    assert (rejected["status"], rejected["decision"]["reason"]) == ("rejected", "reject it")
    problem(decide(limited, big, "approve", chief["key"]), 409, "adjustment.decided")
    assert limited.points(member) == (201, 0)


def test_what_was_approved_too_late_for_the_points_still_waits(limited: Shop) -> None:
    clerk, chief = limited.issue_key("manage"), limited.issue_key("admin")
    member = limited.enrol()
    limited.buy(member, 30_000)
    waiting = adjust(limited, member, -250, key=clerk["key"]).json()["id"]
    booked(adjust(limited, member, -100))
    problem(decide(limited, waiting, "approve", chief["key"]), 409, "points.insufficient", "points")
    assert limited.call("GET", f"/v1/adjustments/{waiting}").json()["status"] == "awaiting_approval"
    booked(adjust(limited, member, 50))
    assert decide(limited, waiting, "approve", chief["key"]).status_code == 200
    assert limited.points(member) == (0, 0)


def test_reversing_what_was_given_takes_it_back_and_a_debt_is_paid_by_what_comes(limited: Shop) -> None:
    member = limited.enrol()
    given = booked(adjust(limited, member, 80))["id"]
    booked(adjust(limited, member, -50))
    told = decide(limited, given, "reverse").json()
    assert told["status"] == "reversed"
    assert (told["reversal"]["points"], told["reversal"]["expired"]) == (80, 0)
    assert told["reversal"]["reason"] == "reverse it"
    assert limited.points(member)[0] == -50
    assert decide(limited, given, "reverse").json() == told
    assert limited.buy(member, 7_000)["balance"]["available"] == 20


@pytest.mark.parametrize(("policy", "left", "reversed_points"), [("clamp", 0, 30), ("pending_only", 0, 30)])
def test_a_reversal_follows_the_programs_policy_for_what_is_spent(
    make_shop: Callable[..., Shop], policy: str, left: int, reversed_points: int
) -> None:
    shop = make_shop(points={"on_return": policy})
    member = shop.enrol()
    given = booked(adjust(shop, member, 80))["id"]
    booked(adjust(shop, member, -50))
    assert decide(shop, given, "reverse").json()["reversal"]["points"] == reversed_points
    assert shop.points(member) == (left, 0)


def test_reversing_takes_what_is_left_of_the_given_points_before_those_that_purchases_wait_for(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(points={"on_return": "pending_only", "pending": {"days": 5}})
    member = shop.enrol()
    shop.buy(member, 10_000)
    given = booked(adjust(shop, member, 80))["id"]
    booked(adjust(shop, member, -50))
    assert decide(shop, given, "reverse").json()["reversal"]["points"] == 80
    points = shop.call("GET", f"/v1/members/{member['id']}/points").json()
    assert (points["available"], points["pending"]) == (0, 50)


def test_reversing_what_has_expired_takes_nothing_twice(limited: Shop) -> None:
    member = limited.enrol()
    given = booked(adjust(limited, member, 80))["id"]
    booked(adjust(limited, member, -30))
    limited.set_clock("2026-04-01T12:00:00Z")
    told = decide(limited, given, "reverse").json()
    assert (told["reversal"]["points"], told["reversal"]["expired"]) == (30, 50)
    assert limited.points(member) == (-30, 0)


def test_reversing_what_was_taken_gives_it_back_into_its_lots(limited: Shop) -> None:
    member = limited.enrol()
    limited.buy(member, 5_000)
    limited.set_clock("2026-03-05T12:00:00Z")
    limited.buy(member, 5_000, occurred_at="2026-03-05T12:00:00Z")
    before = expiring(limited, member)
    taken = booked(adjust(limited, member, -70))["id"]
    assert decide(limited, taken, "reverse").status_code == 200
    assert expiring(limited, member) == before
    late = booked(adjust(limited, member, -70))["id"]
    limited.set_clock("2026-04-02T12:00:00Z")  # the first lot has expired: its points have the program's grace
    decide(limited, late, "reverse")
    assert expiring(limited, member) == [(50, "2026-04-03T22:00:00Z"), (50, "2026-05-01T22:00:00Z")]


def test_moved_points_keep_their_dates_and_pay_what_the_other_owes(limited: Shop) -> None:
    giver, taker = limited.enrol(), limited.enrol()
    limited.buy(giver, 5_000)
    limited.set_clock("2026-03-05T12:00:00Z")
    limited.buy(giver, 5_000, occurred_at="2026-03-05T12:00:00Z")
    given = booked(adjust(limited, taker, 20))["id"]
    booked(adjust(limited, taker, -20))
    decide(limited, given, "reverse")
    assert limited.points(taker) == (-20, 0)
    moved = booked(move(limited, giver, taker, 70))
    assert moved["to"] == taker["id"]
    assert moved["balance"]["available"] == 30
    assert expiring(limited, giver) == [(30, "2026-04-03T22:00:00Z")]
    assert expiring(limited, taker) == [(30, "2026-03-31T22:00:00Z"), (20, "2026-04-03T22:00:00Z")]
    problem(decide(limited, moved["id"], "reverse"), 409, "adjustment.not_reversible")
    for member, sides in ((giver, ("spendable", "in_transit")), (taker, ("in_transit", "spendable"))):
        items = limited.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
        found = [(each["from"], each["to"], each["reason"]) for each in items if each["kind"] == "move"]
        assert found == [(*sides, "sisters: moved")]
        listed = limited.call("GET", f"/v1/adjustments?member={member['id']}").json()["items"]
        assert moved["id"] in [each["id"] for each in listed]


def test_suspended_members_may_be_adjusted_and_closed_ones_not(shop: Shop) -> None:
    member = shop.enrol()
    shop.call("POST", f"/v1/members/{member['id']}/suspend", {"reason": "lost"})
    booked(adjust(shop, member, 5))
    shop.call("POST", f"/v1/members/{member['id']}/close", {"reason": "asked"})
    problem(adjust(shop, member, 5), 409, "member.closed")
    problem(move(shop, shop.enrol(), member, 5), 409, "member.closed")


def test_given_points_reach_rewards_and_are_left_out_of_the_past(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(points=50)])
    member = shop.enrol()
    shop.set_clock("2026-03-03T12:00:00Z")
    booked(adjust(shop, member, 60))
    shop.redeem(member)
    past = shop.call("GET", f"/v1/members/{member['id']}/points?as_of={PRESENT}").json()
    assert (past["available"], shop.points(member)[0]) == (0, 10)


def test_an_erased_members_reasons_are_gone(shop: Shop) -> None:
    member = shop.enrol()
    given = booked(adjust(shop, member, 5, reason="Ada complained"))["id"]
    exported = shop.call("GET", f"/v1/members/{member['id']}/export").json()
    assert [each["reason"] for each in exported["adjustments"]] == ["Ada complained"]
    assert shop.call("POST", f"/v1/members/{member['id']}/erase", {}).status_code in (200, 204)
    assert shop.call("GET", f"/v1/adjustments/{given}").json()["reason"] is None
    problem(decide(shop, given, "reverse"), 410, "member.erased")


def test_an_automatic_reward_is_redeemed_as_soon_as_given_points_reach_it(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward("auto", points=50, auto=True)], adjustments={"limits": {"manage": 60}})
    clerk, member = shop.issue_key("manage"), shop.enrol()
    assert booked(adjust(shop, member, 60))["balance"]["available"] == 10
    waiting = adjust(shop, member, 95, key=clerk["key"]).json()["id"]
    decide(shop, waiting, "approve")
    assert shop.points(member) == (5, 0)
    shop.buy(member, 4_000)
    taken = booked(adjust(shop, member, -40))["id"]
    shop.buy(member, 4_000)
    decide(shop, taken, "reverse")
    assert shop.points(member) == (35, 0)  # 5 + 40 − 40 + 40 + 40 − 50
    listed = shop.call("GET", f"/v1/redemptions?member={member['id']}").json()["items"]
    assert [each["reward"] for each in listed] == ["auto"] * 4


def test_no_words_about_an_erased_member_are_left_with_another_or_kept_later(limited: Shop) -> None:
    clerk = limited.issue_key("manage")["key"]
    giver, taker = limited.enrol(), limited.enrol()
    booked(adjust(limited, giver, 50))
    moved = booked(move(limited, giver, taker, 20, reason="Ada is her sister"))["id"]
    waiting = adjust(limited, taker, 200, key=clerk).json()["id"]
    assert limited.call("POST", f"/v1/members/{taker['id']}/erase", {}).status_code in (200, 204)
    assert limited.call("GET", f"/v1/adjustments/{moved}").json()["reason"] is None
    rejected = decide(limited, waiting, "reject").json()
    assert (rejected["status"], rejected["decision"]["reason"]) == ("rejected", None)
