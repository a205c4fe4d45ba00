"""Redemptions as they are read and written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.together import Ask, Change, RowType, columns


class Redemption(msgspec.Struct):
    """One redemption, in the order of the columns, as it is now in memory."""

    member_id: UUID
    redemption_id: UUID
    program_id: UUID
    source: str
    reference: str | None
    reward: str
    kind: str
    version: int
    points: int
    amount_minor: int | None
    limited_by: str | None
    cost_minor: int | None
    status: str
    reserved_at: datetime
    redeemed_on: date
    expires_at: datetime | None
    closed_at: datetime | None
    stocked: bool
    pool: str | None
    code: str | None
    purchase_id: UUID | None
    transfer_seq: int
    store: str | None
    employee: str | None
    channel: str | None
    actor: str
    answer: bytes = b""

    def status_at(self, now: datetime) -> str:
        """The status as it is at ``now``: a reservation is over at exactly its instant, whatever is booked yet."""
        over = self.status == "reserved" and self.expires_at is not None and self.expires_at <= now
        return "expired" if over else self.status


class Had(NamedTuple):
    """How often a member completed a reward on a local day."""

    member_id: UUID
    reward: str
    redeemed_on: date
    times: int


REDEMPTION_ROW = RowType("redemption_row", Redemption.__struct_fields__)
_values = attrgetter(*Redemption.__struct_fields__)
_INSERT = REDEMPTION_ROW.insert_into("redemptions")
_FIELDS = ", ".join(Redemption.__struct_fields__)
_OF_PROGRAM = f"SELECT {_FIELDS} FROM redemptions WHERE program_id = $1 AND redemption_id = ANY($2::uuid[])"
_OPEN = f"SELECT {_FIELDS} FROM redemptions WHERE member_id = ANY($1::uuid[]) AND status = 'reserved'"
_HAD = """
SELECT member_id, reward, redeemed_on, count(*) AS times FROM redemptions
WHERE member_id = ANY($1::uuid[]) AND reward = ANY($2::text[]) AND status = 'completed'
GROUP BY member_id, reward, redeemed_on
"""
_CLOSE = """
UPDATE redemptions r
SET status = u.status, closed_at = u.closed_at, code = u.code, purchase_id = u.purchase_id
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::uuid[])
  AS u (member_id, redemption_id, status, closed_at, code, purchase_id)
WHERE r.member_id = u.member_id AND r.redemption_id = u.redemption_id
  AND (r.status = 'reserved' OR r.status = 'completed' AND u.status = 'completed' AND r.purchase_id IS NULL)
"""
_ISSUE = """
UPDATE coupon_codes c SET issued_to = u.redemption_id
FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS u (program_id, code, redemption_id)
WHERE c.program_id = u.program_id AND c.code = u.code AND c.issued_to IS NULL AND c.used = 0
"""
_ANSWERS = """
SELECT r.redemption_id, r.answer
FROM unnest($1::uuid[], $2::uuid[]) AS k (member_id, redemption_id) JOIN redemptions r USING (member_id, redemption_id)
"""


def open_ask(members: Collection[UUID]) -> Ask:
    """Asks for the members' reservations that are not closed."""
    return Ask(_OPEN, (list(members),))


def had_ask(members: Collection[UUID], rewards: Collection[str]) -> Ask:
    """Asks how often, and when, the members completed these rewards."""
    return Ask(_HAD, (list(members), list(rewards)))


def read_redemptions(rows: Iterable[Any]) -> list[Redemption]:
    """What ``open_ask`` was answered."""
    return [Redemption(*tuple(row)) for row in rows]


async def find_redemptions(
    connection: Connection, *, program_id: UUID, redemption_ids: Collection[UUID]
) -> dict[UUID, Redemption]:
    """Those of the redemptions that the program has."""
    rows = await connection.fetch(_OF_PROGRAM, program_id, list(redemption_ids))
    return {each.redemption_id: each for each in read_redemptions(rows)}


def redemptions_changes(made: Collection[Redemption], closed: Collection[Redemption]) -> Iterator[Change]:
    """The changes that insert new redemptions and close others; fails when another closed one of them."""
    if made:
        yield Change(_INSERT, ([_values(each) for each in made],))
    if closed:
        ordered = sorted(closed, key=lambda each: (each.member_id, each.redemption_id))
        rows = [
            (each.member_id, each.redemption_id, each.status, each.closed_at, each.code, each.purchase_id)
            for each in ordered
        ]
        yield Change(_CLOSE, columns(rows), rows=len(rows))


async def first_answers(connection: Connection, asked: Collection[tuple[UUID, UUID]]) -> dict[UUID, bytes]:
    """The bytes that were answered first, by redemption, for (member, redemption) pairs; at least one."""
    return {row[0]: row[1] for row in await connection.fetch(_ANSWERS, *columns(list(asked)))}


def codes_changes(redemptions: Iterable[Redemption]) -> Iterator[Change]:
    """The change that gives the chosen codes out; fails when another was given one of them."""
    rows = sorted((each.program_id, each.code, each.redemption_id) for each in redemptions if each.code is not None)
    if rows:
        yield Change(_ISSUE, columns(rows), rows=len(rows))
