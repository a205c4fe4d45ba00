"""POST /v1/engagement: events other than purchases, the points that they earn, and reading them back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.make.engagement import make_engagement, per_event
from tests.make.problem import problem
from tests.make.program import BASE_RULE
from tests.make.shop import Shop, bearer

MakeShop = Callable[..., Shop]
NDJSON = "application/x-ndjson"


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    """A program that gives 20 points for a review."""
    return make_shop(earning_rules=[BASE_RULE, per_event(20)])


def post(shop: Shop, event: dict[str, Any], **options: Any) -> Any:
    return shop.call("POST", "/v1/engagement", event, **options)


def test_an_event_is_answered_with_its_points_the_balance_and_the_tier(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 1000)
    answer = post(shop, make_engagement(member["card"], data={"stars": 5}))
    assert answer.status_code == 201
    body = answer.json()
    assert body.pop("id")
    because = {"rule": "review", "version": 1, "points": 20, "because": "20 points for review.written"}
    assert body == {
        "status": "recorded",
        "kind": "review.written",
        "points": {"earned": 20, "pending": 0, "earnings": [because]},
        "matured": 0,
        "balance": {"available": 30, "pending": 0, "reserved": 0},
        "tier": {"code": "bronze", "changed": False, "next": {"code": "silver", "missing": 49000}},
        "advice": [],
    }
    assert shop.member(member["id"])["points"]["available"] == 30


def test_a_kind_that_no_rule_knows_is_recorded_without_points(shop: Shop) -> None:
    member = shop.enrol()
    body = shop.engage(member, "service.case_closed", employee="e-9", store="1")
    assert body["points"] == {"earned": 0, "pending": 0, "earnings": []}
    read = shop.call("GET", f"/v1/engagement/{body['id']}").json()
    assert (read["kind"], read["employee"], read["store"]) == ("service.case_closed", "e-9", "1")
    assert shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"] == []


def test_a_purchase_earns_by_no_rule_about_events_and_an_event_by_none_about_purchases(shop: Shop) -> None:
    member = shop.enrol()
    assert shop.buy(member, 1000)["points"]["earned"] == 10
    assert shop.engage(member)["points"]["earned"] == 20


def test_the_same_event_again_is_answered_with_the_first_bytes_whatever_happened_since(shop: Shop) -> None:
    member = shop.enrol()
    event = make_engagement(member["card"], data={"stars": 5, "tags": ["a"]})
    first = post(shop, event)
    shop.publish(earning_rules=[per_event(999)])
    shop.buy(member)
    written_otherwise = event | {
        "occurred_at": "2026-03-02T11:00:00+01:00",
        "data": {"tags": ["a"], "stars": 5},
        "member": {"id": member["id"]},
    }
    for again in (event, written_otherwise):
        answer = post(shop, again)
        assert (answer.status_code, answer.content) == (200, first.content)
        assert answer.headers["idempotent-replayed"] == "true"
    assert len(shop.call("GET", "/v1/engagement").json()["items"]) == 1


def test_a_reference_stands_for_one_event_of_one_member_within_its_source(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    event = make_engagement(member["card"])
    shop.call("POST", "/v1/engagement", event)
    changes: list[dict[str, Any]] = [
        {"kind": "review.read"},
        {"data": {"stars": 1}},
        {"occurred_at": "2026-03-02T10:00:01Z"},
        {"channel": "web"},
        {"member": {"identifier": other["card"]}},
        {"member": {"identifier": "card:nobody"}},
    ]
    for change in changes:
        problem(post(shop, event | change), 409, "engagement.reference_reused")
    assert post(shop, event | {"source": "elsewhere"}).status_code == 201
    assert shop.buy(member, reference=event["reference"], source=event["source"])["points"]["earned"] == 10
    assert shop.member(member["id"])["points"]["available"] == 50
    assert shop.member(other["id"])["points"]["available"] == 0


def test_a_card_that_was_blocked_is_refused_and_what_it_recorded_is_told_again(shop: Shop) -> None:
    member = shop.enrol()
    event = make_engagement(member["card"])
    first = post(shop, event)
    card = shop.member(member["id"])["identifiers"][0]["id"]
    assert shop.call("DELETE", f"/v1/members/{member['id']}/identifiers/{card}").status_code == 204
    problem(post(shop, make_engagement(member["card"])), 409, "member.identifier_blocked")
    assert post(shop, event).content == first.content


def test_a_refused_event_may_succeed_later_under_the_same_reference(shop: Shop) -> None:
    event = make_engagement("card:late-comer")
    problem(post(shop, event), 404, "member.not_found")
    shop.enrol("card:late-comer")
    assert post(shop, event).json()["points"]["earned"] == 20


def test_an_event_is_read_back_with_its_data_and_listed_by_member_and_kind(shop: Shop) -> None:
    ada, ben = shop.enrol(), shop.enrol()
    data = {"stars": 5, "text": "Grüße 😀", "nested": {"list": [1, 2.5, None, True]}}
    first = shop.engage(ada, data=data, channel="web")
    second, third = shop.engage(ada, "visit"), shop.engage(ben)
    read = shop.call("GET", f"/v1/engagement/{first['id']}").json()
    assert read["data"] == data
    assert read["points"] == first["points"]
    assert (read["member"], read["channel"], read["version"], read["tier"]) == (ada["id"], "web", 1, "bronze")
    assert (read["occurred_at"], read["recorded_at"]) == ("2026-03-02T10:00:00Z", "2026-03-02T12:00:00Z")

    def listed(query: str) -> list[str]:
        answer = shop.call("GET", f"/v1/engagement{query}")
        assert answer.status_code == 200, answer.text
        return [each["id"] for each in answer.json()["items"]]

    assert listed("") == [third["id"], second["id"], first["id"]]
    assert listed(f"?member={ada['id']}") == [second["id"], first["id"]]
    assert listed("?kind=review.written") == [third["id"], first["id"]]
    assert listed(f"?member={ada['id']}&kind=visit") == [second["id"]]
    page = shop.call("GET", "/v1/engagement?limit=2").json()
    assert [each["id"] for each in page["items"]] == [third["id"], second["id"]]
    assert listed(f"?limit=2&cursor={page['next_cursor']}") == [first["id"]]
    problem(shop.call("GET", "/v1/engagement?member=7&kind=A!"), 422, "request.invalid", "member", "kind")


def test_the_history_names_the_event_and_its_rule(shop: Shop) -> None:
    member = shop.enrol()
    body = shop.engage(member)
    item = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"][0]
    assert item["reason"] == "Event review.written: 20 points for review.written"
    assert item["earnings"] == [{"rule": "review", "points": 20}]
    assert (item["engagement"], item["purchase"]) == (body["id"], None)


def test_a_batch_answers_each_event_by_itself_in_the_order_of_the_items(shop: Shop) -> None:
    member = shop.enrol()
    good, again = make_engagement(member["card"]), make_engagement(member["card"])
    first = post(shop, again).json()
    later = make_engagement(member["card"], occurred_at="2026-03-02T11:00:00Z")
    items = [later, good, again, make_engagement("card:nobody"), {"kind": "x"}, 7, good | {"kind": "enrolled"}, good]
    answer = shop.call("POST", "/v1/engagement/batch", items)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(len(items)))
    assert [each["status"] for each in results] == [
        *("recorded", "recorded", "replayed", "refused", "refused", "refused", "refused", "replayed")
    ]
    assert [results[0]["answer"]["balance"]["available"], results[1]["answer"]["balance"]["available"]] == [60, 40]
    assert results[2]["answer"] == first
    assert results[3]["problem"]["code"] == "member.not_found"
    assert [error["field"] for error in results[6]["problem"]["errors"]] == ["kind"]
    assert shop.member(member["id"])["points"]["available"] == 60


def test_lines_are_answered_by_lines_and_a_thousand_items_are_the_most(shop: Shop) -> None:
    member = shop.enrol()
    items = [make_engagement(member["card"]) for _ in range(1001)]
    lines = b"\n".join(json.dumps(each).encode() for each in items[:1000])
    headers = bearer(shop.key) | {"Content-Type": NDJSON}
    answer = shop.http.post("/v1/engagement/batch", content=lines, headers=headers)
    assert answer.headers["content-type"].startswith(NDJSON)
    assert {json.loads(line)["status"] for line in answer.text.splitlines()} == {"recorded"}
    assert shop.member(member["id"])["points"]["available"] == 20_000
    problem(shop.call("POST", "/v1/engagement/batch", items), 413, "request.too_large")


def test_a_key_of_a_store_records_for_its_store_only(shop: Shop) -> None:
    member = shop.enrol()
    key = shop.issue_key("till", store="17")["key"]
    problem(post(shop, make_engagement(member["card"], store="18"), key=key), 403, "access.other_store")
    body = post(shop, make_engagement(member["card"]), key=key).json()
    assert shop.call("GET", f"/v1/engagement/{body['id']}").json()["store"] == "17"
