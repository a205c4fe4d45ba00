"""Enrolling many: a result for each in order, nobody twice, and a bad one never stops the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.shop import LONG_AGO, Shop, bearer

BATCH = "/v1/members/batch"


def card(value: str, **changes: Any) -> dict[str, Any]:
    return {"identifiers": [{"kind": "card", "value": value}], "enrolled_at": LONG_AGO} | changes


def enrol_all(shop: Shop, items: list[Any]) -> list[dict[str, Any]]:
    answer = shop.call("POST", BATCH, items)
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [each["index"] for each in results] == list(range(len(items)))
    return results


async def test_each_is_enrolled_or_known_or_refused_at_its_place(shop: Shop, database: Database) -> None:
    known, other, lost = shop.enrol("card:B-1"), shop.enrol("card:B-2"), shop.enrol("card:B-3")
    place = f"/v1/members/{lost['id']}/identifiers/{lost['identifiers'][0]['id']}"
    assert shop.call("DELETE", place).status_code == 204
    two = [{"kind": "card", "value": "B-1"}, {"kind": "card", "value": "B-2"}]
    results = enrol_all(
        shop,
        [
            card("new-1", number="770001", profile={"given_name": "Ada"}, attributes={"shoe": 38}),
            card("B-1", profile={"given_name": "Nobody"}),
            card("new-1"),
            card("x", identifiers=two),
            card("B-3"),
            card("new-2", identifiers=[{"kind": "shoe", "value": "38"}]),
            7,
            {"consents": [{"kind": "marketing.email", "given": True, "source": "form"}], "store": "9"},
            card("new-3", number="770001"),
        ],
    )
    assert [each["status"] for each in results] == [
        *("recorded", "replayed", "replayed", "refused", "refused", "refused", "refused", "recorded", "replayed")
    ]
    first = results[0]["answer"]
    assert first == shop.member(first["id"])
    assert (first["number"], first["profile"]["given_name"], first["attributes"]) == ("770001", "Ada", {"shoe": 38})
    assert results[1]["answer"] == shop.member(known["id"])
    assert results[1]["answer"]["profile"]["given_name"] is None
    assert results[2]["answer"]["id"] == results[8]["answer"]["id"] == first["id"]
    assert [results[index]["problem"]["code"] for index in (3, 4, 5)] == [
        *("member.identifier_taken", "member.identifier_blocked", "request.invalid")
    ]
    assert results[5]["problem"]["errors"][0]["field"] == "identifiers[0].value"
    consented = shop.member(results[7]["answer"]["id"])
    assert (consented["store"], consented["consents"][0]["kind"]) == ("9", "marketing.email")
    again = enrol_all(shop, [card("new-1"), card("B-2")])
    assert [(each["status"], each["answer"]["id"]) for each in again] == [
        ("replayed", first["id"]),
        ("replayed", other["id"]),
    ]
    assert (await verify(database)).findings == []


def test_ndjson_is_answered_in_lines_and_too_many_are_refused(shop: Shop) -> None:
    lines = b"\n".join(json.dumps(card(f"line-{n}")).encode() for n in range(3))
    headers = bearer(shop.key) | {"Content-Type": "application/x-ndjson"}
    answer = shop.http.post(BATCH, content=lines, headers=headers)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == ["recorded"] * 3
    problem(shop.call("POST", BATCH, [{}] * 1001), 413, "request.too_large")


async def test_everyone_is_welcomed_once_and_a_budget_gives_what_is_left(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    welcome = {"code": "hello", "per_event": {"kind": "enrolled", "points": 10}, "budget": {"points": 25}}
    shop = make_shop(earning_rules=[welcome])
    results = enrol_all(shop, [card(f"hello-{n}") for n in range(4)])
    assert [each["answer"]["points"]["available"] for each in results] == [10, 10, 5, 0]
    assert {each["status"] for each in enrol_all(shop, [card(f"hello-{n}") for n in range(4)])} == {"replayed"}
    assert (await verify(database)).findings == []


async def test_batches_at_once_enrol_nobody_twice(shop: Shop, database: Database) -> None:
    cards = [f"race-{n}" for n in range(300)]
    batches = [[card(each) for each in (cards[start:] + cards[:start])] for start in range(0, 300, 50)]

    def send(items: list[dict[str, Any]]) -> httpx.Response:
        return shop.call("POST", BATCH, items)

    with ThreadPoolExecutor(len(batches)) as tills:
        answers = list(tills.map(send, batches))
    results = [each for answer in answers for each in answer.json()["results"]]
    assert Counter(each["status"] for each in results) == {"recorded": 300, "replayed": 300 * 5}
    by_card: dict[str, set[str]] = {}
    for each in results:
        by_card.setdefault(each["answer"]["identifiers"][0]["value"], set()).add(each["answer"]["id"])
    assert {len(ids) for ids in by_card.values()} == {1}
    assert len(by_card) == 300
    assert (await verify(database)).findings == []
