"""The life of points with the clock moved: pending, available, expired, each exactly at its instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.shop import Shop
from tests.make.time import let_time_pass

WHOLE_LIFE = "P3660D"


def points(shop: Shop, member: dict[str, Any], **query: str) -> tuple[int, int]:
    """(available, pending) as the member's page says; the member's own answer says the same."""
    answer = shop.call("GET", f"/v1/members/{member['id']}/points", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    if not query:
        told = shop.member(member["id"])["points"]
        assert (told["available"], told["pending"]) == (body["available"], body["pending"])
    return body["available"], body["pending"]


def just_before(instant: str) -> str:
    return (datetime.fromisoformat(instant) - timedelta(microseconds=1)).isoformat()


def kinds(shop: Shop, member: dict[str, Any]) -> list[tuple[str, int, str]]:
    """(kind, points, occurred_at) of each movement, newest first."""
    items = shop.call("GET", f"/v1/members/{member['id']}/points/history").json()["items"]
    return [(each["kind"], each["points"], each["occurred_at"]) for each in items]


def bought_at(shop: Shop, instant: str, amount_minor: int = 1000) -> dict[str, Any]:
    """A member who buys once at ``instant``, the program's present."""
    shop.set_clock(instant)
    member = shop.enrol()
    shop.buy(member, amount_minor, occurred_at=instant)
    return member


@pytest.mark.parametrize(
    ("expiry", "bought", "ends"),
    [
        ({"days": 1}, "2026-03-02T12:00:00+01:00", "2026-03-03T00:00:00+01:00"),
        ({"months": 1}, "2026-01-31T12:00:00+01:00", "2026-02-28T00:00:00+01:00"),
        ({"months": 1}, "2028-01-31T12:00:00+01:00", "2028-02-29T00:00:00+01:00"),
        ({"months": 12}, "2028-02-29T12:00:00+01:00", "2029-02-28T00:00:00+01:00"),
        ({"months": 1, "round_up_to": "month_end"}, "2026-01-31T12:00:00+01:00", "2026-03-01T00:00:00+01:00"),
        ({"on": "12-31"}, "2026-12-30T12:00:00+01:00", "2027-01-01T00:00:00+01:00"),
        ({"days": 1}, "2026-03-28T12:00:00+01:00", "2026-03-29T00:00:00+01:00"),
        ({"days": 1}, "2026-03-29T12:00:00+02:00", "2026-03-30T00:00:00+02:00"),  # a day of 23 hours
        ({"days": 1}, "2026-10-25T12:00:00+01:00", "2026-10-26T00:00:00+01:00"),  # and one of 25
        ({"inactivity_days": 30}, "2026-03-02T12:00:00+01:00", "2026-04-01T00:00:00+02:00"),
    ],
)
def test_points_are_expired_exactly_at_their_instant_before_any_job_has_run(
    make_shop: Callable[..., Shop], database_url: str, expiry: dict[str, Any], bought: str, ends: str
) -> None:
    shop = make_shop(points={"expiry": expiry})
    member = bought_at(shop, bought)
    let_time_pass(database_url, shop, just_before(ends))
    assert points(shop, member) == (10, 0)
    let_time_pass(database_url, shop, ends)
    assert points(shop, member) == (0, 0)
    assert [kind for kind, _, _ in kinds(shop, member)] == ["earn"]  # nothing was booked yet
    answer = shop.buy(member, 300, occurred_at=ends)
    assert answer["balance"] == {"available": 3, "pending": 0, "reserved": 0}
    due = datetime.fromisoformat(ends).astimezone(datetime.fromisoformat("2026-01-01T00:00:00Z").tzinfo)
    told = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert kinds(shop, member)[:2] == [("earn", 3, told), ("expire", 10, told)]


def test_pending_points_become_available_at_the_start_of_their_day_and_their_validity_counts_from_then(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(points={"pending": {"days": 14}, "expiry": {"days": 30}})
    member = bought_at(shop, "2026-03-02T12:00:00+01:00")
    shop.set_clock(just_before("2026-03-16T00:00:00+01:00"))
    assert points(shop, member) == (0, 10)
    shop.set_clock("2026-03-16T00:00:00+01:00")
    assert points(shop, member) == (10, 0)
    shop.set_clock(just_before("2026-04-15T00:00:00+02:00"))
    assert points(shop, member) == (10, 0)
    shop.set_clock("2026-04-15T00:00:00+02:00")
    assert points(shop, member) == (0, 0)
    shop.buy(member, 100, occurred_at="2026-04-15T00:00:00+02:00")
    told = [("expire", 10, "2026-04-14T22:00:00Z"), ("mature", 10, "2026-03-15T23:00:00Z")]
    assert kinds(shop, member)[1:3] == told
    assert points(shop, member) == (0, 1)


def test_a_purchase_puts_off_the_end_of_all_points_that_hang_on_activity(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"inactivity_days": 30}})
    member = bought_at(shop, "2026-03-02T12:00:00+01:00")
    shop.set_clock("2026-03-20T12:00:00+01:00")
    shop.buy(member, 500, occurred_at="2026-03-20T12:00:00+01:00")
    path = f"/v1/members/{member['id']}/points?expiring_within=P40D"
    assert shop.call("GET", path).json()["expiring"] == [{"points": 15, "at": "2026-04-18T22:00:00Z"}]
    shop.set_clock("2026-04-18T12:00:00+02:00")
    shop.buy(member, 0, lines=None, total_minor=0, occurred_at="2026-04-18T12:00:00+02:00")  # earns nothing, but is one
    shop.set_clock(just_before("2026-05-18T00:00:00+02:00"))
    assert points(shop, member) == (15, 0)
    shop.set_clock("2026-05-18T00:00:00+02:00")
    assert points(shop, member) == (0, 0)


