"""A member's personal data over REST: everything as JSON, and erasing it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.lifecycle.erase_member import erase_member
from loyalty_api.domain.lifecycle.export_member import export_rows
from loyalty_api.domain.members.queries import everyone
from loyalty_api.domain.members.refusals import MemberErased, MemberNotFound
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.rest.door import Door
from loyalty_api.rest.member_answers import answer_member
from loyalty_api.rest.member_shapes import MemberAnswer
from loyalty_api.rest.route import Answer, Call, Route, encode
from loyalty_api.rest.spooled import make_spool, pieces_of

Rows = list[dict[str, Any]]


class MemberExport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about a member at one instant: who they are, and each row that is stored about them, oldest first."""

    exported_at: str
    member: MemberAnswer
    identifiers: Rows
    consents: Rows
    status_history: Rows
    balance: Rows
    standing: Rows
    tier_days: Rows
    tier_moves: Rows
    tier_reviews: Rows
    purchases: Rows
    returns: Rows
    engagement: Rows
    redemptions: Rows
    coupon_uses: Rows
    openings: Rows
    adjustments: Rows
    merges: Rows
    transfers: Rows
    lots: Rows
    draws: Rows
    holds: Rows
    expiry_notices: Rows
    acknowledged_notices: Rows
    carried_rests: Rows
    capped_days: Rows
    sign_ins: Rows
    events: Rows


async def export(door: Door, call: Call) -> Answer:
    """All of it, seen at one instant."""
    member_id = UUID(call.path["member_id"])
    spool = make_spool()
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        member = await answer_member(connection, program, member_id, now)
        spool.write(b'{"exported_at":%s,"member":%s,' % (encode(rfc3339(now)), encode(member)))
        member_ids = await everyone(connection, program_id=program.id, member_id=member_id)
        async for piece in export_rows(connection, member_ids=member_ids):
            spool.write(piece)
        spool.write(b"}")
    return Answer(200, b"", parts=pieces_of(spool))


async def erase(door: Door, call: Call) -> Answer:
    """204: nothing personal is left. Again: the same."""

    async def work(connection: Connection) -> None:
        program = await door.catalogue.one(connection, call.program_id)
        member_id, now = UUID(call.path["member_id"]), program.present(call.received_at)
        await erase_member(connection, program, member_id=member_id, now=now, actor=call.known.actor)

    await door.database.write(work)
    return Answer(204, b"")


ROUTES = [
    Route(
        method="GET",
        path="/v1/members/{member_id}/export",
        handler=export,
        summary="Everything that is stored about a member",
        answer=MemberExport,
        refusals=(MemberNotFound, MemberErased),
    ),
    Route(
        method="POST",
        path="/v1/members/{member_id}/erase",
        handler=erase,
        summary="Erase a member, for good: personal data goes wherever it is, what the books rest on stays and names"
        " nobody; export before",
        answer=None,
        status=204,
        refusals=(MemberNotFound,),
    ),
]
