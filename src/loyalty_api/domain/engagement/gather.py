"""Gathering what a batch of engagement events needs to be decided: in one statement without a lock, or behind locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from loyalty_api.domain.earning.facts import needs_traits
from loyalty_api.domain.earning.gather import Batch, Happened, gather_batch, gather_batch_locked, window_now
from loyalty_api.domain.earning.tallies import needs_of
from loyalty_api.domain.engagement.awaited import find_purchases, is_awaited
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.decide import rules_for
from loyalty_api.domain.engagement.desk import Desk, key_of
from loyalty_api.domain.members.presented import MemberRef, Presented, read_presented
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.rewards.automatic import automatic_rewards
from loyalty_api.domain.rewards.gather import make_counter
from loyalty_api.kernel.database import Connection, RaceLost


async def gather(connection: Connection, catalogue: Catalogue, commands: Sequence[RecordEngagement]) -> Desk:
    """The desk, read in one statement at one instant.

    Raises RaceLost when a program is not known yet, or not as it is now, and when points wait for one of the events:
    these are in lots, which are read behind locks.
    """
    batch = _prepare(catalogue.known(_programs_of(commands)), commands)
    if any(each.needs_lots for each in batch.happened):
        raise RaceLost
    return Desk(await gather_batch(connection, batch, catalogue))


async def gather_locked(connection: Connection, catalogue: Catalogue, commands: Sequence[RecordEngagement]) -> Desk:
    """The desk behind locks: the members in the order of their ids, then the budgets."""
    batch = _prepare(await catalogue.load(connection, _programs_of(commands)), commands)
    awaited = [command for command, each in zip(commands, batch.happened, strict=True) if each.needs_lots]
    return await _prepared(connection, batch, awaited)


async def gather_own(connection: Connection, program: Program, command: RecordEngagement, *, locked: bool) -> Desk:
    """The desk for what the product records itself, in a transaction that has read the program."""
    batch = _prepare({program.id: program}, [command])
    return await _prepared(connection, batch) if locked else Desk(await gather_batch(connection, batch))


async def _prepared(connection: Connection, batch: Batch, awaited: Sequence[RecordEngagement] = ()) -> Desk:
    """The desk behind locks; where some program has automatic rewards, prepared to give them.

    ``awaited``: the events that the points of some purchases wait for.
    """
    rewards = {}
    for program in batch.programs.values():
        present = max(each.present for each in batch.happened if each.program_id == program.id)
        rewards[program.id] = automatic_rewards(program.version_at(present))
    if not any(rewards.values()):
        gathered = await gather_batch_locked(connection, batch)
        return Desk(gathered, purchases=await find_purchases(connection, awaited) if awaited else None)
    gathered = await gather_batch_locked(connection, batch._replace(spends=True))
    counters = {}
    for program_id, mine in rewards.items():
        members = [each.member_id for each in gathered.book.balances.values() if each.program_id == program_id]
        counters[program_id] = await make_counter(connection, gathered.book, program_id, members, mine)
    return Desk(gathered, counters, await find_purchases(connection, awaited) if awaited else None)


def _programs_of(commands: Sequence[RecordEngagement]) -> Collection[UUID]:
    return {command.program_id for command in commands}


def _prepare(programs: dict[UUID, Program], commands: Sequence[RecordEngagement]) -> Batch:
    happened, windows, uses, curious = [], {}, [], False
    for command in commands:
        program, touchpoint = programs[command.program_id], command.touchpoint
        present = program.present(command.received_at)
        if program.id not in windows:
            windows[program.id] = window_now(program, present)
        rules = rules_for(program, program.version_at(touchpoint.occurred_at), touchpoint.kind, present)
        if rules is not None:
            curious = curious or needs_traits(rules.compiled)
            if rules.use:
                uses.append(rules.use)
        awaited = command.reference is not None and is_awaited(program, touchpoint.kind)
        happened.append(Happened(program.id, _who_is(program, command), touchpoint.occurred_at, present, awaited))
    keys = {key for command in commands if (key := key_of(command))}
    key_ids = {command.key_id for command in commands if command.key_id}
    return Batch(programs, happened, windows, keys, key_ids, needs_of(uses), curious)


def _who_is(program: Program, command: RecordEngagement) -> Presented:
    member = command.touchpoint.member
    assert isinstance(member, MemberRef), "a checked event names its member"
    return read_presented(member, program, program.present(command.received_at), command.touchpoint.occurred_at)
