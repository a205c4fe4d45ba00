"""Spending, reserving and returning with true commits; `verify` finds what a superuser did to lots and draws."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import msgspec
import pytest
from tests.ledger.tampering import verify_tampered
from tests.make.shop import Shop

from loyalty_api.domain.lifecycle.verify import Report, verify
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.give_back import give_back
from loyalty_api.domain.points.post import Cause, open_book
from loyalty_api.domain.points.queries import expired_of, read_draws
from loyalty_api.domain.points.reserve import release, reserve
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.points.spend import spend
from loyalty_api.domain.points.take_back import take_back
from loyalty_api.kernel.database import Connection, Database

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)
EXPIRED_AT = datetime(2026, 3, 11, 23, tzinfo=UTC)
TAMPERINGS = {
    "a missing draw": ("lots", "DELETE FROM draws WHERE member_id = $1 AND transfer_seq = 4"),
    "a changed draw": ("lots", "UPDATE draws SET points = points + 1 WHERE member_id = $1 AND transfer_seq = 4"),
    "a draw on another lot": (
        "lots",
        "UPDATE draws SET lot_id = (SELECT max(lot_id::text)::uuid FROM lots WHERE member_id = $1)"
        " WHERE member_id = $1 AND transfer_seq = 3",
    ),
    "a draw of nothing": ("lots", "UPDATE draws SET lot_id = member_id WHERE member_id = $1 AND transfer_seq = 4"),
    "a draw of no transfer": ("lots", "UPDATE draws SET transfer_seq = 99 WHERE member_id = $1 AND transfer_seq = 4"),
    "a reservation that vanished": ("lots", "UPDATE lots SET reserved = 0 WHERE member_id = $1 AND reserved > 0"),
    "a lot that is pending again": (
        "lots",
        "UPDATE lots SET pending = true WHERE member_id = $1 AND remaining = 0",
    ),
    "a missing lot": ("lots", "DELETE FROM lots WHERE member_id = $1 AND transfer_seq = 2"),
    "a lot that would expire later": (
        "due",
        "UPDATE lots SET expires_at = expires_at + interval '1 day' WHERE member_id = $1 AND transfer_seq = 1",
    ),
    "a due date that is too late": (
        "due",
        "UPDATE balances SET next_due_at = next_due_at + interval '1 second' WHERE member_id = $1",
    ),
    "a due date that was forgotten": ("due", "UPDATE balances SET next_due_at = NULL WHERE member_id = $1"),
    "a purchase that nobody knows of": (
        "due",
        "UPDATE balances SET last_purchase_at = last_purchase_at - interval '1 day' WHERE member_id = $1",
    ),
    "an expiry of another cause": ("cause", "UPDATE transfers SET cause_id = $1 WHERE member_id = $1 AND seq = 3"),
    "draws of another program": ("lots", "UPDATE draws SET program_id = member_id WHERE member_id = $1"),
}


@pytest.fixture(scope="module")
async def member_id(
    start_api: Callable, own_database_url: str, own_database: Database, own_operator: str
) -> AsyncIterator[str]:
    """Earned 10 and 20; the 10 expired; of the 20, 5 were redeemed, 2 given back, 4 reserved, 3 of 8 freed."""
    with httpx.Client(base_url=start_api(own_database_url).url, timeout=30) as http:
        shop = Shop.open(http, own_operator, {"points": {"expiry": {"days": 10}}})
        member = shop.enrol()
        shop.buy(member, 1000)
        shop.set_clock("2026-03-08T12:00:00Z")
        shop.buy(member, 2000, occurred_at="2026-03-08T12:00:00Z")
        shop.set_clock("2026-03-12T12:00:00Z")
        await own_database.write(lambda connection: _live(connection, uuid.UUID(member["id"])))
        yield member["id"]


async def _live(connection: Connection, member_id: uuid.UUID) -> None:
    program_id = await connection.fetchval("SELECT program_id FROM members WHERE member_id = $1", member_id)
    book = await open_book(connection, [member_id], {program_id: BERLIN})
    balance = book.balances[member_id]
    assert settle(book, balance, now=NOW) == 0  # the clock did: transfer 3
    assert balance.available == 20

    def cause() -> Cause:
        return Cause("redemption", uuid.uuid4(), NOW, balance.record_at(NOW))

    spent = spend(book, balance, 5, kind="redeem", to=Account.REDEEMED, cause=cause())
    kept = reserve(book, balance, 4, cause=cause())
    freed = reserve(book, balance, 8, cause=cause())
    release(book, balance, freed.draws, cause=cause())
    book.tell(balance, "redemption.tried", b"{}", cause())
    await book.write(connection)

    drawn = await read_draws(connection, member_id=member_id, transfer_seqs=[spent.transfer_seq, kept.transfer_seq])
    assert drawn == {4: spent.draws, 5: kept.draws}
    book = await open_book(connection, [member_id], {program_id: BERLIN}, lot_ids=[draw.lot_id for draw in spent.draws])
    balance = book.balances[member_id]
    assert settle(book, balance, now=NOW) == 0
    given = give_back(book, balance, drawn[4], 2, grace_days=30, cause=cause())
    book.tell(balance, "redemption.tried", b"{}", cause())
    await book.write(connection)
    assert await read_draws(connection, member_id=member_id, transfer_seqs=given.transfer_seqs) == {8: given.draws}


async def test_an_expiry_leaves_its_event_with_ids_alone(member_id: str, own_database: Database) -> None:
    query = "SELECT occurred_at, recorded_at, data FROM outbox WHERE member_id = $1 AND type = 'points.expired'"
    async with own_database.reader() as connection:
        rows = await connection.fetch(query, uuid.UUID(member_id))
        lot_id = await connection.fetchval("SELECT lot_id FROM lots WHERE expires_at = $1", EXPIRED_AT)
    assert [(row["occurred_at"], row["recorded_at"]) for row in rows] == [(EXPIRED_AT, EXPIRED_AT)]
    assert msgspec.json.decode(rows[0]["data"]) == {
        "transfer_seq": 3,
        "lot_id": str(lot_id),
        "points": 10,
        "available_after": 20,
        "expires_at": "2026-03-11T23:00:00Z",
        "earned_at": "2026-03-02T10:00:00Z",
    }


def _but_redemptions(report: Report) -> set[str]:
    """The laws that are broken, save that redemptions are not recorded here."""
    return {each.law for each in report.findings if each.law != "redemption" and "redemption" not in each.what}


async def test_lots_that_nobody_touched_have_no_findings(member_id: str, own_database: Database) -> None:
    report = await verify(own_database)
    assert _but_redemptions(report) == set()
    assert report.checked["draws"] == 6


async def test_each_tampering_with_lots_is_found_by_its_law(
    member_id: str, own_database: Database, own_database_url: str
) -> None:
    superuser = await asyncpg.connect(own_database_url)
    try:
        for name, (law, statement) in TAMPERINGS.items():
            report = await verify_tampered(superuser, statement, uuid.UUID(member_id))
            assert law in _but_redemptions(report), f"{name} was not found: {report.findings}"
    finally:
        await superuser.close()


async def test_what_has_expired_of_a_purchase_counts_as_taken_back_and_the_rest_becomes_a_debt(
    member_id: str, own_database: Database
) -> None:
    owner = uuid.UUID(member_id)

    async def work(connection: Connection) -> None:
        bought = await connection.fetch(
            "SELECT purchase_id, program_id FROM purchases WHERE member_id = $1 ORDER BY occurred_at", owner
        )
        first, second = (row["purchase_id"] for row in bought)
        expired = await expired_of(connection, member_ids=[owner], earned_for=first)
        assert (expired, await expired_of(connection, member_ids=[owner], earned_for=second)) == (10, 0)
        book = await open_book(connection, [owner], {bought[0]["program_id"]: BERLIN})
        balance = book.balances[owner]
        settle(book, balance, now=NOW)
        cause = Cause("return", uuid.uuid4(), NOW, balance.record_at(NOW))
        gone = take_back(book, balance, 10, earned_for=first, expired=10, policy="allow_negative", cause=cause)
        assert (gone.expired, gone.transfer_seqs) == (10, [])
        gone = take_back(book, balance, 20, earned_for=second, expired=0, policy="allow_negative", cause=cause)
        assert (gone.own, gone.debt, balance.available, balance.reserved) == (13, 7, -7, 4)
        book.tell(balance, "return.tried", b"{}", cause)
        await book.write(connection)
        raise _Undone

    with pytest.raises(_Undone):
        await own_database.write(work)


class _Undone(Exception):
    """Rolls back what was only tried."""
