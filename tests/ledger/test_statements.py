"""The number of statements does not depend on the number of purchases."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import msgspec
import pytest
from tests.make.program import BASE_RULE
from tests.make.purchase import make_purchase
from tests.make.shop import Shop

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.command import Purchase, RecordPurchase, content_hash
from loyalty_api.domain.purchases.record import record_purchases
from loyalty_api.kernel.clock import now
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.ids import new_id


def make_command(program_id: UUID, body: dict) -> RecordPurchase:
    """A purchase body as the door hands it to the verb."""
    purchase = msgspec.convert(body, Purchase, strict=False)
    return RecordPurchase(
        program_id=program_id,
        purchase=purchase,
        content_hash=content_hash(purchase),
        received_at=now(),
        key_id=new_id(),
        store=purchase.store,
    )


async def count_statements(
    database: Database, catalogue: Catalogue, commands: list[RecordPurchase], *, locked: bool
) -> int:
    """Records the commands together; how many statements that took."""
    statements: list[str] = []

    async def work(connection: Connection) -> None:
        def note(record: object) -> None:
            statements.append(record.query)  # type: ignore[attr-defined]

        connection.add_query_logger(note)
        try:
            outcomes = await record_purchases(connection, catalogue, commands, locked=locked)
        finally:
            connection.remove_query_logger(note)
        assert all(isinstance(outcome, Answered) and not outcome.replayed for outcome in outcomes), outcomes

    await (database.write if locked else database.attempt)(work)
    return len(statements)


EVERY_TALLY = [
    {"code": "carried", "per_spend": {"points": 1, "per_minor": 300}, "carry_over": True},
    {"code": "capped", "flat": 3, "caps": {"per_member": {"points": 5}}},
    {"code": "limited", "flat": 2, "budget": {"points": 10_000}, "when": "member.attributes.vip == true || true"},
]


@pytest.mark.parametrize(("locked", "expected"), [(False, 2), (True, 7)])
@pytest.mark.parametrize("rules", [[BASE_RULE], EVERY_TALLY], ids=["one rule", "every tally"])
async def test_a_batch_of_128_takes_exactly_the_statements_of_one(
    make_shop: Callable[..., Shop],
    database: Database,
    catalogue: Catalogue,
    rules: list[dict],
    locked: bool,
    expected: int,
) -> None:
    shop = make_shop(earning_rules=rules)
    async with database.reader() as connection:
        query = "SELECT program_id FROM programs WHERE code = $1"
        program_id = await connection.fetchval(query, shop.document["program"])
    cards = [shop.enrol()["card"] for _ in range(50)]
    warm, warmer, one = ([make_command(program_id, make_purchase(cards[0]))] for _ in range(3))
    await count_statements(database, catalogue, warm, locked=True)  # the program is known, the budget is let
    await count_statements(database, catalogue, warmer, locked=locked)  # the connection knows its types
    alone = await count_statements(database, catalogue, one, locked=locked)
    assert alone <= expected

    members = [cards[0]] * 30 + [cards[1 + index % 49] for index in range(98)]
    many = [make_command(program_id, make_purchase(card, 700 + index)) for index, card in enumerate(members)]
    assert await count_statements(database, catalogue, many, locked=locked) == alone
    async with database.reader() as connection:
        query = "SELECT count(*) FROM reference_claims WHERE program_id = $1"
        assert await connection.fetchval(query, program_id) == 131
