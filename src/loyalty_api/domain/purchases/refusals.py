"""How a purchase is refused. A refusal is not remembered: the same reference may succeed later."""

from __future__ import annotations

from loyalty_api.kernel.refusals import InvalidRequest, Kind, Refusal


class ReferenceReused(Refusal):
    """The reference stands for another purchase: other content, or another member."""

    kind = Kind.CONFLICT
    code = "purchase.reference_reused"
    title = "This reference was used for another purchase"


class WrongCurrency(InvalidRequest):
    """The purchase is not in the program's currency."""

    code = "purchase.wrong_currency"
    title = "Wrong currency"


class InTheFuture(InvalidRequest):
    """The purchase occurred more than five minutes ahead of the program's present."""

    code = "purchase.in_the_future"
    title = "The purchase lies in the future"


class TooLate(InvalidRequest):
    """The purchase is older than the program accepts."""

    code = "purchase.too_late"
    title = "The purchase is too old"


class BeforeEnrolment(Refusal):
    """The purchase occurred before the member enrolled, and the program does not let such purchases earn."""

    kind = Kind.CONFLICT
    code = "purchase.before_enrolment"
    title = "The purchase lies before the enrolment"


class UnknownRedemption(InvalidRequest):
    """The purchase names a redemption that does not exist."""

    code = "purchase.unknown_redemption"
    title = "No such redemption"


class PaidTooMuch(InvalidRequest):
    """The redemptions are worth more than the program lets be paid of this purchase with points."""

    code = "purchase.paid_too_much"
    title = "Too much is paid with points"


class OutOfRange(InvalidRequest):
    """The purchase is beyond what the ledger or the tiers can count."""

    code = "purchase.out_of_range"
    title = "Beyond what can be counted"


class PurchaseNotFound(Refusal):
    """The program has no such purchase."""

    kind = Kind.MISSING
    code = "purchase.not_found"
    title = "No such purchase"


class PurchaseMoved(Refusal):
    """The purchase was moved to another member already, as another record; that is the one to move."""

    kind = Kind.CONFLICT
    code = "purchase.moved"
    title = "The purchase was moved already"


class PurchaseSameMember(Refusal):
    """The purchase is to be moved to the member whose it is."""

    kind = Kind.CONFLICT
    code = "purchase.same_member"
    title = "The purchase is this member's already"


class PurchaseHasReturns(Refusal):
    """A part of the purchase went back, so that it cannot be moved as a whole."""

    kind = Kind.CONFLICT
    code = "purchase.has_returns"
    title = "A part of the purchase was returned"


class PurchaseHasRedemptions(Refusal):
    """The purchase was paid with its member's points, so that it is nobody else's."""

    kind = Kind.CONFLICT
    code = "purchase.has_redemptions"
    title = "The purchase was paid with points"


class ReturnBeyondPurchase(InvalidRequest):
    """More would go back than was bought and is not back yet."""

    code = "return.beyond_purchase"
    title = "More than was bought"


class ReturnReferenceReused(Refusal):
    """The reference stands for another return."""

    kind = Kind.CONFLICT
    code = "return.reference_reused"
    title = "This reference was used for another return"


class ReturnOutOfTime(InvalidRequest):
    """The return would have occurred before its purchase, or lies in the future."""

    code = "return.out_of_time"
    title = "The return cannot have occurred then"


class PurchaseVoided(Refusal):
    """The purchase was voided, so nothing of it can be returned."""

    kind = Kind.CONFLICT
    code = "purchase.voided"
    title = "The purchase was voided"


class ReturnNotFound(Refusal):
    """The program has no such return."""

    kind = Kind.MISSING
    code = "return.not_found"
    title = "No such return"
