"""The loyalty ladder (pure): the highest stage whose condition a member meets, by the last 365 days.

Christopher, Payne & Ballantyne, Relationship Marketing, 1991; Raphel & Raphel, Up the Loyalty Ladder, 1995; Blanchard &
Bowles, Raving Fans, 1993. Going down is as good as going up: the stage is worked out anew each time it is asked for.
"""

from __future__ import annotations

STAGES = ("prospect", "purchaser", "customer", "member", "advocate", "raving_fan")
LOOK_BACK_DAYS = 365
SAYS_SO = 9  # recommends when asked
WOULD_NOT = 7  # a score below this speaks against whatever else was said
DEFINITION = (
    "By the last 365 days, the highest that holds. raving_fan: a purchase, and advocacy that nobody asked for: an"
    " engagement event of kind review, referral or share, or one that begins so (review.written), whose data says"
    ' {"solicited": false}; and no recommend score below 7. advocate: a purchase, and a last recommend score of 9 or'
    " 10. member: a purchase, enrolled, and an engagement event; the enrolment alone is none. customer: two purchases."
    " purchaser: one. prospect: none. A purchase that was returned as a whole is none. Until surveys are answered,"
    " nobody has a recommend score."
)


def stage_of(*, purchases: int, enrolled: bool, events: int, unsolicited: int, recommend: int | None = None) -> str:
    """The stage. ``events``: of engagement, ``unsolicited`` ones of advocacy among them; ``recommend``: the last score
    from 0 to 10; None: none was given."""
    if not purchases:
        return "prospect"
    if unsolicited and (recommend is None or recommend >= WOULD_NOT):
        return "raving_fan"
    if recommend is not None and recommend >= SAYS_SO:
        return "advocate"
    if enrolled and events:
        return "member"
    return "customer" if purchases > 1 else "purchaser"
