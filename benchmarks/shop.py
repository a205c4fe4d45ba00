"""The shop that is measured: a program with five rules, many members, and a till's key.

Members are made by set-based SQL that leaves the rows of an enrolment 30 days ago; enrolling each over HTTP would
take longer than everything else together.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from loyalty_api.domain.access.issue_key import issue_key
from loyalty_api.domain.points.chain import NO_HASH
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.publish import create_program
from loyalty_api.domain.programs.read import read_document
from loyalty_api.domain.tiers.rules import window_of
from loyalty_api.kernel.clock import local_date, now
from loyalty_api.kernel.database import Database

FIRST_CARD = 4_000_000_000_000
FIRST_NUMBER = 500_000_000_000
ENROLLED_AGO = timedelta(days=30)  # so a purchase moves the tier window, as the first of a day always does

PROGRAM = {
    "program": "bench",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "points": {"expiry": {"months": 24}},
    "tiers": {
        "levels": [
            {"code": "basic", "from": 0},
            {"code": "silver", "from": 15_000},
            {"code": "gold", "from": 100_000},
        ]
    },
    "earning_rules": [
        {"code": "base", "per_spend": {"points": 1, "per_minor": 100}},
        {
            "code": "coffee",
            "per_spend": {"points": 2, "per_minor": 100},
            "lines": {"categories": ["coffee", "tea"], "exclude": {"labels": ["sale"]}},
        },
        {"code": "cups", "per_unit": 3, "lines": {"skus": ["CUP-1", "CUP-2"]}},
        # For the tier that a fresh member holds, so that it fires.
        {"code": "hello", "multiplier": 2, "tiers": ["basic"], "lines": {"categories": ["bakery", "coffee"]}},
        {"code": "visit", "flat": 5},
    ],
}

_FRESH = """
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT uuidv7() AS member_id, ($1::bigint + n)::text AS card, ($2::bigint + n)::text AS number,
       uuidv7() AS card_id, uuidv7() AS number_id, uuidv7() AS event_id
FROM generate_series(0, $3::int - 1) AS n
"""
# Each statement with the names of the facts that it takes.
_ENROL: list[tuple[str, tuple[str, ...]]] = [
    (
        "INSERT INTO members (member_id, program_id, number, store, enrolled_at, recorded_at)"
        " SELECT member_id, $1, number, '17', $2, $2 FROM fresh",
        ("program_id", "at"),
    ),
    (
        "INSERT INTO member_profiles (member_id, program_id, attributes) SELECT member_id, $1, '{}' FROM fresh",
        ("program_id",),
    ),
    (
        "INSERT INTO identifier_claims (program_id, kind, value, member_id)"
        " SELECT $1::uuid, 'card', card, member_id FROM fresh"
        " UNION ALL SELECT $1::uuid, 'number', number, member_id FROM fresh",
        ("program_id",),
    ),
    (
        "INSERT INTO member_identifiers (member_id, identifier_id, kind, value, added_at)"
        " SELECT member_id, card_id, 'card', card, $1::timestamptz FROM fresh"
        " UNION ALL SELECT member_id, number_id, 'number', number, $1::timestamptz FROM fresh",
        ("at",),
    ),
    (
        "INSERT INTO balances (member_id, program_id, spendable, pending, reserved, debt, lifetime_earned,"
        " transfer_seq, event_seq, head_hash) SELECT member_id, $1, 0, 0, 0, 0, 0, 0, 1, $2 FROM fresh",
        ("program_id", "no_hash"),
    ),
    (
        "INSERT INTO member_tiers (member_id, program_id, moves, window_from, window_through, window_sum)"
        " SELECT member_id, $1, 0, $2, $3, 0 FROM fresh",
        ("program_id", "window_from", "window_through"),
    ),
    (
        "INSERT INTO outbox (member_id, seq, id, program_id, type, occurred_at, recorded_at, data)"
        " SELECT member_id, 1, event_id, $1, 'member.enrolled', $2, $2, $3 FROM fresh",
        ("program_id", "at", "event"),
    ),
]

_TABLES = [statement.split()[2] for statement, _ in _ENROL]


class Shop(NamedTuple):
    """What a till needs to know. Members hold the cards from FIRST_CARD on."""

    key: str
    members: int


async def open_shop(url: str, *, members: int) -> Shop:
    """Publishes the program, makes the members and the key, and leaves the database as it is found at work."""
    database = await Database.open(url, pool_size=1)
    document = read_document(PROGRAM)
    present = now()
    try:
        program_id = await database.write(
            lambda connection: create_program(connection, document=document, now=present, actor="bench")
        )
        issued = await database.write(
            lambda connection: issue_key(
                connection, program_id=program_id, name="till", scopes=["till"], store="17", now=present
            )
        )
    finally:
        await database.close()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await _enrol(connection, program_id, document, members, present - ENROLLED_AGO)
        # Only what has rows: of an empty table the planner would learn that reading all of it costs nothing.
        await connection.execute(f"VACUUM ANALYZE {', '.join(_TABLES)}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    return Shop(issued.key, members)


async def _enrol(
    connection: asyncpg.Connection, program_id: object, document: Document, members: int, at: datetime
) -> None:
    window = window_of(document.tiers, local_date(at, document.zone))
    facts = {
        "program_id": program_id,
        "at": at,
        "no_hash": NO_HASH,
        "window_from": window.first,
        "window_through": window.last,
        "event": '{"store":"17","actor":"bench"}',
    }
    await connection.execute(_FRESH, FIRST_CARD, FIRST_NUMBER, members)
    for statement, names in _ENROL:
        await connection.execute(statement, *(facts[name] for name in names))
