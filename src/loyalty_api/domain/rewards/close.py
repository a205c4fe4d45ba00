"""Closing a reservation: completing it, or cancelling it. Done again, either answers the same."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.gather import open_counter
from loyalty_api.domain.rewards.hand_out import choose_codes
from loyalty_api.domain.rewards.queries import written_codes
from loyalty_api.domain.rewards.redeem import write_counter
from loyalty_api.domain.rewards.refusals import RedemptionNotFound
from loyalty_api.domain.rewards.store import Redemption, find_redemptions
from loyalty_api.kernel.database import Connection


async def complete_redemption(
    connection: Connection, catalogue: Catalogue, *, program_id: UUID, redemption_id: UUID, received_at: datetime
) -> bytes:
    """Spends what is reserved, and hands a code out where the reward is one.

    Refuses: RedemptionNotFound, RedemptionCancelled, RedemptionExpired.
    """
    return await _close(connection, catalogue, program_id, redemption_id, received_at, "completed")


async def cancel_redemption(
    connection: Connection, catalogue: Catalogue, *, program_id: UUID, redemption_id: UUID, received_at: datetime
) -> bytes:
    """Puts what is reserved back into its lots, with their dates.

    Refuses: RedemptionNotFound, RedemptionCompleted, RedemptionExpired.
    """
    return await _close(connection, catalogue, program_id, redemption_id, received_at, "cancelled")


async def _close(
    connection: Connection,
    catalogue: Catalogue,
    program_id: UUID,
    redemption_id: UUID,
    received_at: datetime,
    status: str,
) -> bytes:
    program = await catalogue.one(connection, program_id)
    now = program.present(received_at)
    found = await find_one(connection, program_id=program_id, redemption_id=redemption_id)
    counter = await open_counter(connection, program, [found.member_id], [], now=now)
    balance = counter.book.balances[found.member_id]
    redemption = counter.open_redemption(redemption_id)
    if redemption is None:  # it was closed before the member was locked
        redemption = await find_one(connection, program_id=program_id, redemption_id=redemption_id)
    if redemption.status != status:
        if status == "completed":
            counter.complete(balance, redemption, now=now, purchase_id=None)
        else:
            counter.cancel(balance, redemption, now=now)
    await _write(connection, counter)
    if redemption.code is not None and redemption_id not in counter.written:
        codes = await written_codes(connection, program_id=program_id, codes=[redemption.code])
        counter.written[redemption_id] = codes[redemption.code]
    return counter.answer_of(redemption, balance, now)


async def find_one(connection: Connection, *, program_id: UUID, redemption_id: UUID) -> Redemption:
    """One redemption of the program. Refuses: RedemptionNotFound."""
    found = await find_redemptions(connection, program_id=program_id, redemption_ids=[redemption_id])
    if redemption_id not in found:
        raise RedemptionNotFound(f"There is no redemption {redemption_id} in this program.")
    return found[redemption_id]


async def _write(connection: Connection, counter: Counter) -> None:
    await choose_codes(connection, counter)
    await write_counter(connection, counter, {})
