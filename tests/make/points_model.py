"""A tiny model of members' points: lots, holds and a debt, in whole days; what the product must agree with."""

from __future__ import annotations

from dataclasses import dataclass, field

LIFE_DAYS = 30
GRACE_DAYS = 30
MINOR_PER_POINT = 100


@dataclass
class Lot:
    """Points that were given for one thing and are left; they are gone at the start of the day ``ends``."""

    ends: int
    order: int
    left: int
    cause: object
    expired: int = 0  # of it, and not yet counted by a return


@dataclass(eq=False)
class Adjusted:
    """Points that staff gave (above zero) or took, and from where."""

    points: int
    drawn: list[tuple[Lot, int]] = field(default_factory=list)


@dataclass(eq=False)
class Bought:
    """A purchase and what is back of it."""

    total: int
    back: int = 0
    taken: int = 0

    def due(self, amount: int) -> int:
        """Points that a return of ``amount`` owes."""
        earned = self.total // MINOR_PER_POINT
        return earned - (self.total - self.back - amount) // MINOR_PER_POINT - self.taken


@dataclass
class Points:
    """One member's points. Whoever changes the day calls ``pass_to``."""

    day: int
    lots: list[Lot] = field(default_factory=list)
    holds: list[list[tuple[Lot, int]]] = field(default_factory=list)
    debt: int = 0
    alias: Points | None = None  # whose lots came over
    everyone: list[Points] = field(default_factory=list)  # where lots of this one may ever have been
    came: list[Lot] = field(default_factory=list)

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots) - self.debt

    @property
    def reserved(self) -> int:
        return sum(points for hold in self.holds for _, points in hold)

    def expiring(self) -> dict[int, int]:
        """Points by the day on which they end."""
        ends: dict[int, int] = {}
        for lot in self.lots:
            if lot.left:
                ends[lot.ends] = ends.get(lot.ends, 0) + lot.left
        return ends

    def pass_to(self, day: int) -> None:
        """Reservations run out within the day that they were made; then lots end."""
        if day > self.day:
            for hold in list(self.holds):
                self.release(hold)
        self.day = day
        for lot in self.lots:
            if lot.ends <= day and lot.left:
                lot.expired, lot.left = lot.expired + lot.left, 0

    def earn(self, total: int) -> Bought:
        bought = Bought(total)
        self._give(total // MINOR_PER_POINT, bought)
        return bought

    def give_back(self, bought: Bought, amount: int) -> int:
        """A return: how many points it owed."""
        due = bought.due(amount)
        bought.back += amount
        bought.taken += due
        self._take_back(due, bought)
        return due

    def adjust(self, points: int) -> Adjusted:
        """Points that staff give or take; they take no more than is available."""
        adjusted = Adjusted(points)
        if points > 0:
            self._give(points, adjusted)
        else:
            adjusted.drawn = self.draw(-points)
        return adjusted

    def reverse(self, adjusted: Adjusted) -> None:
        """Takes back what was given, or gives back what was taken, as far as its lots live, else for the grace."""
        if adjusted.points > 0:
            self._take_back(adjusted.points, adjusted)
            return
        again = []
        for lot, points in adjusted.drawn:
            if lot.ends <= self.day:
                lot = Lot(self.day + GRACE_DAYS, lot.order, 0, lot.cause)
                self.lots.append(lot)
            lot.left += points
            again.append(lot)
        self._pay(again)

    def merge(self, alias: Points) -> int:
        """What another had is this one's; how many points."""
        self.alias = alias
        self.came = [Lot(lot.ends, lot.order, lot.left, lot.cause) for lot in alias.lots if lot.left]
        for lot in alias.lots:
            lot.left = 0
        self.lots += self.came
        moved = sum(lot.left for lot in self.came)
        self._pay(self.came)
        self.debt, alias.debt = self.debt + alias.debt, 0
        self._pay(self._in_order())
        return moved

    def undo(self) -> int:
        """What is left of that goes back; how many points."""
        assert self.alias is not None
        back = [Lot(lot.ends, lot.order, lot.left, lot.cause) for lot in self.came if lot.left]
        for lot in self.came:
            lot.left = 0
        self.alias.lots += back
        self.alias, self.came = None, []
        return sum(lot.left for lot in back)

    def _give(self, points: int, cause: object) -> None:
        if points:
            lot = Lot(self.day + LIFE_DAYS, len(self.lots), points, cause)
            self.lots.append(lot)
            self._pay([lot])

    def _take_back(self, points: int, cause: object) -> None:
        """Its own points first, those of them that expired, then the others' in their order, then a debt."""
        own = [lot for lot in self._in_order() if lot.cause is cause]
        rest = points - self._take(own, points)
        ever = [lot for each in self.everyone or [self] for lot in each.lots if lot.cause is cause]
        for lot in ever:
            counted = min(lot.expired, rest)
            lot.expired -= counted
            rest -= counted
        rest -= self._take([lot for lot in self._in_order() if lot.cause is not cause], rest)
        self.debt += rest

    def draw(self, points: int) -> list[tuple[Lot, int]]:
        """Takes points that are available, earliest end first; from where."""
        drawn = []
        for lot in self._in_order():
            part = min(lot.left, points)
            if part:
                lot.left -= part
                points -= part
                drawn.append((lot, part))
        assert not points
        return drawn

    def release(self, hold: list[tuple[Lot, int]]) -> None:
        self.holds.remove(hold)
        for lot, points in hold:
            lot.left += points
        self._pay([lot for lot, _ in hold])

    def _in_order(self) -> list[Lot]:
        return sorted(self.lots, key=lambda lot: (lot.ends, lot.order))

    def _take(self, lots: list[Lot], points: int) -> int:
        taken = 0
        for lot in lots:
            part = min(lot.left, points - taken)
            lot.left -= part
            taken += part
        return taken

    def _pay(self, lots: list[Lot]) -> None:
        self.debt -= self._take(sorted(lots, key=lambda lot: lot.ends), self.debt)
