"""How an adjustment is refused. A refusal is not remembered: the same reference may succeed later."""

from __future__ import annotations

from loyalty_api.kernel.refusals import Kind, Refusal


class AdjustmentReferenceReused(Refusal):
    """The reference stands for another adjustment: other content, or another member."""

    kind = Kind.CONFLICT
    code = "adjustment.reference_reused"
    title = "This reference was used for another adjustment"


class AdjustmentNotFound(Refusal):
    """The program has no such adjustment."""

    kind = Kind.MISSING
    code = "adjustment.not_found"
    title = "No such adjustment"


class AdjustmentOwn(Refusal):
    """Whoever asked for it cannot be the second to decide."""

    kind = Kind.FORBIDDEN
    code = "adjustment.own"
    title = "Somebody else must decide"


class AdjustmentAboveLimit(Refusal):
    """So many points are above the limit of the key."""

    kind = Kind.FORBIDDEN
    code = "adjustment.above_limit"
    title = "Above the limit of this key"


class AdjustmentDecided(Refusal):
    """It does not wait for a decision any more, or the other one was taken."""

    kind = Kind.CONFLICT
    code = "adjustment.decided"
    title = "The adjustment is decided"


class AdjustmentNotReversible(Refusal):
    """Nothing of it is booked, or it moved points between members."""

    kind = Kind.CONFLICT
    code = "adjustment.not_reversible"
    title = "The adjustment cannot be reversed"
