"""The program over HTTP: created, planned, published from an instant, kept for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.make.problem import problem
from tests.make.program import BASE_RULE, make_document
from tests.make.purchase import make_purchase
from tests.make.shop import PRESENT, Shop, bearer

DOUBLE = {"code": "base", "per_spend": {"points": 2, "per_minor": 100}}
NEXT_MONTH = "2026-04-01T00:00:00Z"


def plan(shop: Shop, **changes: Any) -> httpx.Response:
    return shop.call("POST", "/v1/program/plan", {"document": shop.document | changes})


def test_a_new_program_answers_its_code_and_a_key_that_may_do_everything(http: httpx.Client, operator_key: str) -> None:
    document = make_document()
    answer = http.post("/v1/programs", json=document, headers=bearer(operator_key))
    assert answer.status_code == 201
    assert answer.json()["program"] == document["program"]
    program = http.get("/v1/program", headers=bearer(answer.json()["key"])).json()
    assert program["document"] == document
    assert (program["version"], program["effective_at"]) == (1, None)


def test_a_program_exists_once(http: httpx.Client, operator_key: str, shop: Shop) -> None:
    again = http.post("/v1/programs", json=shop.document, headers=bearer(operator_key))
    problem(again, 409, "program.exists")
    assert shop.call("GET", "/v1/program").json()["version"] == 1


def test_a_document_with_faults_makes_no_program_and_tells_all_of_them(http: httpx.Client, operator_key: str) -> None:
    document = make_document(currency="euro", time_zone="Berlin", earning_rules=[{"code": "x"}])
    answer = http.post("/v1/programs", json=document, headers=bearer(operator_key))
    problem(answer, 422, "program.invalid", "currency", "time_zone", "earning_rules[0]")


def test_faults_are_told_at_their_place_in_the_body(shop: Shop) -> None:
    for call in ("plan", "publish"):
        body = {"document": shop.document | {"earning_rules": [{"code": "x", "flat": 0}], "colour": "red"}}
        answer = shop.call("POST", f"/v1/program/{call}", body)
        fields = ("document.earning_rules[0].flat", "document.colour")
        problem(answer, 422, "program.invalid", *fields)
    assert len(shop.call("GET", "/v1/program/versions").json()["items"]) == 1


@pytest.mark.parametrize("document", [None, [], "x", 7, {}])
def test_what_is_no_document_is_refused(shop: Shop, document: Any) -> None:
    answer = shop.call("POST", "/v1/program/publish", {"document": document})
    assert answer.status_code == 422
    assert all(each["field"].startswith("document") for each in answer.json()["errors"])


def test_a_plan_says_what_would_change_and_writes_nothing(shop: Shop) -> None:
    answer = plan(shop, earning_rules=[DOUBLE], name="Club")
    assert answer.status_code == 200
    assert answer.json()["version"] == 2
    assert [each["text"] for each in answer.json()["changes"]] == [
        "+ name: Club",
        "~ earning_rules.base.per_spend.points: 1 → 2",
    ]
    assert answer.json()["changes"][1] == {
        "what": "changed",
        "where": "earning_rules.base.per_spend.points",
        "before": 1,
        "after": 2,
        "text": "~ earning_rules.base.per_spend.points: 1 → 2",
        "words": "Rule base gives 2 points per 1.00 EUR instead of 1",
    }
    assert shop.call("GET", "/v1/program").json()["version"] == 1


def test_publishing_what_is_in_force_makes_no_version(shop: Shop) -> None:
    spelled_out = {"points": {"rounding": "floor", "expiry": "never"}, "earning_base": {"tax": "included"}}
    for changes in ({}, spelled_out):
        assert plan(shop, **changes).json()["changes"] == []
        answer = shop.call("POST", "/v1/program/publish", {"document": shop.document | changes})
        assert answer.status_code == 200
        assert answer.json() == {"version": 1, "effective_at": None, "changes": []}


@pytest.mark.parametrize(
    ("field", "value"),
    [("program", "other-club"), ("mode", "live"), ("currency", "USD"), ("time_zone", "Europe/Vienna")],
)
def test_what_is_fixed_at_the_first_publish_stays(shop: Shop, field: str, value: str) -> None:
    body = {"document": shop.document | {field: value}}
    problem(shop.call("POST", "/v1/program/plan", body), 422, "program.fixed_field", field)
    problem(shop.call("POST", "/v1/program/publish", body), 422, "program.fixed_field", field)


def test_every_version_is_kept_and_read_back(shop: Shop) -> None:
    first = shop.document
    shop.publish(earning_rules=[DOUBLE])
    shop.publish(NEXT_MONTH, earning_rules=[])
    items = shop.call("GET", "/v1/program/versions").json()["items"]
    assert [(each["version"], each["effective_at"]) for each in items] == [(3, NEXT_MONTH), (2, PRESENT), (1, None)]
    assert all(each["published_by"].startswith("key:") for each in items)
    documents = [shop.call("GET", f"/v1/program/versions/{number}").json()["document"] for number in (1, 2, 3)]
    assert documents[0] == first
    assert documents[1] == first | {"earning_rules": [DOUBLE]}
    assert "earning_rules" not in documents[2]
    assert shop.call("GET", "/v1/program").json()["version"] == 2
    shop.set_clock(NEXT_MONTH)
    assert shop.call("GET", "/v1/program").json()["version"] == 3


def test_versions_are_paged_newest_first(shop: Shop) -> None:
    for points in (2, 3, 4, 5):
        shop.publish(earning_rules=[{"code": "base", "per_spend": {"points": points, "per_minor": 100}}])
    page = shop.call("GET", "/v1/program/versions?limit=2").json()
    assert [each["version"] for each in page["items"]] == [5, 4]
    page = shop.call("GET", f"/v1/program/versions?limit=3&cursor={page['next_cursor']}").json()
    assert [each["version"] for each in page["items"]] == [3, 2, 1]
    assert page["next_cursor"] is None


@pytest.mark.parametrize("number", ["0", "2", "-1", "1.0", "one", "9" * 40, "١", "%00"])
def test_a_version_that_is_not_there_is_told_as_such(shop: Shop, number: str) -> None:
    problem(shop.call("GET", f"/v1/program/versions/{number}"), 404, "program.version_not_found")


def test_a_version_cannot_take_effect_in_the_past(shop: Shop) -> None:
    body = {"document": shop.document | {"earning_rules": [DOUBLE]}, "effective_at": "2026-03-02T11:59:59Z"}
    for call in ("plan", "publish"):
        problem(shop.call("POST", f"/v1/program/{call}", body), 422, "program.effective_in_the_past", "effective_at")
    assert shop.call("POST", "/v1/program/publish", body | {"effective_at": PRESENT}).status_code == 201


def test_a_late_purchase_earns_by_the_version_of_then(shop: Shop) -> None:
    member = shop.enrol()
    shop.publish(earning_rules=[DOUBLE])
    before = shop.buy(member, 1000, occurred_at="2026-03-02T11:59:59Z")
    since = shop.buy(member, 1000, occurred_at=PRESENT)
    assert [(each["points"]["earned"], each["points"]["earnings"][0]["version"]) for each in (before, since)] == [
        (10, 1),
        (20, 2),
    ]


def test_a_version_takes_effect_at_its_instant(shop: Shop) -> None:
    member = shop.enrol()
    shop.publish(NEXT_MONTH, earning_rules=[DOUBLE])
    assert shop.buy(member)["points"]["earned"] == 10
    shop.set_clock("2026-04-02T00:00:00Z")
    instants = ("2026-03-31T23:59:59Z", NEXT_MONTH, "2026-04-01T12:00:00Z")
    assert [shop.buy(member, occurred_at=each)["points"]["earned"] for each in instants] == [10, 20, 20]


def test_of_two_versions_from_the_same_instant_the_later_published_counts(shop: Shop) -> None:
    member = shop.enrol()
    shop.publish(NEXT_MONTH, earning_rules=[DOUBLE])
    shop.publish(NEXT_MONTH, earning_rules=[{"code": "base", "per_spend": {"points": 3, "per_minor": 100}}])
    shop.set_clock(NEXT_MONTH)
    assert shop.buy(member, occurred_at=NEXT_MONTH)["points"]["earned"] == 30


def test_going_back_to_an_old_version_is_publishing_it_again(shop: Shop) -> None:
    shop.publish(earning_rules=[DOUBLE])
    answer = shop.publish(earning_rules=[BASE_RULE])
    assert answer["version"] == 3
    assert shop.buy(shop.enrol())["points"]["earnings"][0] | {"points": 10, "version": 3} == {
        "rule": "base",
        "version": 3,
        "points": 10,
        "because": "1 point per 1.00 on 10.00",
        "base_minor": 1000,
    }


def test_a_replay_after_a_new_version_answers_by_the_old_one(shop: Shop) -> None:
    purchase = make_purchase(shop.enrol()["card"])
    first = shop.post(purchase)
    shop.publish(earning_rules=[DOUBLE])
    assert shop.post(purchase).content == first.content


def test_decimals_keep_their_value_on_the_way(make_shop: Callable[..., Shop]) -> None:
    rule = {"code": "base", "per_spend": {"points": 0.1, "per_minor": 1}}
    shop = make_shop(earning_rules=[rule])
    text = shop.call("GET", "/v1/program").text
    assert '"points":0.1' in text
    assert json.loads(text)["document"]["earning_rules"] == [rule]
    assert shop.buy(shop.enrol(), 30)["points"]["earned"] == 3  # 0.1 × 30, which floats make 3.0000000000000004
