"""Members who bring their points along: opening balances with lots, dates kept or made by the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loyalty_api.domain.lifecycle.verify import verify
from loyalty_api.kernel.database import Database
from tests.make.problem import problem
from tests.make.shop import Shop

EARNED = "2026-01-10T12:00:00Z"


def opening(member: dict[str, Any], reference: str, points: int = 100, **changes: Any) -> dict[str, Any]:
    body = {"reference": reference, "member": {"identifier": member["card"]}, "points": points, "earned_at": EARNED}
    return body | changes


def bring(shop: Shop, *items: Any, **options: Any) -> list[dict[str, Any]]:
    answer = shop.call("POST", "/v1/openings/batch", list(items), **options)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def points(shop: Shop, member: dict[str, Any], **query: str) -> dict[str, Any]:
    return shop.call("GET", f"/v1/members/{member['id']}/points", params=query).json()


def test_given_dates_are_kept_and_missing_ones_follow_the_program(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"months": 12}})
    member = shop.enrol()
    results = bring(
        shop,
        opening(member, "a", 100, expires_at="2026-03-20T00:00:00Z"),
        opening(member, "b", 30, available_at="2026-04-01T00:00:00Z", expires_at="2026-05-01T00:00:00Z"),
        opening(member, "c", 7),
    )
    assert [each["status"] for each in results] == ["recorded"] * 3
    assert results[2]["answer"]["expires_at"] == "2027-01-09T23:00:00Z"
    assert points(shop, member) | {"expiring": []} == {
        "available": 107,
        "pending": 30,
        "reserved": 0,
        "lifetime_earned": 137,
        "expiring": [],
    }
    shop.set_clock("2026-04-01T00:00:00Z")
    assert points(shop, member)["available"] == 37
    shop.set_clock("2026-05-01T00:00:00Z")
    assert points(shop, member)["available"] == 7
    shop.set_clock("2027-01-09T23:00:00Z")
    assert points(shop, member)["available"] == 0


def test_points_that_would_be_over_by_the_programs_expiry_live_two_weeks_more(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 30}})
    (result,) = bring(shop, opening(shop.enrol(), "a", earned_at="2020-01-10T12:00:00Z"))
    assert result["answer"]["expires_at"] == "2026-03-16T12:00:00Z"


def test_points_do_not_wait_for_an_event_that_can_name_no_purchase(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"until": "purchase.shipped"}, "expiry": "never"})
    member = shop.enrol()
    (result,) = bring(shop, opening(member, "a"))
    assert (result["answer"]["pending"], result["answer"]["expires_at"]) == (0, None)
    assert points(shop, member)["available"] == 100


def test_a_reference_brings_points_once_and_the_second_time_tells_the_first_answer(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    first, twin = bring(shop, opening(member, "a"), opening(member, "a"))
    assert (first["status"], twin["status"]) == ("recorded", "replayed")
    again, changed, stranger = bring(
        shop, opening(member, "a"), opening(member, "a", 101), opening(other, "a", source="") | {"points": 100}
    )
    assert (again["status"], again["answer"]) == ("replayed", first["answer"])
    for refused in (changed, stranger):
        assert refused["problem"]["code"] == "opening.reference_reused"
    assert points(shop, member)["available"] == 100
    assert points(shop, other)["available"] == 0


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"points": 0}, "request.invalid", "points"),
        ({"points": 10**18}, "request.invalid", "points"),
        ({"points": "7"}, "request.invalid", "points"),
        ({"earned_at": "yesterday"}, "request.invalid", "earned_at"),
        ({"earned_at": "2026-03-03T12:00:00Z"}, "opening.in_the_future", "earned_at"),
        ({"expires_at": "2026-03-02T12:00:00Z"}, "opening.expired", "expires_at"),
        ({"expires_at": EARNED}, "request.invalid", "expires_at"),
        ({"available_at": "2026-01-09T12:00:00Z"}, "request.invalid", "available_at"),
        ({"reference": "nul\x00"}, None, None),
        ({"member": {"identifier": "card:nobody"}}, "member.not_found", None),
        ({"member": {}}, "request.invalid", "member"),
        ({"lot": 1}, "request.invalid", None),
    ],
)
def test_a_bad_one_is_refused_and_never_stops_the_others(
    shop: Shop, changes: dict[str, Any], code: str | None, field: str | None
) -> None:
    member = shop.enrol()
    good, bad, last = bring(shop, opening(member, "a"), opening(member, "bad") | changes, opening(member, "z", 1))
    assert (good["status"], bad["status"], last["status"]) == ("recorded", "refused", "recorded")
    assert code is None or bad["problem"]["code"] == code
    assert field is None or [each["field"] for each in bad["problem"]["errors"]] == [field]
    assert points(shop, member)["available"] == 101


def test_only_an_admins_key_may_bring_points(shop: Shop) -> None:
    body = [opening(shop.enrol(), "a")]
    till = shop.issue_key("till", "manage")["key"]
    problem(shop.call("POST", "/v1/openings/batch", body, key=till), 403, "access.forbidden")


async def test_the_history_says_so_and_every_law_holds(shop: Shop, database: Database) -> None:
    member = shop.enrol()
    bring(shop, opening(member, "a"), opening(member, "b", 5, available_at="2026-06-01T00:00:00Z"))
    shop.buy(member, 1000)
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert [each["kind"] for each in items] == ["earn", "import", "import"]
    assert items[2]["reason"] == "Opening balance"
    assert (await verify(database)).findings == []
