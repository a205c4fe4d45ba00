"""Which purchases a program accepts: by their currency, their time and when the member enrolled (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, Membership
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.purchases.command import Purchase
from loyalty_api.domain.purchases.refusals import BeforeEnrolment, InTheFuture, TooLate, WrongCurrency
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.refusals import FieldError


def check_purchase_now(purchase: Purchase, program: Program, current: Version, now: datetime) -> None:
    """That it may be recorded at ``now``, the program's present. Refuses: WrongCurrency, InTheFuture, TooLate."""
    settings = current.document.purchases
    occurred_at = purchase.occurred_at
    if purchase.currency != program.currency:
        raise WrongCurrency.of(FieldError("currency", f"must be {program.currency}, the program's currency"))
    if occurred_at > now + CLOCKS_APART_MAX:
        raise InTheFuture.of(
            FieldError("occurred_at", f"is more than five minutes ahead of the program's present, {rfc3339(now)}")
        )
    if occurred_at < now - timedelta(days=settings.late_days):
        raise TooLate.of(FieldError("occurred_at", f"is more than {settings.late_days} days ago"))


def check_enrolled_then(purchase: Purchase, current: Version, membership: Membership) -> None:
    """That the member had enrolled by then, where the program asks for it. Refuses: BeforeEnrolment."""
    settings = current.document.purchases
    if purchase.occurred_at < membership.counts_from and settings.before_enrolment == "refuse":
        raise BeforeEnrolment(
            f"The member enrolled at {rfc3339(membership.enrolled_at)}, after this purchase; "
            "this program does not count such purchases."
        )
