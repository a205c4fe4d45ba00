"""Gathering what a batch of purchases needs to be decided: in one statement without a lock, or behind locks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.facts import needs_traits
from loyalty_api.domain.earning.gather import Batch, Happened, gather_batch, gather_batch_locked, window_now
from loyalty_api.domain.earning.tallies import needs_of
from loyalty_api.domain.members.presented import MemberRef, Presented, read_presented
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.desk import Desk, key_of, use_of
from loyalty_api.kernel.database import Connection


async def gather(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase], *, spending: bool = True
) -> Desk:
    """The desk, read in one statement at one instant. ``spending`` False: nothing will be written.

    Raises RaceLost when a program is not known yet, or not as it is now.
    """
    batch = _prepare(catalogue.known(_programs_of(commands)), commands)
    return Desk(await gather_batch(connection, batch, catalogue, spending=spending))


async def gather_locked(connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase]) -> Desk:
    """The desk behind locks: the members in the order of their ids, then the budgets."""
    batch = _prepare(await catalogue.load(connection, _programs_of(commands)), commands)
    return Desk(await gather_batch_locked(connection, batch))


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
        happened.append(Happened(program.id, _who_is(program, command), occurred_at, present))
    keys = {key_of(command) for command in commands}
    key_ids = {command.key_id for command in commands}
    return Batch(programs, happened, windows, keys, key_ids, needs_of(uses), curious)


def _who_is(program: Program, command: RecordPurchase) -> Presented:
    member = command.purchase.member
    assert isinstance(member, MemberRef), "a checked purchase names its member"
    return read_presented(member, program, program.present(command.received_at))
