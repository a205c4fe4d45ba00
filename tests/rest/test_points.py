"""A member's points over HTTP: what there is, what expires when, and the history with its reasons."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from tests.make.problem import problem
from tests.make.shop import Shop


def test_points_are_told_by_state_with_all_that_was_ever_earned(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"days": 7}})
    member = shop.enrol()
    shop.buy(member, 1000)
    shop.buy(member, 500, occurred_at="2026-02-01T10:00:00Z")  # pending until February 8th, which is over
    answer = shop.call("GET", f"/v1/members/{member['id']}/points").json()
    assert answer == {"available": 5, "pending": 10, "reserved": 0, "lifetime_earned": 15, "expiring": []}


def test_what_expires_is_told_by_instant_as_far_ahead_as_asked(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 30}})
    member = shop.enrol()
    shop.buy(member, 1000)
    shop.buy(member, 250)
    shop.buy(member, 500, occurred_at="2026-02-20T10:00:00Z")
    path = f"/v1/members/{member['id']}/points"
    first = {"points": 5, "at": "2026-03-21T23:00:00Z"}
    second = {"points": 12, "at": "2026-03-31T22:00:00Z"}  # midnight in Berlin, in summer time by then
    assert shop.call("GET", path).json()["expiring"] == [first, second]
    assert shop.call("GET", f"{path}?expiring_within=P19D").json()["expiring"] == []
    assert shop.call("GET", f"{path}?expiring_within=P20D").json()["expiring"] == [first]
    assert shop.call("GET", f"{path}?expiring_within=P3660D").json()["expiring"] == [first, second]


@pytest.mark.parametrize("text", ["", "30", "P3661D", "P-1D", "P1M", "P99999D", "30d", "P٣D"])
def test_another_writing_of_how_far_ahead_is_refused(shop: Shop, text: str) -> None:
    path = f"/v1/members/{shop.enrol()['id']}/points?expiring_within={text}"
    problem(shop.call("GET", path), 422, "request.invalid", "expiring_within")


def test_the_history_says_what_each_movement_was_for(shop: Shop) -> None:
    member = shop.enrol()
    answer = shop.buy(member, 1000, reference="R-1", occurred_at="2026-03-01T10:00:00Z")
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert items == [
        {
            "seq": 1,
            "member": member["id"],
            "recorded_at": "2026-03-02T12:00:00Z",
            "occurred_at": "2026-03-01T10:00:00Z",
            "kind": "earn",
            "points": 10,
            "from": "issued",
            "to": "spendable",
            "reason": "Purchase R-1: 1 point per 1.00 on 10.00",
            "earnings": [{"rule": "base", "points": 10}],
            "purchase": answer["id"],
            "engagement": None,
            "redemption": None,
            "adjustment": None,
            "balance_after": {"available": 10, "pending": 0, "reserved": 0},
        }
    ]


def test_the_history_is_in_the_order_of_recording_newest_first(shop: Shop) -> None:
    member = shop.enrol()
    for day in (3, 1, 2):
        shop.buy(member, day * 100, occurred_at=f"2026-02-0{day}T10:00:00Z")
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    assert [(each["seq"], each["points"]) for each in items] == [(3, 2), (2, 1), (1, 3)]
    assert [each["balance_after"]["available"] for each in items] == [6, 4, 3]


def test_the_history_is_paged_by_key_and_holds_still_while_points_come_in(shop: Shop) -> None:
    member = shop.enrol()
    for _ in range(7):
        shop.buy(member)
    seen: list[int] = []
    cursor = ""
    while True:
        page = shop.call("GET", f"/v1/members/{member['id']}/points/history?limit=3{cursor}").json()
        seen += [each["seq"] for each in page["items"]]
        shop.buy(member)
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_a_page_that_is_exactly_full_has_no_next_one(shop: Shop) -> None:
    member = shop.enrol()
    for _ in range(3):
        shop.buy(member)
    page = shop.call("GET", f"/v1/members/{member['id']}/points/history?limit=3").json()
    assert (len(page["items"]), page["next_cursor"]) == (3, None)


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "path",
    ["/v1/purchases", "/v1/program/versions", "/v1/members/{id}/points/history", "/v1/members/{id}/tier/history"],
)
def test_every_list_refuses_other_limits_and_foreign_cursors(shop: Shop, path: str) -> None:
    path = path.replace("{id}", shop.enrol()["id"])
    for limit in ("0", "-1", "201", "1.5", "ten", "", "1e2", "9" * 50, "١"):
        problem(shop.call("GET", f"{path}?limit={limit}"), 422, "request.invalid", "limit")
    for foreign in ("!", "a", "ä", cursor("x y"), cursor("é"), "%00", "AA==" * 50):
        problem(shop.call("GET", f"{path}?cursor={foreign}"), 422, "request.invalid", "cursor")
    for huge in ("9" * 30, "-" + "9" * 30, "9" * 5000, "0", "-1"):
        answer = shop.call("GET", f"{path}?cursor={cursor(huge)}")
        assert answer.status_code in (200, 422, 431, 414), answer.text
    problem(shop.call("GET", f"{path}?limit=1&limit=2"), 422, "request.invalid", "limit")
    problem(shop.call("GET", f"{path}?limit=0&cursor=!&page=2"), 422, "request.invalid", "page")
    assert shop.call("GET", f"{path}?limit=200").status_code == 200
