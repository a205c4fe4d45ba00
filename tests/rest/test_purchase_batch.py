"""POST /v1/purchases/batch: what a till sends that was offline."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.make.problem import problem
from tests.make.purchase import make_line, make_purchase
from tests.make.shop import Shop, bearer

NDJSON = "application/x-ndjson"


def batch(shop: Shop, items: list[Any]) -> list[dict[str, Any]]:
    answer = shop.call("POST", "/v1/purchases/batch", items)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(len(items)))
    return results


def send_lines(shop: Shop, *lines: bytes) -> httpx.Response:
    headers = bearer(shop.key) | {"Content-Type": NDJSON}
    return shop.http.post("/v1/purchases/batch", content=b"\n".join(lines), headers=headers)


def test_each_item_is_answered_by_itself_and_a_bad_one_never_stops_the_others(shop: Shop) -> None:
    member = shop.enrol()
    good, replayed = make_purchase(member["card"]), make_purchase(member["card"])
    first = shop.post(replayed).json()
    results = batch(
        shop,
        [
            good,
            make_purchase("card:nobody"),
            replayed,
            make_purchase(member["card"], currency="USD"),
            {"reference": "half"},
            7,
            None,
            make_purchase(member["card"]) | {"type": "return"},
            make_purchase(member["card"]) | {"reference": "nul\u0000"},
            make_purchase(member["card"]) | {"total_minor": 1},
            make_purchase(member["card"]) | {"type": "purchase"},
        ],
    )
    said = [each["answer"]["status"] if "answer" in each else each["problem"]["code"] for each in results]
    assert [each["status"] for each in results] == [
        *("recorded", "refused", "replayed", "refused", "refused", "refused", "refused", "refused", "refused"),
        *("refused", "recorded"),
    ]
    assert said == [
        *("recorded", "member.not_found", "recorded", "purchase.wrong_currency", "request.invalid"),
        *("request.invalid", "request.invalid", "request.invalid", "request.invalid", "request.invalid", "recorded"),
    ]
    assert results[2]["answer"] == first
    assert [error["field"] for error in results[9]["problem"]["errors"]] == ["total_minor"]
    assert [error["field"] for error in results[8]["problem"]["errors"]] == ["reference"]
    assert shop.member(member["id"])["points"]["available"] == 30


def test_lines_are_answered_by_lines(shop: Shop) -> None:
    member = shop.enrol()
    good = json.dumps(make_purchase(member["card"])).encode()
    answer = send_lines(shop, good, b"", b"{not json", b"  ", b'"\xff"', good, b"")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(NDJSON)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [(each["index"], each["status"]) for each in results] == [
        (0, "recorded"),
        (1, "refused"),
        (2, "refused"),
        (3, "replayed"),
    ]
    assert results[1]["problem"]["code"] == "request.malformed"
    assert results[3]["answer"] == results[0]["answer"]


def test_items_are_taken_in_the_order_in_which_they_occurred(shop: Shop) -> None:
    member = shop.enrol()
    later = make_purchase(member["card"], 100, occurred_at="2026-03-02T11:00:00Z")
    earlier = make_purchase(member["card"], 60_000, occurred_at="2026-03-02T09:00:00Z")
    results = batch(shop, [later, earlier])
    assert results[1]["answer"]["balance"]["available"] == 600
    assert results[0]["answer"]["balance"]["available"] == 601
    tiers = [shop.call("GET", f"/v1/purchases/{each['answer']['id']}").json()["tier"] for each in results]
    assert tiers == ["silver", "bronze"]


def test_at_the_same_instant_the_order_of_the_batch_decides(shop: Shop) -> None:
    member = shop.enrol()
    results = batch(shop, [make_purchase(member["card"], amount) for amount in (100, 200, 300)])
    assert [each["answer"]["balance"]["available"] for each in results] == [1, 3, 6]


def test_the_same_reference_twice_in_one_batch_counts_once(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    purchase = make_purchase(member["card"])
    results = batch(
        shop, [purchase, purchase, purchase | {"store": "2"}, purchase | {"member": {"identifier": other["card"]}}]
    )
    assert [each["status"] for each in results] == ["recorded", "replayed", "refused", "refused"]
    assert results[1]["answer"] == results[0]["answer"]
    assert {each["problem"]["code"] for each in results[2:]} == {"purchase.reference_reused"}
    assert shop.member(member["id"])["points"]["available"] == 10


def test_a_purchase_sent_by_itself_is_replayed_in_a_batch_and_the_other_way_round(shop: Shop) -> None:
    member = shop.enrol()
    one, other = make_purchase(member["card"]), make_purchase(member["card"])
    first = shop.post(one)
    assert [each["status"] for each in batch(shop, [one | {"type": "purchase"}, other])] == ["replayed", "recorded"]
    assert [shop.post(each).status_code for each in (one, other)] == [200, 200]
    assert shop.post(one).content == first.content


def test_a_thousand_items_are_taken_and_one_more_is_too_many(shop: Shop) -> None:
    members = [shop.enrol() for _ in range(5)]
    items = [make_purchase(members[number % 5]["card"], 100) for number in range(1000)]
    problem(shop.call("POST", "/v1/purchases/batch", [*items, items[0]]), 413, "request.too_large")
    assert shop.call("GET", "/v1/purchases").json()["items"] == []
    assert {each["status"] for each in batch(shop, items)} == {"recorded"}
    assert {each["status"] for each in batch(shop, items)} == {"replayed"}
    assert {shop.member(each["id"])["points"]["available"] for each in members} == {200}


@pytest.mark.parametrize("body", [{}, "purchases", 7, None, {"items": []}])
def test_what_is_no_list_is_refused(shop: Shop, body: Any) -> None:
    headers = bearer(shop.key) | {"Content-Type": "application/json"}
    answer = shop.http.post("/v1/purchases/batch", content=json.dumps(body).encode(), headers=headers)
    problem(answer, 422, "request.invalid", "body")


def test_an_empty_batch_has_no_results(shop: Shop) -> None:
    assert batch(shop, []) == []
    assert send_lines(shop).content == b""


def test_ten_thousand_lines_on_one_receipt_are_refused_by_name(shop: Shop) -> None:
    member = shop.enrol()
    lines = [make_line(1) for _ in range(10_000)]
    results = batch(shop, [make_purchase(member["card"], lines=lines), make_purchase(member["card"])])
    assert [error["field"] for error in results[0]["problem"]["errors"]] == ["lines"]
    assert results[1]["status"] == "recorded"


def test_a_key_of_a_store_posts_for_its_store_only(shop: Shop) -> None:
    member = shop.enrol()
    key = shop.issue_key("till", store="17")["key"]
    items = [make_purchase(member["card"], store=store) for store in ("17", "18", None)]
    answer = shop.call("POST", "/v1/purchases/batch", items, key=key).json()["results"]
    assert [each["status"] for each in answer] == ["recorded", "refused", "recorded"]
    assert answer[1]["problem"]["code"] == "access.other_store"
    problem(shop.post(make_purchase(member["card"], store="18"), key=key), 403, "access.other_store")
    bought = shop.post(make_purchase(member["card"], store=None), key=key).json()
    stores = [
        shop.call("GET", f"/v1/purchases/{each}").json()["store"] for each in (bought["id"], answer[2]["answer"]["id"])
    ]
    assert stores == ["17", "17"]
