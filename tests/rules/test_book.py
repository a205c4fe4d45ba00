"""The ledger's verbs in any order against a tiny model that moves single points."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.dates import LotDates, inactive_at
from loyalty_api.domain.points.give_back import give_back, share
from loyalty_api.domain.points.lots import NEVER, Draw
from loyalty_api.domain.points.refusals import InsufficientPoints
from loyalty_api.domain.points.reserve import complete, release, reserve
from loyalty_api.domain.points.spend import spend
from loyalty_api.domain.points.take_back import take_back
from tests.make.ledger import BERLIN, START, Ledger

GRACE_DAYS = 3


class Model:
    """Every point by itself: ``points`` are pairs of a lot's number and where the point is."""

    def __init__(self) -> None:
        self.lots: list[tuple[LotDates, datetime]] = []
        self.points: list[list[Any]] = []
        self.debt = 0
        self.bought_at = START

    def count(self, place: str) -> int:
        return sum(point[1] == place for point in self.points)

    def add(self, dates: LotDates, earned_at: datetime, points: int) -> None:
        self.lots.append((dates, earned_at))
        place = "pending" if dates.pending else "free"
        self.points += [[len(self.lots) - 1, place] for _ in range(points)]

    def ends(self, lot: int) -> datetime:
        dates = self.lots[lot][0]
        if dates.inactivity_days and dates.expires_at:
            return max(dates.expires_at, inactive_at(dates.inactivity_days, self.bought_at, BERLIN))
        return dates.expires_at or NEVER

    def settle(self, now: datetime) -> None:
        """One thing after the other, the earliest first."""
        while True:
            due = [(self.lots[lot][0].available_at, 0, lot) for lot, place in self.points if place == "pending"]
            due += [(self.ends(lot), 1, lot) for lot, place in self.points if place == "free"]
            at, what, lot = min(due, default=(NEVER, 0, 0))
            if at > now:
                return
            self.shift("pending" if what == 0 else "free", "free" if what == 0 else "expired", only=lot)
            self.pay(lot)

    def shift(self, source: str, target: str, points: int = 10**9, only: int | None = None) -> None:
        for point in self.points:
            if points and point[1] == source and only in (None, point[0]):
                point[1] = target
                points -= 1

    def pay(self, lot: int) -> None:
        paid = min(self.debt, sum(point == [lot, "free"] for point in self.points))
        self.debt -= paid
        self.shift("free", "paid", paid, only=lot)

    def take(self, points: int, place: str) -> list[int]:
        """Spends: the numbers of the lots, point by point."""
        free = [point for point in self.points if point[1] == "free"]
        free.sort(key=lambda point: (self.ends(point[0]), self.lots[point[0]][1], point[0]))
        for point in free[:points]:
            point[1] = place
        return [point[0] for point in free[:points]]

    def parts(self) -> tuple[int, int, int, int]:
        return self.count("free"), self.count("pending"), self.count("reserved"), self.debt


DATES = st.fixed_dictionaries({"pending": st.sampled_from([0, 0, 1, 3])}) | st.builds(
    lambda pending, expiry: {"pending": pending} | expiry,
    st.sampled_from([0, 0, 2]),
    st.one_of(
        st.integers(1, 6).map(lambda days: {"days": days}),
        st.integers(1, 6).map(lambda days: {"inactivity_days": days}),
    ),
)
POINTS = st.integers(1, 30) | st.integers(1, 5)
STEPS = st.one_of(
    st.tuples(st.just("earn"), st.integers(1, 40), DATES),
    st.tuples(st.just("wait"), st.integers(1, 80), st.none()),
    st.tuples(st.just("spend"), POINTS, st.none()),
    st.tuples(st.just("reserve"), POINTS, st.none()),
    st.tuples(st.just("complete"), st.integers(0, 9), st.none()),
    st.tuples(st.just("release"), st.integers(0, 9), st.none()),
    st.tuples(st.just("give_back"), st.integers(0, 9), st.integers(0, 100)),
    st.tuples(st.just("take_back"), st.integers(0, 9), st.integers(1, 50)),
)


