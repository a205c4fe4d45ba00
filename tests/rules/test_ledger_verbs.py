"""What each verb of the ledger does to a member's points, without a database."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import msgspec
import pytest

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.give_back import give_back
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.points.reserve import complete, release, reserve
from loyalty_api.domain.points.settle import mature_for
from loyalty_api.domain.points.spend import Spent, spend
from loyalty_api.domain.points.take_back import Policy, TakenBack, take_back
from loyalty_api.kernel.database import RaceLost
from tests.make.ledger import START, Ledger


@pytest.fixture
def ledger() -> Ledger:
    """A member without points at noon of 2 March 2026 in Berlin."""
    return Ledger()


def spent(ledger: Ledger, points: int) -> Spent:
    cause = ledger.cause("redemption")
    return spend(ledger.book, ledger.balance, points, kind="redeem", to=Account.REDEEMED, cause=cause)


def taken(ledger: Ledger, points: int, of: uuid.UUID, policy: Policy, expired: int = 0) -> TakenBack:
    asked = {"earned_for": of, "expired": expired, "policy": policy, "cause": ledger.cause()}
    return take_back(ledger.book, ledger.balance, points, **asked)


def kinds(ledger: Ledger) -> list[tuple[str, int]]:
    return [(row["kind"], row["points"]) for row in ledger.rows().transfers]


def remaining(ledger: Ledger) -> list[int]:
    return [lot.remaining for lot in ledger.lots]


def test_spending_takes_what_expires_first_then_the_oldest(ledger: Ledger) -> None:
    ledger.earn(10)
    ledger.wait(seconds=1)
    ledger.earn(10, ledger.dates(days=30))
    ledger.wait(seconds=1)
    ledger.earn(10, ledger.dates(days=7))
    ledger.earn(10)
    spent(ledger, 25)
    assert remaining(ledger) == [5, 0, 0, 10]
    assert ledger.broken() == []


def test_more_than_is_available_is_refused_and_nothing_is_taken(ledger: Ledger) -> None:
    ledger.earn(10)
    ledger.earn(10, ledger.dates(pending=7))
    with pytest.raises(InsufficientPoints) as refused:
        spent(ledger, 11)
    assert refused.value.facts == {"available": 10, "asked": 11}
    assert ledger.parts == (10, 10, 0, 0)
    spent(ledger, 10)
    assert ledger.parts == (0, 10, 0, 0)


def test_reserved_points_wait_for_the_redemption_and_then_are_redeemed(ledger: Ledger) -> None:
    ledger.earn(10, ledger.dates(days=1))
    kept = reserve(ledger.book, ledger.balance, 4, cause=ledger.cause("redemption"))
    ledger.wait(days=5)
    assert ledger.parts == (0, 0, 4, 0)
    complete(ledger.book, ledger.balance, kept.draws, cause=ledger.cause("redemption"))
    assert ledger.parts == (0, 0, 0, 0)
    assert kinds(ledger) == [("earn", 10), ("reserve", 4), ("expire", 6), ("redeem", 4)]
    assert ledger.broken() == []


def test_reserved_points_whose_lot_expired_meanwhile_expire_when_they_are_released(ledger: Ledger) -> None:
    ledger.earn(10, ledger.dates(days=1))
    kept = reserve(ledger.book, ledger.balance, 4, cause=ledger.cause("redemption"))
    ledger.wait(days=5)
    release(ledger.book, ledger.balance, kept.draws, cause=ledger.cause("redemption"))
    assert ledger.parts == (0, 0, 0, 0)
    assert kinds(ledger)[-2:] == [("release", 4), ("expire", 4)]
    assert ledger.rows().transfers[-1]["occurred_at"] == ledger.now
    assert ledger.broken() == []


def test_a_lot_that_is_over_gives_back_into_the_grace_of_the_program(ledger: Ledger) -> None:
    ledger.earn(10, ledger.dates(days=1))
    ledger.earn(10, ledger.dates(days=100))
    draws = spent(ledger, 15).draws
    ledger.wait(days=5)
    give_back(ledger.book, ledger.balance, draws, 15, grace_days=30, cause=ledger.cause())
    first, second, graced = ledger.lots
    assert (first.remaining, second.remaining, graced.remaining) == (0, 10, 10)
    assert (graced.origin_lot_id, graced.earned_for) == (first.lot_id, first.earned_for)
    assert graced.expires_at == datetime(2026, 4, 5, 22, tzinfo=UTC)  # 6 April in Berlin, 30 days after 7 March
    assert ledger.broken() == []


def test_without_grace_what_is_given_back_too_late_expires_at_once(ledger: Ledger) -> None:
    ledger.earn(10, ledger.dates(days=1))
    draws = spent(ledger, 10).draws
    ledger.wait(days=5)
    give_back(ledger.book, ledger.balance, draws, 10, grace_days=0, cause=ledger.cause())
    assert ledger.parts == (0, 0, 0, 0)
    assert kinds(ledger)[-2:] == [("give_back", 10), ("expire", 10)]
    assert ledger.broken() == []


def test_a_debt_is_paid_by_what_is_earned_next_also_when_it_is_pending_first(ledger: Ledger) -> None:
    bought = ledger.earn(10)
    spent(ledger, 10)
    assert taken(ledger, 10, bought, "allow_negative").debt == 10
    assert (ledger.parts, ledger.balance.available) == ((0, 0, 0, 10), -10)
    ledger.earn(4)
    assert ledger.parts == (0, 0, 0, 6)
    ledger.earn(9, ledger.dates(pending=1))
    assert ledger.parts == (0, 9, 0, 6)
    ledger.wait(days=1)
    assert ledger.parts == (3, 0, 0, 0)
    assert ledger.balance.lifetime_earned == 13  # what was returned was never earned
    assert ledger.broken() == []


@pytest.mark.parametrize(
    ("policy", "parts", "debt", "forgiven"),
    [
        ("allow_negative", (0, 20, 0, 5), 5, 0),
        ("clamp", (0, 20, 0, 0), 0, 5),
        ("pending_only", (25, 0, 0, 0), 0, 10),
    ],
)
def test_the_three_policies_of_a_return(
    ledger: Ledger, policy: Policy, parts: tuple[int, ...], debt: int, forgiven: int
) -> None:
    """30 of a purchase are taken back: 10 are left of it; another has 15 available, and 20 of a third are pending."""
    bought = ledger.earn(30, ledger.dates(days=1))
    ledger.earn(15, ledger.dates(days=100))
    spent(ledger, 20)
    ledger.earn(20, ledger.dates(pending=7))
    gone = taken(ledger, 30, bought, policy)
    assert (gone.debt, gone.forgiven) == (debt, forgiven)
    assert ledger.parts == parts
    assert ledger.broken() == []


def test_a_purchases_own_pending_points_are_taken_back_first(ledger: Ledger) -> None:
    ledger.earn(10)
    ledger.wait(seconds=1)
    bought = ledger.earn(10, ledger.dates(pending=7))
    gone = taken(ledger, 10, bought, "allow_negative")
    assert (gone.own, gone.others, ledger.parts) == (10, 0, (10, 0, 0, 0))


def test_points_that_wait_for_an_event_mature_with_it_and_live_from_then(ledger: Ledger) -> None:
    bought = ledger.earn(10, ledger.dates(until="purchase.shipped", days=30))
    other = ledger.earn(7, ledger.dates(until="purchase.shipped"))
    ledger.wait(days=400)
    assert ledger.parts == (0, 17, 0, 0)
    wrong = {"earned_for": bought, "cause": ledger.cause("engagement")}
    assert mature_for(ledger.book, ledger.balance, "purchase.paid", **wrong) == 0
    cause = ledger.cause("engagement")
    assert mature_for(ledger.book, ledger.balance, "purchase.shipped", earned_for=bought, cause=cause) == 10
    assert mature_for(ledger.book, ledger.balance, "purchase.shipped", earned_for=bought, cause=cause) == 0
    assert ledger.parts == (10, 7, 0, 0)
    ledger.wait(days=29)
    assert ledger.parts == (10, 7, 0, 0)
    ledger.wait(days=1)
    assert ledger.parts == (0, 7, 0, 0)
    assert other not in {lot.earned_for for lot in ledger.lots if not lot.pending}
    assert ledger.broken() == []


def test_what_is_due_is_booked_in_the_order_of_its_instants(ledger: Ledger) -> None:
    ledger.earn(1, ledger.dates(days=9))
    ledger.earn(2, ledger.dates(pending=3, days=2))
    ledger.earn(3, ledger.dates(pending=5))
    ledger.wait(days=30)
    told = [(row["kind"], row["points"]) for row in ledger.rows().transfers[3:]]
    assert told == [("mature", 2), ("mature", 3), ("expire", 2), ("expire", 1)]
    instants = [row["occurred_at"] for row in ledger.rows().transfers[3:]]
    assert instants == sorted(instants)
    assert {row["recorded_at"] for row in ledger.rows().transfers[3:]} == {ledger.now}
    assert ledger.settle() == 0


def test_without_locks_what_may_be_due_loses_the_race_and_nothing_is_lost(ledger: Ledger) -> None:
    ledger.earn(1, ledger.dates(days=1))
    ledger.book._lots = None
    assert ledger.settle() == 0
    with pytest.raises(RaceLost):
        ledger.wait(days=1)
    assert ledger.parts == (1, 0, 0, 0)


def test_the_events_of_a_maturing_debtor_say_what_paid(ledger: Ledger) -> None:
    bought = ledger.earn(5)
    spent(ledger, 5)
    taken(ledger, 5, bought, "allow_negative")
    ledger.earn(8, ledger.dates(pending=1))
    ledger.wait(days=1)
    (event,) = ledger.book._events
    data = msgspec.json.decode(event.data)
    assert (event.type, event.occurred_at) == ("points.matured", datetime(2026, 3, 2, 23, tzinfo=UTC))
    assert (data["points"], data["debt_paid"], data["available_after"]) == (8, 5, 3)
    assert event.recorded_at == ledger.now > START
