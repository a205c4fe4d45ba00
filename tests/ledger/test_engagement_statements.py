"""The number of statements does not depend on the number of events; what they leave in the outbox has no free text."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest
from tests.make.engagement import make_engagement, per_event
from tests.make.shop import Shop

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.engagement.command import Engagement, RecordEngagement, content_hash
from loyalty_api.domain.engagement.record import record_engagement
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.ids import new_id


def make_command(program_id: UUID, body: dict) -> RecordEngagement:
    """An event's body as the door hands it to the verb."""
    engagement = msgspec.convert(body, Engagement, strict=False)
    key_id = new_id()
    return RecordEngagement(
        program_id=program_id,
        touchpoint=engagement,
        reference=engagement.reference,
        content_hash=content_hash(engagement),
        received_at=now(),
        key_id=key_id,
        actor=f"key:{key_id}",
        store=engagement.store,
    )


async def count_statements(
    database: Database, catalogue: Catalogue, commands: list[RecordEngagement], *, locked: bool
) -> int:
    """Records the commands together; how many statements that took."""
    statements: list[str] = []

    async def work(connection: Connection) -> None:
        def note(record: object) -> None:
            statements.append(record.query)  # type: ignore[attr-defined]

        connection.add_query_logger(note)
        try:
            outcomes = await record_engagement(connection, catalogue, commands, locked=locked)
        finally:
            connection.remove_query_logger(note)
        assert all(isinstance(outcome, Answered) and not outcome.replayed for outcome in outcomes), outcomes

    await (database.write if locked else database.attempt)(work)
    return len(statements)


async def program_of(database: Database, shop: Shop) -> UUID:
    async with database.reader() as connection:
        query = "SELECT program_id FROM programs WHERE code = $1"
        return await connection.fetchval(query, shop.document["program"])


@pytest.mark.parametrize(("locked", "expected"), [(False, 2), (True, 7)])
async def test_a_batch_of_128_events_takes_exactly_the_statements_of_one(
    make_shop: Callable[..., Shop], database: Database, catalogue: Catalogue, locked: bool, expected: int
) -> None:
    limits = {"caps": {"per_member": {"points": 5000}}, "budget": {"points": 100_000}}
    shop = make_shop(earning_rules=[per_event(20, when="member.birthday || event.data.stars > 3", **limits)])
    program_id = await program_of(database, shop)
    cards = [shop.enrol()["card"] for _ in range(50)]
    warm, warmer, one = ([make_command(program_id, make_engagement(cards[0], data={"stars": 4}))] for _ in range(3))
    await count_statements(database, catalogue, warm, locked=True)  # the program is known, the budget is let
    await count_statements(database, catalogue, warmer, locked=locked)  # the connection knows its types
    alone = await count_statements(database, catalogue, one, locked=locked)
    assert alone <= expected

    members = [cards[0]] * 30 + [cards[1 + index % 49] for index in range(98)]
    many = [make_command(program_id, make_engagement(card, data={"stars": 4})) for card in members]
    assert await count_statements(database, catalogue, many, locked=locked) == alone
    async with database.reader() as connection:
        query = "SELECT count(*), sum(points_earned)::int FROM engagements WHERE program_id = $1"
        assert tuple(await connection.fetchrow(query, program_id)) == (131, 2620)


async def test_the_outbox_tells_of_an_event_once_and_without_what_the_caller_wrote(
    make_shop: Callable[..., Shop], database: Database
) -> None:
    shop = make_shop(earning_rules=[per_event(20)])
    member = shop.enrol()
    body = shop.engage(member, data={"text": "call me on +49 30 123456"}, employee="e-9")
    async with database.reader() as connection:
        query = "SELECT seq, type, data FROM outbox WHERE member_id = $1 ORDER BY seq"
        rows = await connection.fetch(query, UUID(member["id"]))
    assert [(row["seq"], row["type"]) for row in rows] == [(1, "member.enrolled"), (2, "engagement.recorded")]
    told = msgspec.json.decode(rows[1]["data"])
    assert b"call me" not in rows[1]["data"]
    assert told == {
        "engagement_id": body["id"],
        "kind": "review.written",
        "earnings": body["points"]["earnings"],
        "points_earned": 20,
        "points_pending": 0,
        "transfer_seq": 1,
        "available_after": 20,
        "version": 1,
        "employee": "e-9",
    }
