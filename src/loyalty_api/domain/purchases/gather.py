"""Gathering what a batch of purchases needs to be decided: in one statement without a lock, or behind locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.facts import needs_traits
from loyalty_api.domain.earning.gather import Batch, Gathered, Happened, gather_batch, gather_batch_locked, window_now
from loyalty_api.domain.earning.tallies import needs_of
from loyalty_api.domain.members.presented import MemberRef, Presented, read_presented
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.desk import Desk, key_of, use_of
from loyalty_api.domain.purchases.spending import Spending
from loyalty_api.domain.rewards.automatic import automatic_rewards
from loyalty_api.domain.rewards.codes import plain_code
from loyalty_api.domain.rewards.coupons import Coupons, find_coupons
from loyalty_api.domain.rewards.gather import make_counter
from loyalty_api.domain.rewards.store import find_redemptions
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import parse_id


async def gather(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase], *, spending: bool = True
) -> Desk:
    """The desk, read in one statement at one instant. ``spending`` False: nothing will be written.

    Raises RaceLost when a program is not known yet, or not as it is now, or when redemptions or coupons are listed.
    """
    batch = _prepare(catalogue.known(_programs_of(commands)), commands)
    listing = any(_lists(command) for command in commands)
    if listing and spending:
        raise RaceLost
    gathered = await gather_batch(connection, batch, catalogue, spending=spending)
    return Desk(gathered, await _spending(connection, gathered, commands) if listing else None)


async def gather_locked(connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase]) -> Desk:
    """The desk behind locks: the members in the order of their ids, then the budgets."""
    batch = _prepare(await catalogue.load(connection, _programs_of(commands)), commands)
    automatic = any(_automatic(program, batch) for program in batch.programs.values())
    spends = automatic or any(_lists(command) for command in commands)
    gathered = await gather_batch_locked(connection, batch._replace(spends=spends))
    return Desk(gathered, await _spending(connection, gathered, commands) if spends else None)


def _lists(command: RecordPurchase) -> bool:
    return bool(command.purchase.redemptions or command.coupons)


def _automatic(program: Program, batch: Batch) -> bool:
    present = max(each.present for each in batch.happened if each.program_id == program.id)
    return bool(automatic_rewards(program.version_at(present)))


async def _spending(connection: Connection, gathered: Gathered, commands: Sequence[RecordPurchase]) -> Spending:
    """What the batch may spend: the stock of automatic rewards, and what the purchases list."""
    codes, counters, redemptions = [], {}, {}
    for program in gathered.programs.values():
        mine = [each for each in commands if each.program_id == program.id]
        present = max(program.present(each.received_at) for each in mine)
        members = [each.member_id for each in gathered.book.balances.values() if each.program_id == program.id]
        listed = {
            redemption_id for each in mine for text in each.purchase.redemptions if (redemption_id := parse_id(text))
        }
        pairs = {(program.id, plain_code(code)) for each in mine for code in each.coupons}
        coupons = await find_coupons(connection, pairs)
        codes += coupons
        rewards, pools = automatic_rewards(program.version_at(present)), {each.pool for each in coupons}
        counter = await make_counter(connection, gathered.book, program.id, members, rewards, pools)
        counters[program.id] = counter
        if listed:
            found = await find_redemptions(connection, program_id=program.id, redemption_ids=listed)
            redemptions |= {each: counter.open_redemption(each) or row for each, row in found.items()}
    return Spending(counters, redemptions, Coupons(codes))


def _programs_of(commands: Sequence[RecordPurchase]) -> Collection[UUID]:
    return {command.program_id for command in commands}


def _prepare(programs: dict[UUID, Program], commands: Sequence[RecordPurchase]) -> Batch:
    happened, windows, uses, curious = [], {}, [], False
    for command in commands:
        program, occurred_at = programs[command.program_id], command.purchase.occurred_at
        present = program.present(command.received_at)
        if program.id not in windows:
            windows[program.id] = window_now(program, present)
        then = program.version_at(occurred_at)
        compiled = compile_version(program, then)
        curious = curious or needs_traits(compiled)
        if compiled.remembers:
            uses.append(use_of(program, then, present))
        moved = command.moved is not None
        happened.append(Happened(program.id, _who_is(program, command), occurred_at, present, needs_lots=moved))
    keys = {key_of(command) for command in commands}
    key_ids = {command.key_id for command in commands}
    return Batch(programs, happened, windows, keys, key_ids, needs_of(uses), curious)


def _who_is(program: Program, command: RecordPurchase) -> Presented:
    member = command.purchase.member
    assert isinstance(member, MemberRef), "a checked purchase names its member"
    return read_presented(member, program, program.present(command.received_at), command.purchase.occurred_at)
