"""What purchases spend: the redemptions that they list are completed, the coupons used, and automatic rewards given.

A batch that lists any, or whose members reach an automatic reward, is decided behind locks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.points.balance import Balance
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.programs.document import EarningBase
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.purchases.answer import WhyNot
from loyalty_api.domain.purchases.command import Purchase, RecordPurchase
from loyalty_api.domain.purchases.multiply import Shown, factors_of
from loyalty_api.domain.purchases.refusals import PaidTooMuch, UnknownRedemption
from loyalty_api.domain.rewards.codes import plain_code
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.coupons import Coupon, Coupons, CouponUse
from loyalty_api.domain.rewards.price import share_of, worth
from loyalty_api.domain.rewards.store import Redemption
from loyalty_api.kernel.ids import new_id, parse_id
from loyalty_api.kernel.refusals import FieldError
from loyalty_api.kernel.together import Change


class Listed(NamedTuple):
    """What a purchase lists: redemptions of its member that are open, and coupons."""

    redemptions: list[Redemption]
    coupons: list[Shown]

    def paid_minor(self, base: EarningBase) -> int:
        """What was paid with points and does not earn."""
        if base.paid_with_points == "included":
            return 0
        return sum(each.amount_minor or 0 for each in self.redemptions if each.kind == "pay_with_points")


NOTHING = Listed([], [])


class Spending:
    """What one batch spends. ``counters``: by program; ``redemptions``: those that are listed, as far as known."""

    def __init__(
        self, counters: Mapping[UUID, Counter], redemptions: Mapping[UUID, Redemption], coupons: Coupons
    ) -> None:
        self.counters = counters
        self.coupons = coupons
        self._redemptions = redemptions

    def listed(self, command: RecordPurchase, program: Program, member_id: UUID, now: datetime) -> Listed:
        """What the purchase lists, checked.

        Refuses: UnknownRedemption, RedemptionCancelled, RedemptionExpired, RedemptionCompleted (with another
        purchase), PaidTooMuch. A coupon refuses nothing: what was bought was bought.
        """
        purchase = command.purchase
        if not (purchase.redemptions or purchase.coupons):
            return NOTHING
        counter = self.counters[program.id]
        found: dict[UUID, Redemption] = {}
        for index, text in enumerate(purchase.redemptions):
            redemption = self._redemptions.get(parse_id(text) or UUID(int=0))
            if redemption is None or redemption.member_id != member_id:
                raise UnknownRedemption.of(FieldError(f"redemptions[{index}]", "is not a redemption of this member"))
            counter.check_open(redemption, now=now, purchase=True)
            found[redemption.redemption_id] = redemption
        _check_share(purchase, list(found.values()), program)
        return Listed(list(found.values()), self._shown(purchase, program.id))

    def _shown(self, purchase: Purchase, program_id: UUID) -> list[Shown]:
        shown: list[Shown] = []
        usable: list[Coupon] = []
        for text in purchase.coupons:
            coupon = self.coupons.find(program_id, plain_code(text))
            if coupon is None:
                shown.append(Shown(text, None, "unknown"))
                continue
            why_not: WhyNot | None = self.coupons.hindrance(self.counters[program_id], coupon, usable)
            each = Shown(text, coupon, why_not)
            if each.rule is not None and each.rule in factors_of(shown):
                each = each._replace(why_not="twice")
            shown.append(each)
            usable += [coupon] if each.why_not is None else []
        return shown

    def settle(self, balance: Balance, now: datetime) -> None:
        """Closes the member's reservations that ran out."""
        if balance.program_id in self.counters:
            self.counters[balance.program_id].expire(balance, now=now)

    def spend(self, listed: Listed, command: RecordPurchase, balance: Balance, cause: Cause, now: datetime) -> None:
        """Completes and uses what was listed with the purchase, whose cause this is."""
        if not (listed.redemptions or listed.coupons):
            return
        counter, purchase = self.counters[command.program_id], command.purchase
        for redemption in listed.redemptions:
            counter.complete(balance, redemption, now=now, purchase_id=cause.id)
        for shown in listed.coupons:
            coupon = shown.coupon
            if coupon is None or shown.why_not is not None:
                continue
            use = CouponUse(
                member_id=balance.member_id,
                use_id=new_id(),
                program_id=command.program_id,
                source=purchase.source,
                reference=None,
                code=coupon.code,
                pool=coupon.pool,
                amount_minor=worth(coupon.effect, purchase.total_minor)[0] if coupon.effect else None,
                purchase_id=cause.id,
                used_at=cause.recorded_at,
                store=command.store,
                actor=command.actor,
                answer=None,
            )
            self.coupons.use(counter, balance, coupon, Cause("coupon", use.use_id, now, cause.recorded_at), use)

    def changes(self) -> Iterator[Change]:
        """What is to be written beside the book."""
        for counter in self.counters.values():
            yield from counter.changes()
        yield from self.coupons.changes()


def _check_share(purchase: Purchase, redemptions: list[Redemption], program: Program) -> None:
    """The till told a basket when the points were priced; this is the one that is paid."""
    paid = [each for each in redemptions if each.kind == "pay_with_points"]
    if sum(each.amount_minor or 0 for each in paid) > purchase.total_minor:
        raise PaidTooMuch.of(FieldError("redemptions", "are worth more than total_minor"))
    for code, version in {(each.reward, each.version) for each in paid}:
        amount_minor = sum(each.amount_minor or 0 for each in paid if each.reward == code)
        for reward in program.version(version).document.rewards:
            pay = reward.pay_with_points
            if reward.code == code and pay is not None and amount_minor > share_of(pay, purchase.total_minor):
                most = share_of(pay, purchase.total_minor)
                raise PaidTooMuch.of(FieldError("redemptions", f"are worth {amount_minor}; at most {most} may be"))
