"""The test clock over HTTP: the present of a test program, and of no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.make.problem import problem
from tests.make.shop import PRESENT, Shop


def present(shop: Shop) -> str:
    return shop.call("GET", "/v1/test-clock").json()["now"]


def test_the_clock_stands_where_it_was_set(shop: Shop) -> None:
    assert present(shop) == PRESENT
    answer = shop.call("POST", "/v1/test-clock", {"now": "2026-03-05T01:00:00+01:00"})
    ran = {"nights": 3, "transfers": 0, "tiers": 0, "notices": 0, "reservations": 0, "rewards": 0}
    assert answer.json() == {"now": "2026-03-05T00:00:00Z", "ran": ran}
    assert present(shop) == "2026-03-05T00:00:00Z"


def test_as_long_as_nothing_is_recorded_the_clock_may_go_anywhere(shop: Shop) -> None:
    shop.enrol()
    for instant in ("2030-01-01T00:00:00Z", "1999-12-31T23:59:59Z", PRESENT):
        shop.set_clock(instant)
        assert present(shop) == instant


def test_once_something_is_recorded_the_clock_only_moves_forward(shop: Shop) -> None:
    shop.buy(shop.enrol())
    back = shop.call("POST", "/v1/test-clock", {"now": "2026-03-02T11:59:59Z"})
    problem(back, 409, "test_clock.backwards")
    assert present(shop) == PRESENT
    shop.set_clock(PRESENT)
    shop.set_clock("2026-03-02T12:00:00.000001Z")
    assert present(shop) == "2026-03-02T12:00:00.000001Z"


def test_a_live_program_has_the_real_time_and_no_clock_to_set(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(mode="live")
    apart = datetime.now(UTC) - datetime.fromisoformat(present(shop))
    assert abs(apart) < timedelta(seconds=30)
    problem(shop.call("POST", "/v1/test-clock", {"now": PRESENT}), 403, "test_clock.live_program")


@pytest.mark.parametrize(
    "now", ["tomorrow", "2026-03-02", "2026-03-02T12:00:00", 1700000000, None, "1899-12-31T00:00:00Z"]
)
def test_another_writing_of_an_instant_is_refused(shop: Shop, now: object) -> None:
    problem(shop.call("POST", "/v1/test-clock", {"now": now}), 422, "request.invalid", "now")
    assert present(shop) == PRESENT


def test_the_clock_of_one_program_is_not_that_of_another(make_shop: Callable[..., Shop]) -> None:
    one, other = make_shop(), make_shop()
    one.set_clock("2026-05-01T00:00:00Z")
    assert present(other) == PRESENT
