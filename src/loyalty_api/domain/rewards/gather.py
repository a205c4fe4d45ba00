"""Gathering what redeeming needs: who asks, their locked balance with its lots, the stock, what they had."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.claims.claim import Claim, Key, claims_ask, read_claims
from loyalty_api.domain.earning.gather import window_now
from loyalty_api.domain.members.identify import read_found
from loyalty_api.domain.members.presented import MemberRef, People, read_presented, who_asks
from loyalty_api.domain.members.queries import memberships_ask, read_memberships
from loyalty_api.domain.points.post import Book, open_book
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.rewards.command import Asked, Command
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.stock import StockKey, Stocks, pool_stock, sizes_of, stocks_ask
from loyalty_api.domain.rewards.store import Had, had_ask, open_ask, read_redemptions
from loyalty_api.domain.tiers.queries import held_tiers
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal
from loyalty_api.kernel.together import Sql, ask_together

FREED_MAX = 100  # members whose reservations are closed for one who lacks what they held

_POOLS = "SELECT pool, size FROM coupon_pools WHERE program_id = $1 AND pool = ANY($2::text[])"
_HOLDERS = """
SELECT DISTINCT member_id FROM (
  SELECT member_id FROM redemptions
  WHERE program_id = $1 AND status = 'reserved' AND expires_at <= $2
    AND (stocked AND 'reward:' || reward = ANY($3::text[]) OR 'pool:' || pool = ANY($3::text[]))
  ORDER BY expires_at LIMIT $4) r
"""


class Asking(NamedTuple):
    """Who asks, as whom they are known, and what their reference stands for already, if for anything."""

    member_id: UUID
    known_as: Collection[UUID]
    claim: Claim | None


async def find_asking(connection: Connection, program: Program, command: Command, key: Key) -> Asking:
    """The member who is meant, and the claim of the reference; a known reference is told to whoever made it.

    Refuses: MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased, InvalidRequest
    (the identifier cannot be read).
    """
    assert isinstance(command.asked.member, MemberRef), "what was checked names its member"
    presented = read_presented(command.asked.member, program, program.present(command.received_at))
    if isinstance(presented, Refusal):
        raise presented
    first = who_asks([presented])
    members = Sql("ARRAY(SELECT member_id FROM chosen)")
    asks = {"memberships": memberships_ask(members), "claims": claims_ask([key])}
    rows = await ask_together(connection, asks, first=first)
    people = People(read_found(rows["found"]), read_memberships(rows["memberships"]))
    claim = read_claims(rows["claims"]).get(key)
    if claim is not None:
        meant = people.meant(presented, program.id)
        return Asking(meant or UUID(int=0), people.known_as(meant), claim)
    member_id = people.admit(presented, program.id)
    return Asking(member_id, people.known_as(member_id), None)


async def find_again(connection: Connection, program: Program, command: Command, key: Key, counter: Counter) -> Asking:
    """The same behind the lock: who held it may have been this very one, or have merged the member into another.

    Refuses the same. Raises RaceLost when the member is another by now, who is not locked.
    """
    asking = await find_asking(connection, program, command, key)
    if asking.claim is None and asking.member_id not in counter.book.balances:
        raise RaceLost
    return asking


async def open_counter(
    connection: Connection,
    program: Program,
    members: Collection[UUID],
    rewards: Sequence[Reward],
    *,
    now: datetime,
    pools: Collection[str] = (),
) -> Counter:
    """The counter for some members of a program: locked, settled at ``now``, its present, and what ran out closed.
    ``pools``: whose codes may be used.

    Where a reward is out of stock, those who hold some beyond their time are locked too, and let go of it.
    """
    stocks = await _read_stocks(connection, program.id, rewards, pools)
    short = stocks.short()
    locked = {*members, *(await _holders(connection, program.id, short, now) if short else [])}
    book = await open_book(connection, locked, {program.id: program.zone})
    for member_id in sorted(locked):
        settle(book, book.balances[member_id], now=now)
    counter = await make_counter(connection, book, program.id, locked, rewards, pools)
    for member_id in sorted(locked):
        counter.expire(book.balances[member_id], now=now)
    return counter


async def make_counter(
    connection: Connection,
    book: Book,
    program_id: UUID,
    members: Collection[UUID],
    rewards: Sequence[Reward],
    pools: Collection[str] = (),
) -> Counter:
    """The counter over a book whose members are locked and settled."""
    limited = {reward.code for reward in rewards if reward.per_member is not None}
    asks = {"open": open_ask(members), "had": had_ask(members, limited)}
    rows = await ask_together(connection, asks)
    stocks = await _read_stocks(connection, program_id, rewards, pools)
    return Counter(book, stocks, [Had(*row) for row in map(tuple, rows["had"])], read_redemptions(rows["open"]))


async def tier_now(connection: Connection, program: Program, member_id: UUID, now: datetime) -> str | None:
    """The tier that the member holds; None: the program has none."""
    tiers = program.version_at(now).document.tiers
    if tiers is None:
        return None
    window = window_now(program, now)
    held = await held_tiers(connection, program_id=program.id, tiers=tiers, member_ids=[member_id], window=window)
    return held[member_id].code


def check_currency(asked: Asked, program: Program) -> None:
    """Refuses (InvalidRequest) a basket in another currency than the program's."""
    preview = asked.purchase_preview
    if preview is not None and preview.currency not in (None, program.currency):
        field = FieldError("purchase_preview.currency", f"must be {program.currency}, the program's currency")
        raise InvalidRequest.of(field)


async def _read_stocks(
    connection: Connection, program_id: UUID, rewards: Sequence[Reward], pools: Collection[str]
) -> Stocks:
    named = {*pools, *(reward.coupon.pool for reward in rewards if reward.coupon is not None)}
    if not named and not any(reward.stock for reward in rewards):
        return Stocks([], {})
    found = {}
    if named:
        found = {row["pool"]: row["size"] for row in await connection.fetch(_POOLS, program_id, list(named))}
    sizes = sizes_of(program_id, rewards, found) | {pool_stock(program_id, pool): found.get(pool, 0) for pool in named}
    asked = stocks_ask(sizes)
    return Stocks(await connection.fetch(asked.sql, *asked.args), sizes)


async def _holders(connection: Connection, program_id: UUID, short: list[StockKey], now: datetime) -> list[UUID]:
    """Members who hold pieces of what is short in reservations that ran out."""
    stocks = [key.stock for key in short]
    return [row["member_id"] for row in await connection.fetch(_HOLDERS, program_id, now, stocks, FREED_MAX)]
