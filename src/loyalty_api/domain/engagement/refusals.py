"""How an engagement event is refused. A refusal is not remembered: the same reference may succeed later."""

from __future__ import annotations

from loyalty_api.kernel.refusals import InvalidRequest, Kind, Refusal


class EngagementReferenceReused(Refusal):
    """The reference stands for another event: other content, or another member."""

    kind = Kind.CONFLICT
    code = "engagement.reference_reused"
    title = "This reference was used for another event"


class EngagementInTheFuture(InvalidRequest):
    """The event occurred more than five minutes ahead of the program's present."""

    code = "engagement.in_the_future"
    title = "The event lies in the future"


class EngagementTooLate(InvalidRequest):
    """The event is older than the program accepts."""

    code = "engagement.too_late"
    title = "The event is too old"


class EngagementBeforeEnrolment(Refusal):
    """The event occurred before the member enrolled, and the program does not count what was before."""

    kind = Kind.CONFLICT
    code = "engagement.before_enrolment"
    title = "The event lies before the enrolment"


class EngagementOutOfRange(InvalidRequest):
    """The event would earn more than the ledger or the tiers can count."""

    code = "engagement.out_of_range"
    title = "Beyond what can be counted"


class EngagementNotByPhone(Refusal):
    """The program does not let phones record events of this kind."""

    kind = Kind.FORBIDDEN
    code = "engagement.not_by_phone"
    title = "Phones do not record this"


class EngagementNotFound(Refusal):
    """The program has no such event."""

    kind = Kind.MISSING
    code = "engagement.not_found"
    title = "No such event"
