"""What a phone tells of its member, such as that the app was opened."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry

from loyalty_api.domain.engagement.answer import EngagementAnswer
from loyalty_api.domain.engagement.by_phone import phone_event
from loyalty_api.domain.engagement.record import record_engagement
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import Balance
from loyalty_api.graphql.refused import EngagementNotAllowed, IdReused, InputInvalid, tell_refusal
from loyalty_api.graphql.scalars import Points
from loyalty_api.graphql.viewer import THEREAFTER, Viewer, thereafter
from loyalty_api.kernel.refusals import Refusal


@strawberry.type(description="An event that was recorded.")
class EngagementRecorded:
    """What the mutation did, the same however often it is sent."""

    engagement_id: UUID = strawberry.field(description="The id of the event.")
    kind: str = strawberry.field(description="What happened.")
    points: Points = strawberry.field(description="How many points it earned.")
    balance: Balance = strawberry.field(description="The points right after it.")
    viewer: Viewer = strawberry.field(resolver=thereafter, description=THEREAFTER)


EngagementResult = Annotated[
    EngagementRecorded | EngagementNotAllowed | IdReused | InputInvalid,
    strawberry.union("RecordEngagementResult", description="The event, or why there is none."),
]


async def record_by_phone(request: Request, *, key: UUID, kind: str) -> Any:
    """Records the event under the phone's id, which is the reference: again, it answers the same."""
    who, phones = request.who, request.phones
    program = await request.program()
    await request.forget()
    try:
        named: dict[str, Any] = {"member_id": who.member_id, "actor": who.actor, "received_at": request.received_at}
        command = phone_event(program, key=key, kind=kind, **named)
        (done,) = await phones.database.write(
            lambda connection: record_engagement(connection, phones.catalogue, [command], locked=True)
        )
        if isinstance(done, Refusal):
            raise done
    except Refusal as refusal:
        return tell_refusal(refusal)
    told = msgspec.json.decode(done.body, type=EngagementAnswer)
    return EngagementRecorded(
        engagement_id=told.id,
        kind=told.kind,
        points=Points(told.points.earned),
        balance=Balance(
            available=Points(told.balance.available),
            pending=Points(told.balance.pending),
            reserved=Points(told.balance.reserved),
        ),
    )
