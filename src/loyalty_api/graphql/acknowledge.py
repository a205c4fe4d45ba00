"""Keeping which notices a member has seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import strawberry

from loyalty_api.domain.claims.once import KeyReused
from loyalty_api.domain.notices.acknowledge import acknowledge_notices
from loyalty_api.graphql.notices import Notice, member_notices, present_notices
from loyalty_api.graphql.once import write_once
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.refused import IdReused, InputInvalid, tell_refusal
from loyalty_api.graphql.viewer import THEREAFTER, Viewer, thereafter
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

ACKNOWLEDGED_MAX = 50  # at once


@strawberry.type(description="What is left to be seen.")
class Acknowledged:
    """What the mutation did."""

    notices: list[Notice] = strawberry.field(description="The notices that are not acknowledged.")
    viewer: Viewer = strawberry.field(resolver=thereafter, description=THEREAFTER)


AcknowledgeResult = Annotated[
    Acknowledged | InputInvalid | IdReused,
    strawberry.union("AcknowledgeAdviceResult", description="What is left to be seen, or what is wrong."),
]


async def acknowledge(request: Request, key: UUID, notices: Sequence[str]) -> Any:
    """Keeps which of the present notices the member has seen; those that are gone meanwhile are passed over."""
    try:
        if len(notices) > ACKNOWLEDGED_MAX:
            raise InvalidRequest.of(FieldError("notices", f"are more than {ACKNOWLEDGED_MAX}"))
        _, now = await request.present()
        seen = {each.id for each in await present_notices(request)} & set(notices)
        who = request.who
        named: dict[str, Any] = {"program_id": who.program_id, "member_id": who.member_id, "notices": seen, "now": now}

        async def work(connection: Connection) -> None:
            await acknowledge_notices(connection, **named)

        await write_once(request, key, repr(sorted(set(notices))), work)
    except (InvalidRequest, KeyReused) as refusal:
        return tell_refusal(refusal)
    return Acknowledged(notices=await member_notices(request))
