"""The status of a member, and what it refuses.

Suspended and closed members keep their points, which mature and expire as ever, and may return what they bought;
nothing new is recorded for them. Suspending is for the time being; closing is final.
"""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.members.refusals import MemberClosed, MemberErased, MemberMerged, MemberSuspended

ACTIVE, SUSPENDED, CLOSED, ERASED, MERGED = "active", "suspended", "closed", "erased", "merged"


def check_active(status: str | None, reason: str | None) -> None:
    """Nothing new is recorded for who is not active. Refuses: MemberSuspended, MemberClosed, MemberErased."""
    assert status != MERGED, "whoever is meant was looked up as the one they were merged into"
    check_not_erased(status)
    why = f" ({reason})" if reason else ""
    if status == SUSPENDED:
        raise MemberSuspended(f"This member is suspended{why}; send it again once staff have resumed the membership.")
    if status == CLOSED:
        raise MemberClosed(
            f"This membership is closed{why}, which is final; the person may enrol anew, with another card."
        )


def check_known(member_id: UUID, status: str | None, merged_into: UUID | None) -> None:
    """Refuses one of whom nothing is known any more (MemberErased), and one who is an alias (MemberMerged)."""
    check_not_erased(status)
    if status == MERGED:
        raise MemberMerged(member_id, merged_into)


def check_not_erased(status: str | None) -> None:
    """Refuses (MemberErased) one of whom nothing is known any more."""
    if status == ERASED:
        raise MemberErased("This member was erased: what is left of them in the books names nobody.")
