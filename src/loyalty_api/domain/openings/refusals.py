"""How an opening balance is refused. A refusal is not remembered: the same reference may succeed later."""

from __future__ import annotations

from loyalty_api.kernel.refusals import InvalidRequest, Kind, Refusal


class OpeningReferenceReused(Refusal):
    """The reference stands for another opening balance: other content, or another member."""

    kind = Kind.CONFLICT
    code = "opening.reference_reused"
    title = "This reference was used for another opening balance"


class OpeningInTheFuture(InvalidRequest):
    """The points were earned more than five minutes ahead of the program's present."""

    code = "opening.in_the_future"
    title = "The points were not earned yet"


class OpeningExpired(InvalidRequest):
    """The points have expired already."""

    code = "opening.expired"
    title = "The points have expired"