class Both:
    """The ledger and the model, side by side."""

    def __init__(self) -> None:
        self.ledger, self.model = Ledger(), Model()
        self.reserved: list[list[Draw]] = []
        self.spent: list[list[Draw]] = []
        self.earned: list[uuid.UUID] = []

    def step(self, what: str, number: int, more: Any) -> None:
        self.ledger.wait(hours=number if what == "wait" else 0, seconds=1)
        self.model.settle(self.ledger.now)
        if what != "wait":
            getattr(self, what)(number, more)

    def earn(self, points: int, dates: dict[str, int]) -> None:
        made = self.ledger.dates(**dates)
        self.earned.append(self.ledger.earn(points, made))
        self.model.bought_at = self.ledger.now
        self.model.add(made, self.ledger.now, points)
        self.model.pay(len(self.model.lots) - 1)

    def spend(self, points: int, _more: None) -> None:
        ledger = self.ledger
        cause = ledger.cause("redemption")
        to = Account.REDEEMED
        self._out(
            points, "spent", lambda: spend(ledger.book, ledger.balance, points, kind="redeem", to=to, cause=cause)
        )

    def reserve(self, points: int, _more: None) -> None:
        ledger = self.ledger
        cause = ledger.cause("redemption")
        self._out(points, "reserved", lambda: reserve(ledger.book, ledger.balance, points, cause=cause))

    def _out(self, points: int, place: str, act: Any) -> None:
        before = self.ledger.balance.transfer_seq
        try:
            draws = act().draws
        except InsufficientPoints:
            assert points > self.model.count("free") - self.model.debt
            assert self.ledger.balance.transfer_seq == before
            return
        numbers = self.model.take(points, place)
        assert [self._number(draw) for draw in draws for _ in range(draw.points)] == numbers
        (self.spent if place == "spent" else self.reserved).append(list(draws))

    def complete(self, which: int, _more: None) -> None:
        if self.reserved:
            draws = self.reserved.pop(which % len(self.reserved))
            complete(self.ledger.book, self.ledger.balance, draws, cause=self.ledger.cause("redemption"))
            for draw in draws:
                self.model.shift("reserved", "spent", draw.points, only=self._number(draw))
            self.spent.append(draws)

    def release(self, which: int, _more: None) -> None:
        if self.reserved:
            draws = self.reserved.pop(which % len(self.reserved))
            release(self.ledger.book, self.ledger.balance, draws, cause=self.ledger.cause("redemption"))
            for draw in draws:
                self.model.shift("reserved", "free", draw.points, only=self._number(draw))
            self._free_again(draws)

    def _free_again(self, draws: list[Draw]) -> None:
        for draw in draws:
            if self.model.ends(self._number(draw)) <= self.ledger.now:
                self.model.shift("free", "expired", only=self._number(draw))
        for draw in sorted(draws, key=lambda draw: self.model.lots[self._number(draw)][0].expires_at or NEVER):
            self.model.pay(self._number(draw))

    def give_back(self, which: int, percent: int) -> None:
        if not self.spent:
            return
        draws = self.spent[which % len(self.spent)]
        points = sum(draw.points for draw in draws) * percent // 100
        ledger = self.ledger
        given = give_back(
            ledger.book, ledger.balance, draws, points, grace_days=GRACE_DAYS, cause=ledger.cause("return")
        )
        assert sum(draw.points for draw in given.draws) == points
        alive = []
        for draw in given.draws:
            number = self._number(draw)
            if self.model.ends(number) > ledger.now:
                self.model.shift("spent", "free", draw.points, only=number)
                alive.append(draw)
            else:
                self.model.shift("spent", "gone", draw.points, only=number)
                lot = next(lot for lot in ledger.lots[len(self.model.lots) :] if lot.origin_lot_id == draw.lot_id)
                dates = LotDates(False, lot.available_at, lot.expires_at)
                self.model.add(dates, self.model.lots[number][1], draw.points)
                self.model.pay(len(self.model.lots) - 1)
        self._free_again(alive)
        less = {draw.lot_id: draw.points for draw in given.draws}
        draws[:] = [Draw(lot_id, was - less.get(lot_id, 0)) for lot_id, was in draws if was > less.get(lot_id, 0)]
        if not draws:
            self.spent.remove(draws)

    def take_back(self, which: int, points: int) -> None:
        if not self.earned:
            return
        ledger, balance = self.ledger, self.ledger.balance
        earned_for = self.earned[which % len(self.earned)]
        policy = ("allow_negative", "clamp", "pending_only")[which % 3]
        before = ledger.parts
        held = {lot.lot_id: lot.free for lot in ledger.lots}
        waited = {lot.lot_id for lot in ledger.lots if lot.pending}
        taken = take_back(
            ledger.book, balance, points, earned_for=earned_for, expired=2, policy=policy, cause=ledger.cause()
        )
        assert taken.own + taken.expired + taken.others + taken.debt + taken.forgiven == points
        assert sum(draw.points for draw in taken.draws) == taken.own + taken.others
        assert sum(ledger.parts[:3]) == sum(before[:3]) - taken.own - taken.others
        if policy == "allow_negative":
            assert taken.forgiven == 0
            assert not taken.debt or balance.spendable == 0
        else:
            assert taken.debt == 0
        if policy == "pending_only":
            assert {draw.lot_id for draw in taken.draws} <= waited
        if taken.others and policy != "pending_only":  # nothing of its own is left
            own = {lot.lot_id for lot in ledger.lots if lot.earned_for == earned_for and lot.free}
            assert not own
        assert all(draw.points <= held[draw.lot_id] for draw in taken.draws)
        self.model.debt += taken.debt
        for draw in taken.draws:
            place = "pending" if draw.lot_id in waited else "free"
            self.model.shift(place, "returned", draw.points, only=self._number(draw))

    def _number(self, draw: Draw) -> int:
        return [lot.lot_id for lot in self.ledger.lots].index(draw.lot_id)

    def check(self) -> None:
        assert self.ledger.parts == self.model.parts()
        for number, lot in enumerate(self.ledger.lots):
            places = [place for of, place in self.model.points if of == number]
            assert lot.reserved == places.count("reserved")
            assert lot.remaining == sum(place in ("free", "pending", "reserved") for place in places)
        assert self.ledger.settle() == 0, "settling again finds nothing to do"
        assert self.ledger.broken() == []


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(STEPS, min_size=20, max_size=40))
def test_whatever_happens_in_whatever_order_the_ledger_is_what_single_points_would_be(steps: list[Any]) -> None:
    both = Both()
    for what, number, more in steps:
        both.step(what, number, more)
        both.check()


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8), st.lists(st.integers(0, 100), max_size=8))
def test_what_is_given_back_in_parts_adds_up_to_the_whole_lot_by_lot(spent: list[int], percents: list[int]) -> None:
    left = [Draw(uuid.UUID(int=index), points) for index, points in enumerate(spent)]
    back: dict[uuid.UUID, int] = {}
    for percent in (*percents, 100):
        points = sum(draw.points for draw in left) * percent // 100
        given = share(left, points)
        assert sum(draw.points for draw in given) == points
        for lot_id, mine in given:
            back[lot_id] = back.get(lot_id, 0) + mine
        left = [Draw(lot_id, points - dict(given).get(lot_id, 0)) for lot_id, points in left]
        assert all(draw.points >= 0 for draw in left)
        left = [draw for draw in left if draw.points]
    assert back == {uuid.UUID(int=index): points for index, points in enumerate(spent)}


def test_a_half_of_what_was_spent_from_two_lots_comes_back_in_proportion() -> None:
    lots = [Draw(uuid.UUID(int=1), 100), Draw(uuid.UUID(int=2), 201)]
    assert share(lots, 150) == [Draw(uuid.UUID(int=1), 50), Draw(uuid.UUID(int=2), 100)]
    assert share(lots, 0) == []


def test_time_passes_for_the_model_too() -> None:
    model = Model()
    model.add(LotDates(False, START, START + timedelta(days=1)), START, 5)
    model.settle(START + timedelta(days=1))
    assert model.count("expired") == 5