def test_a_late_receipt_revives_nothing_that_has_expired(make_shop: Callable[..., Shop], database_url: str) -> None:
    shop = make_shop(points={"expiry": {"inactivity_days": 30}})
    member = bought_at(shop, "2026-03-02T12:00:00+01:00")
    let_time_pass(database_url, shop, "2026-04-02T12:00:00+02:00")
    answer = shop.buy(member, 400, occurred_at="2026-03-31T12:00:00+02:00")  # in time, had it been known
    assert answer["balance"]["available"] == 4
    assert [kind for kind, _, _ in kinds(shop, member)] == ["earn", "expire", "earn"]


def test_lots_keep_their_dates_when_the_expiry_of_the_program_changes(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"expiry": {"days": 10}})
    member = bought_at(shop, "2026-03-02T12:00:00+01:00")
    shop.publish(points={"expiry": {"days": 300}})
    shop.buy(member, 200, occurred_at="2026-03-02T12:00:00+01:00")
    shop.set_clock("2026-03-12T00:00:00+01:00")
    assert points(shop, member) == (2, 0)


def test_a_batch_settles_the_members_who_are_due_and_leaves_the_others(
    make_shop: Callable[..., Shop], database_url: str
) -> None:
    shop = make_shop(points={"expiry": {"days": 10}})
    old, young = bought_at(shop, "2026-03-02T12:00:00+01:00"), bought_at(shop, "2026-03-08T12:00:00+01:00")
    at = "2026-03-12T00:00:00+01:00"
    let_time_pass(database_url, shop, at)
    assert [shop.buy(each, 100, occurred_at=at)["balance"]["available"] for each in (old, young, old)] == [1, 11, 2]


def test_an_event_settles_first_as_well(make_shop: Callable[..., Shop], database_url: str) -> None:
    shop = make_shop(
        points={"expiry": {"days": 10}},
        earning_rules=[{"code": "review", "per_event": {"kind": "review", "points": 7}}],
    )
    shop.set_clock("2026-03-02T12:00:00+01:00")
    member = shop.enrol()
    shop.engage(member, "review", occurred_at="2026-03-02T12:00:00+01:00")
    let_time_pass(database_url, shop, "2026-03-12T00:00:00+01:00")
    answer = shop.engage(member, "review", occurred_at="2026-03-12T00:00:00+01:00")
    assert answer["balance"]["available"] == 7


def test_as_of_any_instant_is_what_was_answered_then(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"days": 2}, "expiry": {"inactivity_days": 5}})
    member = bought_at(shop, "2026-03-02T12:00:00+01:00")
    path = f"/v1/members/{member['id']}/points"
    told = {}
    for step in range(1, 40):
        hours = step * 11
        instant = (datetime.fromisoformat("2026-03-02T12:00:00+01:00") + timedelta(hours=hours)).isoformat()
        shop.set_clock(instant)
        if step in (3, 4, 9, 25, 31):
            shop.buy(member, step * 100, occurred_at=instant)
        if step == 33:  # was bought three days before
            shop.buy(member, 5000, occurred_at="2026-03-15T12:00:00+01:00")
        told[instant] = shop.call("GET", path, params={"expiring_within": WHOLE_LIFE}).json()
    assert len({body["available"] for body in told.values()}) > 4
    for instant, body in told.items():
        query = {"as_of": instant, "expiring_within": WHOLE_LIFE}
        assert shop.call("GET", path, params=query).json() == body, instant
    before = shop.call("GET", path, params={"as_of": "2026-03-01T00:00:00Z"}).json()
    assert before == {"available": 0, "pending": 0, "reserved": 0, "lifetime_earned": 0, "expiring": []}


@pytest.mark.parametrize("text", ["", "now", "2026-03-02", "2026-03-02T12:00:00", "1772000000", "1700-01-01T00:00:00Z"])
def test_another_writing_of_as_of_is_refused(shop: Shop, text: str) -> None:
    path = f"/v1/members/{shop.enrol()['id']}/points"
    problem(shop.call("GET", path, params={"as_of": text}), 422, "request.invalid", "as_of")


def test_as_of_the_future_is_refused(shop: Shop) -> None:
    path = f"/v1/members/{shop.enrol()['id']}/points"
    assert shop.call("GET", path, params={"as_of": "2026-03-02T12:00:00Z"}).status_code == 200
    later = shop.call("GET", path, params={"as_of": "2026-03-02T12:00:00.000001Z"})
    problem(later, 422, "request.invalid", "as_of")
