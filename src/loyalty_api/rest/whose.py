"""Whose records a list shall show: a member, and whoever is an alias of theirs."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.members.queries import everyone
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import parse_id
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.route import Call

WHOSE = {"member": "id of a member"}  # the query parameter


def check_member(call: Call) -> list[FieldError]:
    """What is wrong with the query's ``member``."""
    text = call.query.get("member")
    return [] if text is None or parse_id(text) else [FieldError("member", "must be the id of a member")]


async def whose(connection: Connection, call: Call) -> list[UUID] | None:
    """Whose are asked for; None: anybody's. Refuses: InvalidRequest."""
    errors = check_member(call)
    if errors:
        raise InvalidRequest.of(*errors)
    if "member" not in call.query:
        return None
    return await everyone(connection, program_id=call.program_id, member_id=UUID(call.query["member"]))
