"""Changing a member: profile and attributes, field by field; what is not named stays."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from loyalty_api.domain.members.enroll import Profile
from loyalty_api.domain.members.lock_profile import lock_profile
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

ATTRIBUTES_MAX = 100

_FIELDS = tuple(field.name for field in msgspec.structs.fields(Profile))


async def amend_member(
    connection: Connection,
    *,
    program_id: UUID,
    member_id: UUID,
    profile: dict[str, Any],
    attributes: dict[str, Any],
) -> None:
    """Sets the named profile fields and attributes; None clears one.

    Refuses: MemberNotFound, MemberErased, InvalidRequest.
    """
    row = (await lock_profile(connection, program_id=program_id, member_id=member_id)).row
    values = {name: profile.get(name, row[name]) for name in _FIELDS}
    merged = msgspec.json.decode(row["attributes"]) | attributes
    kept = {name: value for name, value in merged.items() if value is not None}
    if len(kept) > ATTRIBUTES_MAX:
        raise InvalidRequest.of(
            FieldError("attributes", f"would be {len(kept)}; a member has at most {ATTRIBUTES_MAX}")
        )
    await connection.execute(
        "UPDATE member_profiles SET given_name = $2, family_name = $3, email = $4, phone = $5, birth_date = $6,"
        " language = $7, attributes = $8 WHERE member_id = $1",
        member_id,
        *(values[name] for name in _FIELDS),
        msgspec.json.encode(kept),
    )
