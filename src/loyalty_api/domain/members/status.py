"""The status of a member, and what it refuses.

Suspended and closed members keep their points, which mature and expire as ever, and may return what they bought;
nothing new is recorded for them. Suspending is for the time being; closing is final.
"""

from __future__ import annotations

from loyalty_api.domain.members.refusals import MemberClosed, MemberErased, MemberSuspended

ACTIVE, SUSPENDED, CLOSED, ERASED = "active", "suspended", "closed", "erased"


def check_active(status: str | None, reason: str | None) -> None:
    """Nothing new is recorded for who is not active. Refuses: MemberSuspended, MemberClosed, MemberErased."""
    check_known(status)
    why = f" ({reason})" if reason else ""
    if status == SUSPENDED:
        raise MemberSuspended(f"This member is suspended{why}; send it again once staff have resumed the membership.")
    if status == CLOSED:
        raise MemberClosed(
            f"This membership is closed{why}, which is final; the person may enrol anew, with another card."
        )


def check_known(status: str | None) -> None:
    """Refuses (MemberErased) one of whom nothing is known any more."""
    if status == ERASED:
        raise MemberErased("This member was erased: what is left of them in the books names nobody.")
