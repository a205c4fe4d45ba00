"""Moving a purchase to the member whose it is, over REST."""

from __future__ import annotations

from uuid import UUID

import msgspec

from loyalty_api.domain.members.presented import MemberRef, check_ref
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.purchases.move import MovePurchase, move_purchase
from loyalty_api.domain.purchases.move_answer import MoveAnswer
from loyalty_api.domain.purchases.refusals import (
    BeforeEnrolment,
    OutOfRange,
    PurchaseHasRedemptions,
    PurchaseHasReturns,
    PurchaseMoved,
    PurchaseNotFound,
    PurchaseSameMember,
    PurchaseVoided,
)
from loyalty_api.kernel.refusals import InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome
from loyalty_api.rest.route import Answer, Call, Route


class MoveBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose the purchase is."""

    member: MemberRef


async def move(door: Door, call: Call) -> Answer:
    """201 with the record that the purchase has now; again for the same member: 200 with the same."""
    errors = check_ref(call.body.member)
    if errors:
        raise InvalidRequest.of(*errors)
    command = MovePurchase(
        program_id=call.program_id,
        purchase_id=UUID(call.path["purchase_id"]),
        member=call.body.member,
        received_at=call.received_at,
        key_id=call.known.key_id,
        actor=call.known.actor,
    )
    return tell_outcome(
        await door.database.write(lambda connection: move_purchase(connection, door.catalogue, command))
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/purchases/{purchase_id}/move",
        handler=move,
        summary="Move a purchase that was posted for the wrong member: as if it never was theirs; its reference goes"
        " with it",
        body=MoveBody,
        answer=MoveAnswer,
        status=201,
        refusals=(
            *(PurchaseNotFound, PurchaseVoided, PurchaseMoved, PurchaseSameMember, PurchaseHasReturns),
            *(PurchaseHasRedemptions, MemberNotFound, IdentifierBlocked, CodeExpired, *NOT_ACTIVE),
            *(BeforeEnrolment, OutOfRange),
        ),
        example={"member": {"identifier": "card:4006381333931"}},
        example_answer={
            "id": "019a2011-0405-775b-a666-3189a5d947da",
            "status": "moved",
            "member": "019a2011-0405-775b-a666-3189a5d947d1",
            "points": {
                "earned": 13,
                "pending": 0,
                "earnings": [
                    {
                        "rule": "base",
                        "version": 3,
                        "points": 13,
                        "because": "1 point per 1.00 on 13.90",
                        "base_minor": 1390,
                    }
                ],
            },
            "moved_from": {
                "purchase": "019a2011-0405-775b-a666-3189a5d947d4",
                "member": "019a2011-0405-775b-a666-3189a5d947d0",
                "void": "019a2011-0405-775b-a666-3189a5d947d6",
                "taken_back": 13,
            },
        },
    ),
]
