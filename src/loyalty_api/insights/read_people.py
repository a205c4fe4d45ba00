"""The members of whom a batch of events speaks, as they stood before it, and all whom they are one person with."""

from __future__ import annotations

from uuid import UUID

from loyalty_api.domain.feed import events
from loyalty_api.domain.feed.facts import Fact
from loyalty_api.insights.state import Person
from loyalty_api.kernel.database import Connection

_PEOPLE = f"""
SELECT {", ".join(Person.__struct_fields__)} FROM insight_members
WHERE member_id = ANY($1::uuid[]) OR merged_into = ANY($1::uuid[])
"""


async def read_people(connection: Connection, facts: list[Fact]) -> dict[UUID, Person]:
    """They, those who were merged into them, whom they were merged into or now will be, and who else was."""
    named = {fact.member_id for fact in facts}
    named |= {fact.data.survivor_id for fact in facts if fact.kind in (events.MERGED, events.UNMERGED)}
    people = await _people(connection, named)
    survivors = {person.merged_into for person in people.values() if person.merged_into} - named
    return people | await _people(connection, survivors) if survivors else people


async def _people(connection: Connection, member_ids: set[UUID]) -> dict[UUID, Person]:
    return {row["member_id"]: Person(*row) for row in await connection.fetch(_PEOPLE, list(member_ids))}
