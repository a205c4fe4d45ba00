"""Suspending, resuming and closing a membership: what is refused then, what is not, and who is told why."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.make.engagement import make_engagement, per_event
from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop

STOLEN = {"reason": "card reported as stolen"}


def move(shop: Shop, member: dict[str, Any], to: str, body: Any = STOLEN, **options: Any) -> httpx.Response:
    """Suspends, resumes or closes."""
    return shop.call("POST", f"/v1/members/{member['id']}/{to}", body, **options)


def quote(shop: Shop, member: dict[str, Any]) -> httpx.Response:
    """A quote for the member."""
    return shop.call("POST", "/v1/quotes", {k: v for k, v in make_purchase(member["card"]).items() if k != "reference"})


@pytest.mark.parametrize(("to", "status"), [("suspend", "suspended"), ("close", "closed")])
def test_for_who_is_not_active_nothing_new_is_recorded_and_the_till_is_told_why(
    shop: Shop, to: str, status: str
) -> None:
    member = shop.enrol()
    shop.buy(member)
    answer = move(shop, member, to)
    assert (answer.status_code, answer.json()["status"], answer.json()["status_reason"]) == (
        200,
        status,
        STOLEN["reason"],
    )
    assert shop.member(member["id"]) == answer.json()
    by_id = make_purchase(member["card"]) | {"member": {"id": member["id"]}}
    for refused in (
        shop.post(make_purchase(member["card"])),
        shop.post(by_id),
        shop.call("POST", "/v1/engagement", make_engagement(member["card"])),
        quote(shop, member),
    ):
        assert STOLEN["reason"] in problem(refused, 409, f"member.{status}")["detail"]
    batch = shop.call("POST", "/v1/purchases/batch", [make_purchase(member["card"])]).json()["results"]
    assert [each["problem"]["code"] for each in batch] == [f"member.{status}"]
    assert shop.member(member["id"])["points"]["available"] == 10


@pytest.mark.parametrize("to", ["suspend", "close"])
def test_what_was_recorded_before_is_replayed_to_the_byte_and_may_be_returned(shop: Shop, to: str) -> None:
    member = shop.enrol()
    purchase, event = make_purchase(member["card"]), make_engagement(member["card"])
    first, told = shop.post(purchase), shop.call("POST", "/v1/engagement", event)
    move(shop, member, to)
    again, retold = shop.post(purchase), shop.call("POST", "/v1/engagement", event)
    assert (again.status_code, again.content) == (200, first.content)
    assert (retold.status_code, retold.content) == (200, told.content)
    back = {"reference": "B-1", "purchase": {"id": first.json()["id"]}, "occurred_at": "2026-03-02T11:00:00Z"}
    assert shop.call("POST", "/v1/returns", back | {"all": True}).status_code == 201
    assert shop.member(member["id"])["points"]["available"] == 0


@pytest.mark.parametrize(("to", "status"), [("suspend", "suspended"), ("close", "closed")])
def test_no_reward_is_redeemed_but_what_was_reserved_may_be_let_go(make_shop: Any, to: str, status: str) -> None:
    shop = make_shop(rewards=[make_reward(points=5)])
    member = shop.enrol()
    shop.buy(member)
    reserved = shop.redeem(member, complete=False)
    move(shop, member, to)
    problem(shop.call("POST", "/v1/redemptions", make_redemption(member["card"])), 409, f"member.{status}")
    assert shop.call("POST", f"/v1/redemptions/{reserved['id']}/cancel").status_code == 200
    assert shop.points(member) == (10, 0)


def test_a_resumed_member_goes_on_and_a_refused_receipt_is_sent_again(shop: Shop) -> None:
    member = shop.enrol()
    receipt = make_purchase(member["card"])
    move(shop, member, "suspend")
    problem(shop.post(receipt), 409, "member.suspended")
    resumed = move(shop, member, "resume", {})
    assert (resumed.json()["status"], resumed.json()["status_reason"]) == ("active", None)
    assert shop.post(receipt).status_code == 201


def test_closing_is_final_and_the_points_stay_until_they_expire(make_shop: Any) -> None:
    shop = make_shop(points={"expiry": {"days": 10}})
    member = shop.enrol()
    shop.buy(member)
    assert move(shop, member, "close", {"reason": "moved away"}).json()["points"]["available"] == 10
    for to, body in (("resume", {}), ("suspend", STOLEN)):
        assert "final" in problem(move(shop, member, to, body), 409, "member.closed")["detail"]
    path = f"/v1/members/{member['id']}"
    problem(shop.call("POST", f"{path}/identifiers", {"kind": "card", "value": "new"}), 409, "member.closed")
    assert shop.call("PATCH", path, {"profile": {"given_name": "Ada"}}).status_code == 200
    shop.set_clock("2026-03-12T00:00:00Z")
    assert shop.member(member["id"])["points"]["available"] == 0
    kinds = [each["kind"] for each in shop.call("GET", f"{path}/points/history").json()["items"]]
    assert kinds == ["expire", "earn"]


def test_a_status_that_is_held_already_stays_with_its_first_reason(shop: Shop) -> None:
    member = shop.enrol()
    assert move(shop, member, "resume", {}).json()["status"] == "active"
    first = move(shop, member, "suspend").json()
    assert move(shop, member, "suspend", {"reason": "another"}).json() == first
    history = shop.call("GET", f"/v1/members/{member['id']}/export").json()["status_history"]
    assert [(each["status"], each["reason"]) for each in history] == [("suspended", STOLEN["reason"])]


def test_the_history_says_who_when_and_why_and_each_change_is_an_event_without_the_reason(shop: Shop) -> None:
    member = shop.enrol()
    key = shop.issue_key("manage")
    move(shop, member, "suspend", key=key["key"])
    shop.set_clock("2026-03-03T08:00:00Z")
    move(shop, member, "resume", {"reason": "card was found"})
    move(shop, member, "close", {"reason": "moved away"})
    told = shop.call("GET", f"/v1/members/{member['id']}/export").json()
    history = [(each["status"], each["reason"], each["changed_at"]) for each in told["status_history"]]
    assert history == [
        ("suspended", STOLEN["reason"], "2026-03-02T12:00:00Z"),
        ("active", "card was found", "2026-03-03T08:00:00Z"),
        ("closed", "moved away", "2026-03-03T08:00:00Z"),
    ]
    assert told["status_history"][0]["actor"] == f"key:{key['id']}"
    events = [each for each in told["events"] if each["type"].startswith("member.")]
    assert [each["type"] for each in events] == [
        *("member.enrolled", "member.suspended", "member.resumed", "member.closed")
    ]
    assert all(each["data"].keys() <= {"actor", "store", "tier"} for each in events)


def test_the_same_key_changes_the_status_once(shop: Shop) -> None:
    member = shop.enrol()
    headers = {"Idempotency-Key": "k-1"}
    first = move(shop, member, "suspend", headers=headers)
    move(shop, member, "resume", {})
    again = move(shop, member, "suspend", headers=headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotent-replayed"] == "true"
    assert shop.member(member["id"])["status"] == "active"
    problem(move(shop, member, "close", headers=headers), 409, "request.idempotency_key_reused")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": None}])
def test_suspending_and_closing_ask_for_a_reason(shop: Shop, body: dict[str, Any]) -> None:
    member = shop.enrol()
    for to in ("suspend", "close"):
        problem(move(shop, member, to, body), 422, "request.invalid", "reason")
    assert shop.member(member["id"])["status"] == "active"


def test_enrolling_with_the_card_of_a_closed_member_answers_the_closed_member(shop: Shop) -> None:
    member = shop.enrol("card:closed")
    move(shop, member, "close")
    answer = shop.call("POST", "/v1/members", {"identifiers": [{"kind": "card", "value": "closed"}]})
    assert (answer.status_code, answer.json()["id"], answer.json()["status"]) == (200, member["id"], "closed")


# --- lost cards ------------------------------------------------------------------------------------------------------


def test_a_lost_card_is_replaced_refused_from_then_on_and_its_receipts_still_replay(make_shop: Any) -> None:
    shop = make_shop(earning_rules=[{"code": "base", "per_spend": {"points": 1, "per_minor": 100}}, per_event(5)])
    member = shop.enrol("card:old")
    path = f"/v1/members/{member['id']}/identifiers"
    old = shop.member(member["id"])["identifiers"][0]["id"]
    receipt, event = make_purchase("card:old"), make_engagement("card:old")
    first, told = shop.post(receipt), shop.call("POST", "/v1/engagement", event)
    headers = {"Idempotency-Key": "new-card"}
    added = [shop.call("POST", path, {"kind": "card", "value": "new"}, headers=headers) for _ in range(2)]
    assert [each.status_code for each in added] == [201, 201]
    assert added[0].json() == added[1].json()
    assert [shop.call("DELETE", f"{path}/{old}").status_code for _ in range(2)] == [204, 204]

    refused = problem(shop.post(make_purchase("card:old")), 409, "member.identifier_blocked")
    assert "card" in refused["detail"]
    assert "new one" in refused["detail"]
    again, retold = shop.post(receipt), shop.call("POST", "/v1/engagement", event)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")
    assert (retold.status_code, retold.content) == (200, told.content)
    assert shop.buy(member | {"card": "card:new"})["balance"]["available"] == 25
    other = shop.enrol()
    taken = shop.call("POST", f"/v1/members/{other['id']}/identifiers", {"kind": "card", "value": "old"})
    problem(taken, 409, "member.identifier_taken")
