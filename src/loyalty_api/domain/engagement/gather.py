"""Gathering what a batch of engagement events needs to be decided, behind the locks of their members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.access.queries import revoked_keys
from loyalty_api.domain.claims.claim import find_claims
from loyalty_api.domain.earning.facts import needs_traits
from loyalty_api.domain.earning.tallies import Use, open_tallies
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.decide import rules_for
from loyalty_api.domain.engagement.desk import Desk, key_of
from loyalty_api.domain.members.identify import Identifier, find_members
from loyalty_api.domain.members.presented import MemberRef, People, Presented, read_presented
from loyalty_api.domain.members.queries import memberships, read_traits
from loyalty_api.domain.points.post import open_book
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.rules import Window, window_of
from loyalty_api.domain.tiers.standing import Standing, read_moves, read_standings
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection


class _Foreseen(NamedTuple):
    """What the decisions to come will have to remember, and whose profiles they will ask about."""

    uses: list[Use]
    curious: set[UUID]


async def gather(
    connection: Connection, programs: dict[UUID, Program], commands: Sequence[RecordEngagement], *, exact: bool
) -> Desk:
    """The desk, read in one statement per table. ``exact``: with every slice of the budgets locked too."""
    presented = [_who_is(programs[command.program_id], command) for command in commands]
    people = await _people(connection, programs, presented)
    book = await open_book(connection, people.members)  # once locked, nobody else writes for these members
    foreseen = _foresee(programs, commands, presented, people)
    keys = {key for command in commands if (key := key_of(command))}
    desk = Desk(
        programs=programs,
        presented=presented,
        people=people,
        revoked=await _revoked(connection, commands),
        book=book,
        tallies=await open_tallies(connection, foreseen.uses, exact=exact),
        traits=await read_traits(connection, foreseen.curious) if foreseen.curious else {},
        claims=await find_claims(connection, keys) if keys else {},
        standings=await _standings(connection, programs, people, commands),
    )
    late = {
        standing.member_id: standing
        for command, who in zip(commands, presented, strict=True)
        if (standing := desk.lacks_history(command, who))
    }
    if late:
        await read_moves(connection, late.values())
    return desk


def _who_is(program: Program, command: RecordEngagement) -> Presented:
    member = command.touchpoint.member
    assert isinstance(member, MemberRef), "a checked event names its member"
    return read_presented(member, program, program.present(command.received_at))


async def _people(connection: Connection, programs: dict[UUID, Program], presented: Sequence[Presented]) -> People:
    found = await find_members(connection, [who for who in presented if isinstance(who, Identifier)])
    named = {who for who in presented if isinstance(who, UUID)} | {each.member_id for each in found.values()}
    known = await memberships(connection, named)
    return People(found, {member_id: each for member_id, each in known.items() if each.program_id in programs})


def _foresee(
    programs: dict[UUID, Program],
    commands: Sequence[RecordEngagement],
    presented: Sequence[Presented],
    people: People,
) -> _Foreseen:
    foreseen = _Foreseen([], set())
    for command, who in zip(commands, presented, strict=True):
        member_id = people.meant(who, command.program_id)
        if member_id is None:
            continue
        program, touchpoint = programs[command.program_id], command.touchpoint
        now, then = program.present(command.received_at), program.version_at(touchpoint.occurred_at)
        rules = rules_for(program, then, touchpoint.kind, member_id, now)
        if rules and rules.use:
            foreseen.uses.append(rules.use)
        if rules and needs_traits(rules.compiled):
            foreseen.curious.add(member_id)
    return foreseen


async def _revoked(connection: Connection, commands: Sequence[RecordEngagement]) -> set[UUID]:
    """Which of the callers' keys were revoked since they were remembered."""
    key_ids = {command.key_id for command in commands if command.key_id}
    return await revoked_keys(connection, key_ids) if key_ids else set()


async def _standings(
    connection: Connection, programs: dict[UUID, Program], people: People, commands: Sequence[RecordEngagement]
) -> dict[UUID, Standing]:
    """The members' standings over the windows that end on their program's today."""
    windows: dict[UUID, Window] = {}
    for program_id, received_at in {c.program_id: c.received_at for c in commands}.items():
        program = programs[program_id]
        present = program.present(received_at)
        tiers = program.version_at(present).document.tiers
        windows[program_id] = window_of(tiers, local_date(present, program.zone))
    return await read_standings(connection, {m: windows[each.program_id] for m, each in people.members.items()})
