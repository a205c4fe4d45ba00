"""The counter: where rewards are handed out, in memory, to members whose balances are locked.

It knows the stock, what each member had and has reserved; each verb changes that, the book of the ledger, and what is
to be written. It touches no database.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.points.reserve import free_held, hold, redeem_held
from loyalty_api.domain.points.spend import spend
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.rewards import events
from loyalty_api.domain.rewards.answer import balance_of, encode_answer, tell
from loyalty_api.domain.rewards.price import Price
from loyalty_api.domain.rewards.refusals import RedemptionCancelled, RedemptionCompleted, RedemptionExpired
from loyalty_api.domain.rewards.rules import Seen, first_day
from loyalty_api.domain.rewards.stock import StockKey, Stocks, pool_stock, reward_stock, stocks_of
from loyalty_api.domain.rewards.store import Had, Redemption, codes_changes, redemptions_changes
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.together import Change


class Order(NamedTuple):
    """What is being redeemed, and by whom it was asked for. ``until``: reserved so long; None: completed at once.

    ``reference`` None: nobody asked, the reward is automatic.
    """

    reward: Reward
    price: Price
    version: int
    day: date
    now: datetime
    until: datetime | None
    actor: str
    source: str = ""
    reference: str | None = None
    store: str | None = None
    employee: str | None = None
    channel: str | None = None


class Counter:
    """The state of one transaction. ``written``: codes as they are written, by redemption."""

    def __init__(self, book: Book, stocks: Stocks, had: Iterable[Had], reserved: Iterable[Redemption]) -> None:
        self.book = book
        self.stocks = stocks
        self._had: list[Had] = list(had)
        self._reserved = {each.redemption_id: each for each in reserved}
        self.made: list[Redemption] = []
        self.closed: dict[UUID, Redemption] = {}
        self.without_code: list[Redemption] = []  # completed, and to be given one of their pool
        self.written: dict[UUID, str] = {}

    def seen(self, reward: Reward, balance: Balance, *, day: date, now: datetime, tier: str | None) -> Seen:
        """What decides whether the member may have the reward."""
        return Seen(day, tier, self.left(balance.program_id, reward), self._times(reward, balance, day, now))

    def left(self, program_id: UUID, reward: Reward) -> int | None:
        """How many are left of a reward; None: without end."""
        lefts = [left for key in stocks_of(program_id, reward) if (left := self.stocks.left(key)) is not None]
        return min(lefts, default=None)

    def redeem(self, balance: Balance, order: Order) -> Redemption:
        """Takes the points, for good or until ``order.until``. The member is settled, and nothing hinders."""
        reward, price = order.reward, order.price
        recorded_at = balance.record_at(order.now)
        cause = Cause("redemption", new_id(), order.now, recorded_at)
        if order.until is not None:
            seq = hold(self.book, balance, price.points, until=order.until, cause=cause)
        else:
            to = Account.REDEEMED
            seq = spend(self.book, balance, price.points, kind="redeem", to=to, cause=cause).transfer_seq
        made = Redemption(
            member_id=balance.member_id,
            redemption_id=cause.id,
            program_id=balance.program_id,
            source=order.source,
            reference=order.reference,
            reward=reward.code,
            kind=reward.kind,
            version=order.version,
            points=price.points,
            amount_minor=price.amount_minor,
            limited_by=price.limited_by,
            cost_minor=reward.cost_minor,
            status="completed" if order.until is None else "reserved",
            reserved_at=recorded_at,
            redeemed_on=order.day,
            expires_at=order.until,
            closed_at=recorded_at if order.until is None else None,
            stocked=reward.stock is not None,
            pool=reward.coupon.pool if reward.coupon else None,
            code=None,
            purchase_id=None,
            transfer_seq=seq,
            store=order.store,
            employee=order.employee,
            channel=order.channel,
            actor=order.actor,
        )
        self.made.append(made)
        sku = reward.free_product.sku if reward.free_product else None
        self._tell(balance, events.REDEEMED if order.until is None else events.RESERVED, made, cause, sku=sku)
        self._take_pieces(balance, reward, cause)
        if order.until is None:
            self._hand_out(balance, made, cause)
        return made

    def complete(self, balance: Balance, redemption: Redemption, *, now: datetime, purchase_id: UUID | None) -> None:
        """Spends what is reserved, for good. One that is completed already is tied to the purchase that lists it.

        Refuses: RedemptionCancelled, RedemptionExpired, RedemptionCompleted (with another purchase).
        """
        self.check_open(redemption, now=now, purchase=purchase_id is not None)
        recorded_at = balance.record_at(now)
        self.closed[redemption.redemption_id] = redemption
        redemption.purchase_id = purchase_id
        if redemption.status == "completed":
            return
        cause = Cause("redemption", redemption.redemption_id, now, recorded_at)
        redeem_held(self.book, balance, redemption.redemption_id, cause=cause)
        redemption.status, redemption.closed_at = "completed", recorded_at
        self._tell(balance, events.REDEEMED, redemption, cause)
        self._hand_out(balance, redemption, cause)

    def check_open(self, redemption: Redemption, *, now: datetime, purchase: bool) -> None:
        """Refuses what can be completed no more. ``purchase``: by a purchase that lists it."""
        match redemption.status_at(now):
            case "cancelled":
                raise RedemptionCancelled("This redemption was cancelled; redeem the reward again.")
            case "expired":
                raise RedemptionExpired("This reservation ran out; redeem the reward again.")
            case "completed" if not purchase or redemption.purchase_id is not None:
                raise RedemptionCompleted("This redemption is completed already.")

    def cancel(self, balance: Balance, redemption: Redemption, *, now: datetime) -> None:
        """Puts what is reserved back into its lots.

        Refuses: RedemptionCompleted, RedemptionExpired, RedemptionCancelled (again).
        """
        match redemption.status_at(now):
            case "completed":
                raise RedemptionCompleted("This redemption is completed; return the purchase instead.")
            case "expired":
                raise RedemptionExpired("This reservation ran out; its points are the member's again.")
            case "cancelled":
                raise RedemptionCancelled("This redemption is cancelled already.")
        cause = Cause("redemption", redemption.redemption_id, now, balance.record_at(now))
        free_held(self.book, balance, redemption.redemption_id, cause=cause)
        self._let_go(balance, redemption, cause, "cancelled")

    def expire(self, balance: Balance, *, now: datetime) -> int:
        """Closes the member's reservations that ran out; how many. The member is settled, so their points are free."""
        due = [each for each in self._of(balance) if each.status == "reserved" and each.status_at(now) == "expired"]
        for each in due:
            assert each.expires_at is not None, "a reservation has an end"
            cause = Cause("redemption", each.redemption_id, each.expires_at, balance.record_at(now))
            self._let_go(balance, each, cause, "expired")
        return len(due)

    def open_redemption(self, redemption_id: UUID) -> Redemption | None:
        """A reservation of one of the members that was not closed when it was read."""
        return self._reserved.get(redemption_id)

    def answer_of(self, redemption: Redemption, balance: Balance, now: datetime) -> bytes:
        """What the caller is told of it, with the balance as it is now."""
        return encode_answer(tell(redemption, balance_of(balance), now, self.written.get(redemption.redemption_id)))

    def changes(self) -> list[Change]:
        """All that is to be written of rewards; the book writes the points and the events."""
        given = codes_changes(self.without_code)
        return [*redemptions_changes(self.made, self.closed.values()), *self.stocks.changes(), *given]

    def _of(self, balance: Balance) -> list[Redemption]:
        mine = [each for each in self._reserved.values() if each.member_id == balance.member_id]
        return sorted(mine, key=lambda each: (each.expires_at, each.redemption_id))

    def _times(self, reward: Reward, balance: Balance, day: date, now: datetime) -> int:
        limit = reward.per_member
        if limit is None:
            return 0
        first, me = first_day(limit, day), (balance.member_id, reward.code)
        times = sum(each.times for each in self._had if each[:2] == me and each.redeemed_on >= first)
        held = [*self.made, *self._reserved.values()]
        held = [each for each in held if (each.member_id, each.reward) == me and each.redeemed_on >= first]
        return times + sum(each.status_at(now) in ("reserved", "completed") for each in held)

    def _take_pieces(self, balance: Balance, reward: Reward, cause: Cause) -> None:
        for key in stocks_of(balance.program_id, reward):
            self.take_piece(balance, key, cause)

    def take_piece(self, balance: Balance, key: StockKey, cause: Cause) -> None:
        """Takes one piece of a stock, and tells when it runs low."""
        if self.stocks.take(key):
            told = events.RunningLow(key.stock, self.stocks.size(key), self.stocks.left(key) or 0)
            self.book.tell(balance, events.RUNNING_LOW, events.encode_event(told), cause)

    def _hand_out(self, balance: Balance, redemption: Redemption, cause: Cause) -> None:
        if redemption.pool is not None:
            self.without_code.append(redemption)
            told = events.CouponIssued(redemption.redemption_id, redemption.pool)
            self.book.tell(balance, events.ISSUED, events.encode_event(told), cause)

    def _let_go(self, balance: Balance, redemption: Redemption, cause: Cause, why: str) -> None:
        redemption.status, redemption.closed_at = why, cause.recorded_at
        self.closed[redemption.redemption_id] = redemption
        if redemption.stocked:
            self.stocks.free(reward_stock(redemption.program_id, redemption.reward))
        if redemption.pool is not None:
            self.stocks.free(pool_stock(redemption.program_id, redemption.pool))
        self._tell(balance, events.CANCELLED, redemption, cause, why=why)

    def _tell(
        self,
        balance: Balance,
        kind: str,
        redemption: Redemption,
        cause: Cause,
        *,
        sku: str | None = None,
        why: str | None = None,
    ) -> None:
        told = events.RewardMoved(
            redemption_id=redemption.redemption_id,
            reward=redemption.reward,
            kind=redemption.kind,
            points=redemption.points,
            version=redemption.version,
            available_after=balance.available,
            amount_minor=redemption.amount_minor,
            cost_minor=redemption.cost_minor,
            sku=sku,
            purchase_id=redemption.purchase_id,
            expires_at=redemption.expires_at if kind == events.RESERVED else None,
            why=why,
            automatic=redemption.reference is None,
            store=redemption.store,
            employee=redemption.employee,
            channel=redemption.channel,
        )
        self.book.tell(balance, kind, events.encode_event(told), cause)
