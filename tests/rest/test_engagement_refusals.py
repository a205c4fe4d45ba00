"""Events that are refused: why, naming which field, and with nothing written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.make.engagement import make_engagement, per_event
from tests.make.problem import problem
from tests.make.shop import Shop, bearer

MakeShop = Callable[..., Shop]


def nested(levels: int) -> dict[str, Any]:
    return {"a": nested(levels - 1)} if levels > 1 else {}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "enrolled"}, "request.invalid", "kind"),
    ({"kind": "enrolled", "member": {}}, "request.invalid", "member kind"),
    ({"kind": "enrolled\n"}, "request.invalid", "kind"),
    ({"kind": "Review"}, "request.invalid", "kind"),
    ({"kind": ""}, "request.invalid", "kind"),
    ({"kind": "k" * 65}, "request.invalid", "kind"),
    ({"kind": None}, "request.invalid", "kind"),
    ({"reference": None}, "request.invalid", "reference"),
    ({"reference": "\u0000"}, "request.invalid", "reference"),
    ({"member": {}}, "request.invalid", "member"),
    ({"member": {"identifier": "passport:C01X"}}, "request.invalid", "member.identifier"),
    ({"occurred_at": "2026-03-02T10:00:00"}, "request.invalid", "occurred_at"),
    ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "request.invalid", "occurred_at"),
    ({"occurred_at": "2026-03-02T12:05:01Z"}, "engagement.in_the_future", "occurred_at"),
    ({"occurred_at": "2024-03-02T10:00:00Z"}, "engagement.too_late", "occurred_at"),
    ({"currency": "EUR"}, "request.invalid", "currency"),
    ({"data": []}, "request.invalid", "data"),
    ({"data": {f"k{n}": 1 for n in range(101)}}, "request.invalid", "data"),
    ({"data": nested(17)}, "request.invalid", "data"),
    ({"data": {"text": "x" * 16_384}}, "request.invalid", "data"),
    ({"data": {"text": "a\u0000b"}}, "request.invalid", "data.text"),
    ({"data": {"list": [{"a\u0000": 1}]}}, "request.invalid", "data.list[0]"),
]


@pytest.mark.parametrize(("change", "code", "fields"), WRONG, ids=[f"{n}-{each[2]}" for n, each in enumerate(WRONG)])
def test_a_wrong_event_is_refused_and_names_the_field(shop: Shop, change: dict, code: str, fields: str) -> None:
    member = shop.enrol()
    event = {name: value for name, value in (make_engagement(member["card"]) | change).items() if value is not None}
    problem(shop.call("POST", "/v1/engagement", event), 422, code, *fields.split())
    assert shop.call("GET", "/v1/engagement").json()["items"] == []


def test_data_up_to_its_limits_is_kept_as_it_was_sent(shop: Shop) -> None:
    member = shop.enrol()
    for data in (
        {f"k{n}": n for n in range(100)},
        nested(16),
        {"t": "x" * (16_384 - len('{"t":""}'))},
        {"": "", "big": 10**300, "small": 1e-300},
    ):
        body = shop.engage(member, data=data)
        assert shop.call("GET", f"/v1/engagement/{body['id']}").json()["data"] == data


def test_data_that_is_nested_without_end_is_a_problem_and_not_a_failure(shop: Shop) -> None:
    event = json.dumps(make_engagement(shop.enrol()["card"], data={"a": "HERE"}))
    for levels in (17, 900, 20_000):
        body = event.replace('"HERE"', "[" * levels + "]" * levels).encode()
        headers = bearer(shop.key) | {"Content-Type": "application/json"}
        answer = shop.http.post("/v1/engagement", content=body, headers=headers)
        assert answer.status_code in (400, 422), answer.text


def test_events_keep_to_the_same_bounds_of_time_as_purchases(make_shop: MakeShop) -> None:
    for setting in ("refuse", "earn"):
        shop = make_shop(purchases={"before_enrolment": setting, "late_days": 7}, earning_rules=[per_event(20)])
        member = shop.enrol(enrolled_at="2026-03-01T00:00:00Z")
        early = make_engagement(member["card"], occurred_at="2026-02-28T23:59:59Z")
        answer = shop.call("POST", "/v1/engagement", early)
        if setting == "earn":
            assert answer.json()["points"]["earned"] == 20
        else:
            problem(answer, 409, "engagement.before_enrolment")
        assert shop.engage(member, occurred_at="2026-03-01T00:00:00Z")["points"]["earned"] == 20
        assert shop.engage(member, occurred_at="2026-03-02T12:05:00Z")["points"]["earned"] == 20
        late = make_engagement(member["card"], occurred_at="2026-02-23T11:59:59Z")
        problem(shop.call("POST", "/v1/engagement", late), 422, "engagement.too_late", "occurred_at")


def test_more_points_than_the_ledger_takes_in_one_movement_are_refused(make_shop: MakeShop) -> None:
    shop = make_shop(earning_rules=[per_event(10**12), per_event(1, code="more")])
    member = shop.enrol()
    answer = shop.call("POST", "/v1/engagement", make_engagement(member["card"]))
    problem(answer, 422, "engagement.out_of_range", "kind")
    assert shop.member(member["id"])["points"]["available"] == 0
