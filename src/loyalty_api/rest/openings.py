"""Opening balances over REST: a batch of lots that members bring from an earlier system."""

from __future__ import annotations

from datetime import datetime

from loyalty_api.domain.access.queries import Caller
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.openings.command import Opening, RecordOpening, check_opening, content_hash
from loyalty_api.domain.openings.refusals import OpeningExpired, OpeningInTheFuture, OpeningReferenceReused
from loyalty_api.kernel.refusals import InvalidRequest
from loyalty_api.rest.batch import BatchAnswer, answer_batch
from loyalty_api.rest.decode import TooLarge, decode_body
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route

EXAMPLE = {
    "reference": "old-system/card-4006381333931/1",
    "member": {"identifier": "card:4006381333931"},
    "points": 480,
    "earned_at": "2026-03-14T10:00:00Z",
    "expires_at": "2027-03-31T22:00:00Z",
}
EXAMPLE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d5",
    "status": "recorded",
    "points": 480,
    "pending": 0,
    "earned_at": "2026-03-14T10:00:00Z",
    "available_at": "2026-03-14T10:00:00Z",
    "expires_at": "2027-03-31T22:00:00Z",
    "balance": {"available": 480, "pending": 0, "reserved": 0},
}


async def record_batch(door: Door, call: Call) -> Answer:
    """200 with a result per opening balance."""
    return await answer_batch(
        door,
        call,
        door.opener.submit_many,
        make_command=lambda item: _command(decode_body(item, Opening), call.known, call.received_at),
        order=lambda command: command.opening.earned_at,
    )


def _command(opening: Opening, caller: Caller, received_at: datetime) -> RecordOpening:
    """A decoded opening balance as a command. Refuses: InvalidRequest with every wrong field."""
    errors = check_opening(opening)
    if errors:
        raise InvalidRequest.of(*errors)
    assert caller.program_id is not None, "the route asks for a program's key"
    return RecordOpening(
        program_id=caller.program_id,
        opening=opening,
        content_hash=content_hash(opening),
        received_at=received_at,
        key_id=caller.key_id,
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/openings/batch",
        handler=record_batch,
        summary="Bring in up to 1,000 opening balances, a lot each (JSON array or NDJSON). The same reference again"
        " is told its first answer; nothing is earned twice",
        body=bytes,
        items=(Opening,),
        answer=BatchAnswer,
        refusals=(
            TooLarge,
            MemberNotFound,
            IdentifierBlocked,
            CodeExpired,
            *NOT_ACTIVE,
            OpeningReferenceReused,
            OpeningInTheFuture,
            OpeningExpired,
        ),
        example=[EXAMPLE],
        example_answer={"results": [{"index": 0, "status": "recorded", "answer": EXAMPLE_ANSWER}]},
    ),
]
