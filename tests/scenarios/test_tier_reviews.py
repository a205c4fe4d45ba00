"""Tiers that go down: by a review in the night alone, with grace and by steps, and what keeps them until when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.program import BASE_RULE, TIERS
from tests.make.reward import make_reward
from tests.make.shop import Shop

BOUGHT_AT = "2026-03-02T12:00:00+01:00"


def opened(make_shop: Callable[..., Shop], at: str = BOUGHT_AT, **tiers: Any) -> tuple[Shop, dict[str, Any]]:
    """A shop whose clock stands at ``at``, and a member."""
    shop = make_shop(tiers=TIERS | tiers, purchases={"late_days": 3660})
    shop.set_clock(at)
    return shop, shop.enrol()


def tier(shop: Shop, member: dict[str, Any]) -> tuple[str, Any]:
    """What the member holds, and what keeps it."""
    held = shop.member(member["id"])["tier"]
    return held["code"], held["keeps"]


def code_at(shop: Shop, member: dict[str, Any], instant: str) -> str:
    shop.set_clock(instant)
    return tier(shop, member)[0]


def moves(shop: Shop, member: dict[str, Any]) -> list[tuple[str, str, str, int, str]]:
    """(from, to, reason, value, effective_at), oldest first."""
    items = shop.call("GET", f"/v1/members/{member['id']}/tier/history").json()["items"]
    return [(m["from"], m["to"], m["reason"], m["value"], m["effective_at"]) for m in reversed(items)]


def keeps(until: str | None, missing: int) -> dict[str, Any]:
    return {"until": until, "missing": missing}


def test_a_tier_is_kept_through_its_grace_and_lost_in_the_night_after(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, downgrade={"grace_days": 30})
    assert tier(shop, member) == ("bronze", None)
    shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
    assert tier(shop, member) == ("silver", keeps("2027-03-31", 50_000))
    shop.set_clock("2027-03-31T23:59:59+02:00")
    assert tier(shop, member) == ("silver", keeps("2027-03-31", 50_000))
    shop.set_clock("2027-04-01T00:00:00+02:00")
    assert tier(shop, member) == ("bronze", None)
    assert moves(shop, member) == [
        ("bronze", "silver", "reached", 60_000, "2026-03-02T11:00:00Z"),
        ("silver", "bronze", "reviewed", 0, "2027-03-31T22:00:00Z"),
    ]


def test_what_was_missing_bought_on_the_last_day_keeps_the_tier_and_a_cent_less_does_not(
    make_shop: Callable[..., Shop],
) -> None:
    shop, saved = opened(make_shop, downgrade={"grace_days": 30})
    lost = shop.enrol()
    for member in (saved, lost):
        shop.buy(member, 50_000, occurred_at=BOUGHT_AT)
        shop.buy(member, 20_000, occurred_at="2026-03-02T11:59:00+01:00")
    shop.set_clock("2026-06-01T12:00:00+02:00")
    for member in (saved, lost):
        shop.buy(member, 10_000, occurred_at="2026-06-01T12:00:00+02:00")
        assert tier(shop, member) == ("silver", keeps("2027-03-31", 40_000))
    last = "2027-03-31T23:00:00+02:00"
    shop.set_clock(last)
    shop.buy(lost, 39_999, occurred_at=last)
    shop.buy(saved, 40_000, occurred_at=last)
    assert tier(shop, saved) == ("silver", keeps("2027-06-30", 10_000))
    assert code_at(shop, saved, "2027-04-01T00:00:00+02:00") == "silver"
    assert tier(shop, lost) == ("bronze", None)
    assert code_at(shop, saved, "2027-06-30T23:59:59+02:00") == "silver"
    assert code_at(shop, saved, "2027-07-01T00:00:00+02:00") == "bronze"


@pytest.mark.parametrize(
    ("steps", "codes"),
    [("one", ["gold", "silver", "silver", "bronze"]), ("full", ["gold", "bronze", "bronze", "bronze"])],
)
def test_one_step_at_a_time_has_a_grace_for_each_and_full_goes_down_at_once(
    make_shop: Callable[..., Shop], steps: str, codes: list[str]
) -> None:
    shop, member = opened(make_shop, downgrade={"grace_days": 10, "steps": steps})
    shop.buy(member, 150_000, occurred_at=BOUGHT_AT)
    nights = ["2027-03-11T12:00:00+01:00", "2027-03-12T00:00:00+01:00", "2027-03-21T23:59:59+01:00"]
    seen = [code_at(shop, member, instant) for instant in [*nights, "2027-03-22T00:00:00+01:00"]]
    assert seen == codes


def test_a_long_jump_of_the_clock_takes_every_step_at_its_own_time(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, downgrade={"grace_days": 10})
    shop.buy(member, 150_000, occurred_at=BOUGHT_AT)
    ran = shop.call("POST", "/v1/test-clock", {"now": "2028-01-01T12:00:00+01:00"}).json()["ran"]
    assert ran["tiers"] == 2
    assert [move[4] for move in moves(shop, member)[1:]] == ["2027-03-11T23:00:00Z", "2027-03-21T23:00:00Z"]


def test_without_grace_the_night_that_finds_the_window_short_lowers(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, downgrade={"steps": "full"})
    shop.buy(member, 150_000, occurred_at=BOUGHT_AT)
    assert tier(shop, member) == ("gold", keeps("2027-03-01", 150_000))
    assert code_at(shop, member, "2027-03-01T23:59:59+01:00") == "gold"
    assert code_at(shop, member, "2027-03-02T00:00:00+01:00") == "bronze"


@pytest.mark.parametrize(
    ("zone", "bought_at", "until", "lost_at"),
    [
        # A leap day stays in the window as long as the day before it.
        ("Europe/Berlin", "2024-02-29T12:00:00+01:00", "2025-02-27", "2025-02-27T23:00:00Z"),
        ("Europe/Berlin", "2024-02-28T12:00:00+01:00", "2025-02-27", "2025-02-27T23:00:00Z"),
        ("Europe/Berlin", "2023-02-28T12:00:00+01:00", "2024-02-28", "2024-02-28T23:00:00Z"),
        # The nights before and after each change of the clocks.
        ("Europe/Berlin", "2025-03-29T12:00:00+01:00", "2026-03-28", "2026-03-28T23:00:00Z"),
        ("Europe/Berlin", "2025-03-30T12:00:00+02:00", "2026-03-29", "2026-03-29T22:00:00Z"),
        ("Europe/Berlin", "2025-10-25T12:00:00+02:00", "2026-10-24", "2026-10-24T22:00:00Z"),
        ("Europe/Berlin", "2025-10-26T12:00:00+01:00", "2026-10-25", "2026-10-25T23:00:00Z"),
        # A day without its first hour.
        ("America/Santiago", "2025-09-06T12:00:00-04:00", "2026-09-05", "2026-09-06T04:00:00Z"),
    ],
)
def test_the_year_ends_with_its_last_local_day(
    make_shop: Callable[..., Shop], zone: str, bought_at: str, until: str, lost_at: str
) -> None:
    shop = make_shop(time_zone=zone, tiers=TIERS, purchases={"before_enrolment": "earn"})
    shop.set_clock(bought_at)
    member = shop.enrol()
    shop.buy(member, 60_000, occurred_at=bought_at)
    assert tier(shop, member) == ("silver", keeps(until, 50_000))
    shop.set_clock(lost_at)
    assert tier(shop, member) == ("bronze", None)
    assert moves(shop, member)[1][2:] == ("reviewed", 0, lost_at)


def test_a_calendar_year_ends_at_local_midnight(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, "2026-12-31T23:59:59+01:00", window="calendar_year")
    shop.buy(member, 60_000, occurred_at="2026-12-31T23:59:59+01:00")
    assert tier(shop, member) == ("silver", keeps("2026-12-31", 50_000))
    shop.set_clock("2027-01-01T00:00:00+01:00")
    assert tier(shop, member) == ("bronze", None)
    assert moves(shop, member)[1] == ("silver", "bronze", "reviewed", 0, "2026-12-31T23:00:00Z")
    answer = shop.buy(member, 49_999, occurred_at="2027-01-01T00:00:00+01:00")
    assert answer["tier"]["next"] == {"code": "silver", "missing": 1}
    late = shop.buy(member, 60_000, occurred_at="2026-12-31T12:00:00+01:00")
    assert late["tier"]["next"] == {"code": "silver", "missing": 1}, "it belongs to the year that is over"


def test_a_lifetimes_tier_is_lost_to_returns_alone_and_not_in_their_answer(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, window="lifetime")
    bought = shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
    assert tier(shop, member) == ("silver", keeps(None, 0))
    shop.set_clock("2035-03-02T12:00:00+01:00")
    assert tier(shop, member) == ("silver", keeps(None, 0))
    returned = shop.call(
        "POST",
        "/v1/returns",
        {"reference": "back", "purchase": {"id": bought["id"]}, "occurred_at": "2035-03-02T12:00:00+01:00"}
        | {"amount_minor": 10_001},
    )
    assert (returned.status_code, returned.json()["tier"]["code"]) == (201, "silver"), returned.text
    assert tier(shop, member) == ("silver", keeps("2035-03-02", 1))
    shop.set_clock("2035-03-03T00:00:00+01:00")
    assert tier(shop, member) == ("bronze", None)
    assert moves(shop, member)[1][2:4] == ("reviewed", 49_999)


MEASURES = {"spend": 60_000, "points_earned": 600, "purchases": 1}
WINDOWS: dict[str, tuple[Any, str | None]] = {
    "months": ({"months": 3}, "2026-06-01"),
    "calendar year": ("calendar_year", "2026-12-31"),
    "lifetime": ("lifetime", None),
}


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("name", WINDOWS)
def test_every_measure_goes_with_every_window(make_shop: Callable[..., Shop], measure: str, name: str) -> None:
    window, until = WINDOWS[name]
    levels = [{"code": "bronze", "from": 0}, {"code": "silver", "from": MEASURES[measure]}]
    shop, member = opened(make_shop, measure=measure, window=window, levels=levels)
    answer = shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
    assert answer["tier"] == {"code": "silver", "changed": True, "next": None}
    assert tier(shop, member) == ("silver", keeps(until, MEASURES[measure] if until else 0))
    if until:
        assert code_at(shop, member, f"{until}T12:00:00Z") == "silver"
    assert code_at(shop, member, "2027-01-01T12:00:00Z") == ("bronze" if until else "silver")


def test_spending_points_never_lowers_a_tier(make_shop: Callable[..., Shop]) -> None:
    levels = [{"code": "bronze", "from": 0}, {"code": "silver", "from": 500}]
    shop = make_shop(tiers={"measure": "points_earned", "levels": levels}, rewards=[make_reward()])
    shop.set_clock(BOUGHT_AT)
    member = shop.enrol()
    shop.buy(member, 50_000, occurred_at=BOUGHT_AT)
    shop.redeem(member)
    for instant in (BOUGHT_AT, "2026-03-10T12:00:00+01:00"):
        shop.set_clock(instant)
        assert tier(shop, member) == ("silver", keeps("2027-03-01", 500))
    assert shop.points(member)[0] == 0


def test_a_late_receipt_of_before_the_review_earns_at_the_tier_of_then(make_shop: Callable[..., Shop]) -> None:
    double = {"code": "double", "multiplier": 2, "tiers": ["silver"]}
    shop = make_shop(tiers=TIERS, earning_rules=[BASE_RULE, double])
    shop.set_clock(BOUGHT_AT)
    member = shop.enrol()
    shop.buy(member, 50_000, occurred_at=BOUGHT_AT)
    shop.set_clock("2027-03-02T12:00:00+01:00")
    before, after = "2027-03-01T23:59:59+01:00", "2027-03-02T00:00:00+01:00"
    assert shop.buy(member, 1_000, occurred_at=before)["points"]["earned"] == 20
    assert shop.buy(member, 1_000, occurred_at=after)["points"]["earned"] == 10


def test_a_policy_that_was_published_is_reviewed_by_in_the_next_night(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, window="lifetime")
    shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
    shop.set_clock("2026-06-10T12:00:00+02:00")
    shop.publish(tiers=TIERS | {"window": {"months": 3}})
    assert tier(shop, member) == ("silver", keeps("2026-06-10", 50_000))
    assert code_at(shop, member, "2026-06-10T23:59:59+02:00") == "silver"
    assert code_at(shop, member, "2026-06-11T00:00:00+02:00") == "bronze"


def test_two_programs_that_differ_in_the_grace_part_ways_where_it_ends(make_shop: Callable[..., Shop]) -> None:
    pairs = [opened(make_shop, downgrade={"grace_days": grace}) for grace in (0, 1)]
    for shop, member in pairs:
        shop.buy(member, 60_000, occurred_at=BOUGHT_AT)
    for night, codes in [
        ("2027-03-01", ["silver", "silver"]),
        ("2027-03-02", ["bronze", "silver"]),
        ("2027-03-03", ["bronze", "bronze"]),
    ]:
        assert [code_at(shop, member, f"{night}T12:00:00+01:00") for shop, member in pairs] == codes


def test_the_history_goes_page_by_page(make_shop: Callable[..., Shop]) -> None:
    shop, member = opened(make_shop, window={"months": 1})
    for month in (3, 5, 7):
        shop.set_clock(f"2026-0{month}-02T12:00:00Z")
        shop.buy(member, 50_000, occurred_at=f"2026-0{month}-02T12:00:00Z")
    seqs, cursor = [], ""
    while cursor is not None:
        page = shop.call(
            "GET", f"/v1/members/{member['id']}/tier/history?limit=2{cursor and '&cursor='}{cursor}"
        ).json()
        seqs += [item["seq"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seqs == [5, 4, 3, 2, 1]
