"""Recording purchases: many in one transaction, each answered by itself.

Reads (programs, members, ledger, claims, standings), decides in plain Python in the order of arrival, writes one
statement per table. How many statements that takes does not depend on how many purchases there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from uuid import UUID

from loyalty_api.domain.claims.claim import find_claims, make_claims
from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.tallies import Tallies, Use, open_tallies
from loyalty_api.domain.members.identify import Found, Identifier, find_members, read_identifier
from loyalty_api.domain.members.queries import Membership, memberships, read_traits
from loyalty_api.domain.points.post import Book, open_book
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.purchases.command import MemberRef, RecordPurchase
from loyalty_api.domain.purchases.conditions import needs_traits
from loyalty_api.domain.purchases.desk import Answered, Desk, Presented, Replay, key_of, use_of
from loyalty_api.domain.purchases.store import first_answers, write_purchases
from loyalty_api.domain.tiers.rules import Window, window_of
from loyalty_api.domain.tiers.standing import Standing, read_moves, read_standings, write_standings
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.outbox import append_events
from loyalty_api.kernel.refusals import Refusal


async def record_purchases(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordPurchase]
) -> list[Answered | Refusal]:
    """The outcome of each command, in order: its answer (fresh, or the first one told again), or a refusal.

    Refusals: MemberNotFound, IdentifierBlocked, ReferenceReused, WrongCurrency, InTheFuture, TooLate,
    BeforeEnrolment, UnknownRedemption, OutOfRange, InvalidRequest (the identifier cannot be read).
    Raises RaceLost when another transaction recorded one of the references meanwhile.
    """
    programs = await catalogue.load(connection, {command.program_id for command in commands})
    presented = [who_is(programs[command.program_id], command) for command in commands]
    for exact in (False, True):  # once more, with the budgets locked, when a slice of one was too short
        read_tallies = partial(open_tallies, exact=exact)
        desk = await open_desk(connection, programs, commands, presented, open_book, read_tallies)
        outcomes = [desk.take(command, who) for command, who in zip(commands, presented, strict=True)]
        if not desk.tallies.short:
            break
    await _write(connection, desk)
    return await _tell_again(connection, desk, outcomes)


async def open_desk(
    connection: Connection,
    programs: dict[UUID, Program],
    commands: Sequence[RecordPurchase],
    presented: Sequence[Presented],
    read_book: Callable[[Connection, Collection[UUID]], Awaitable[Book]],
    read_tallies: Callable[[Connection, Collection[Use]], Awaitable[Tallies]],
) -> Desk:
    """All that the commands need to be decided, read in one statement per table."""
    found = await find_members(connection, [who for who in presented if isinstance(who, Identifier)])
    named = {who for who in presented if isinstance(who, UUID)} | {each.member_id for each in found.values()}
    known = await memberships(connection, named)
    members = {member_id: each for member_id, each in known.items() if each.program_id in programs}
    book = await read_book(connection, members)  # once locked, nobody else writes for these members
    uses, curious = _foresee(programs, commands, [_meant(who, found) for who in presented], members)
    desk = Desk(
        programs=programs,
        found=found,
        members=members,
        book=book,
        tallies=await read_tallies(connection, uses),
        traits=await read_traits(connection, curious) if curious else {},
        claims=await find_claims(connection, {key_of(command) for command in commands}),
        standings=await _standings(connection, programs, members, commands),
    )
    late = {
        standing.member_id: standing
        for command, who in zip(commands, presented, strict=True)
        if (standing := desk.lacks_history(command, who))
    }
    if late:
        await read_moves(connection, late.values())
    return desk


def _foresee(
    programs: dict[UUID, Program],
    commands: Sequence[RecordPurchase],
    meant: Sequence[UUID | None],
    members: dict[UUID, Membership],
) -> tuple[list[Use], set[UUID]]:
    """What the decisions to come will need to remember, and whose profiles they will ask about."""
    uses, curious = [], set()
    for command, member_id in zip(commands, meant, strict=True):
        if member_id is not None and member_id in members:
            program = programs[command.program_id]
            then = program.version_at(command.purchase.occurred_at)
            use = use_of(program, then, member_id, program.present(command.received_at))
            if use is not None:
                uses.append(use)
            if needs_traits(compile_version(program, then)):
                curious.add(member_id)
    return uses, curious


def _meant(who: Presented, found: dict[Identifier, Found]) -> UUID | None:
    if isinstance(who, Identifier):
        return found[who].member_id if who in found else None
    return who if isinstance(who, UUID) else None


async def _standings(
    connection: Connection,
    programs: dict[UUID, Program],
    members: dict[UUID, Membership],
    commands: Sequence[RecordPurchase],
) -> dict[UUID, Standing]:
    """The members' standings over the windows that end on their program's today."""
    windows: dict[UUID, Window] = {}
    for program_id, received_at in {c.program_id: c.received_at for c in commands}.items():
        program = programs[program_id]
        present = program.present(received_at)
        tiers = program.version_at(present).document.tiers
        windows[program_id] = window_of(tiers, local_date(present, program.zone))
    return await read_standings(connection, {m: windows[each.program_id] for m, each in members.items()})


async def _write(connection: Connection, desk: Desk) -> None:
    await make_claims(connection, desk.new_claims)
    await write_purchases(connection, desk.rows)
    await desk.book.write(connection)
    await write_standings(connection, desk.standings.values())
    await append_events(connection, desk.events)
    await desk.tallies.write(connection)


async def _tell_again(
    connection: Connection, desk: Desk, outcomes: Sequence[Answered | Replay | Refusal]
) -> list[Answered | Refusal]:
    """Fills replays in with the bytes that were answered first."""
    replays = {outcome.purchase_id for outcome in outcomes if isinstance(outcome, Replay)}
    if not replays:
        return [outcome for outcome in outcomes if not isinstance(outcome, Replay)]
    asked = {(c.member_id, c.record_id) for c in desk.claims.values() if c.record_id in replays}
    answers = await first_answers(connection, asked)
    return [
        Answered(answers[outcome.purchase_id], replayed=True) if isinstance(outcome, Replay) else outcome
        for outcome in outcomes
    ]


def who_is(program: Program, command: RecordPurchase) -> Presented:
    """Who the till says the member is: an identifier, an id, or the refusal of a writing that is neither."""
    member = command.purchase.member
    assert isinstance(member, MemberRef), "a checked purchase names its member"
    if member.id is not None:
        return member.id
    region = program.version_at(program.present(command.received_at)).document.region
    try:
        return read_identifier(member.identifier or "", program_id=program.id, region=region, field="member.identifier")
    except Refusal as refusal:
        return refusal
