"""Recording opening balances: many at once, each answered by itself, behind the locks of their members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from loyalty_api.domain.access.refusals import Unauthenticated
from loyalty_api.domain.claims.answered import Answered, Replay, tell_again
from loyalty_api.domain.claims.claim import Claim, Key, claims_change
from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.earning.gather import Batch, Gathered, Happened, gather_batch_locked, window_now
from loyalty_api.domain.earning.tallies import needs_of
from loyalty_api.domain.members.presented import MemberRef, Presented, read_presented
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX
from loyalty_api.domain.openings.answer import TYPE, OpeningAnswer, PointsOpened, encode
from loyalty_api.domain.openings.command import RecordOpening
from loyalty_api.domain.openings.dates import opening_dates
from loyalty_api.domain.openings.refusals import OpeningExpired, OpeningInTheFuture, OpeningReferenceReused
from loyalty_api.domain.openings.store import OpeningRow, first_answers, openings_change
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.points.settle import settle
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.refusals import FieldError, Refusal
from loyalty_api.kernel.together import change_together


async def record_openings(
    connection: Connection, catalogue: Catalogue, commands: Sequence[RecordOpening], *, locked: bool
) -> list[Answered | Refusal]:
    """The outcome of each command, in order: its answer (fresh, or the first one told again), or a refusal.

    Refusals: Unauthenticated (the key was revoked), MemberNotFound, IdentifierBlocked, CodeExpired,
    OpeningReferenceReused, OpeningInTheFuture, OpeningExpired, InvalidRequest (the identifier cannot be read).

    Raises RaceLost when it is not ``locked``: balances are brought in behind locks.
    """
    if not locked:
        raise RaceLost
    programs = await catalogue.load(connection, {command.program_id for command in commands})
    gathered = await gather_batch_locked(connection, _batch(programs, commands))
    desk = _Desk(gathered)
    outcomes = [desk.take(command, who) for command, who in zip(commands, gathered.presented, strict=True)]
    answers = await tell_again(
        connection,
        outcomes,
        fresh={row.opening_id: row.answer for row in desk.rows},
        claims=gathered.claims.values(),
        first_answers=first_answers,
    )
    changes = [*claims_change(desk.new_claims), *gathered.book.changes(), *openings_change(desk.rows)]
    await change_together(connection, changes)
    return answers


class _Desk:
    """The state of one batch."""

    def __init__(self, gathered: Gathered) -> None:
        self.gathered = gathered
        self.new_claims: dict[Key, Claim] = {}
        self.rows: list[OpeningRow] = []

    def take(self, command: RecordOpening, presented: Presented) -> Answered | Replay | Refusal:
        """Decides one; what it changes is seen by the next and waits to be written."""
        gathered, key = self.gathered, _key_of(command)
        try:
            if command.key_id in gathered.revoked:
                raise Unauthenticated("This API key is not known, or not any more.")
            if isinstance(presented, Refusal):
                raise presented
            claim = gathered.claims.get(key)
            if claim is not None:
                meant = gathered.people.meant(presented, command.program_id)
                return _replay(command, claim, gathered.people.known_as(meant))
            member_id = gathered.people.admit(presented, command.program_id)
            row = self._open(command, member_id, gathered.programs[command.program_id])
        except Refusal as refusal:
            return refusal
        self.rows.append(row)
        gathered.claims[key] = self.new_claims[key] = Claim(member_id, row.opening_id, command.content_hash)
        return Answered(row.answer, replayed=False)

    def _open(self, command: RecordOpening, member_id: UUID, program: Program) -> OpeningRow:
        opening, book = command.opening, self.gathered.book
        balance, now = book.balances[member_id], program.present(command.received_at)
        if opening.earned_at > now + CLOCKS_APART_MAX:
            raise OpeningInTheFuture.of(FieldError("earned_at", f"lies after the program's present, {rfc3339(now)}"))
        if opening.expires_at is not None and opening.expires_at <= now:
            raise OpeningExpired.of(FieldError("expires_at", f"is over at the program's present, {rfc3339(now)}"))
        settle(book, balance, now=now)
        cause = Cause("opening", new_id(), opening.earned_at, balance.record_at(now))
        settings = program.version_at(now).document.points
        dates = opening_dates(opening, settings, zone=program.zone, recorded_at=cause.recorded_at)
        if dates.expires_at and dates.available_at and dates.expires_at <= dates.available_at:
            raise OpeningExpired.of(FieldError("expires_at", "lies before the points become available"))
        issued = book.issue(balance, {dates: opening.points}, kind="import", source=Account.ISSUED, cause=cause)
        assert issued.transfer_seq is not None, "at least one point makes a transfer"
        answer = OpeningAnswer(
            id=cause.id,
            status="recorded",
            points=opening.points,
            pending=issued.pending,
            earned_at=rfc3339(opening.earned_at),
            available_at=rfc3339(dates.available_at or opening.earned_at),
            expires_at=None if dates.expires_at is None else rfc3339(dates.expires_at),
            balance=BalanceAnswer(balance.available, balance.pending, balance.reserved),
        )
        told = PointsOpened(
            *(cause.id, issued.transfer_seq, opening.points, issued.pending, balance.available, dates.expires_at),
            actor=command.actor,
        )
        book.tell(balance, TYPE, encode(told), cause)
        return OpeningRow(
            member_id,
            cause.id,
            program.id,
            opening.source,
            opening.reference,
            opening.points,
            opening.earned_at,
            cause.recorded_at,
            issued.transfer_seq,
            command.actor,
            encode(answer),
        )


def _replay(command: RecordOpening, claim: Claim, members: Collection[UUID]) -> Replay:
    claim.check(members, command.content_hash, reused=OpeningReferenceReused, what="an opening balance")
    return Replay(claim.record_id)


def _key_of(command: RecordOpening) -> Key:
    return Key(command.program_id, "opening", command.opening.source, command.opening.reference)


def _batch(programs: dict[UUID, Program], commands: Sequence[RecordOpening]) -> Batch:
    happened, windows = [], {}
    for command in commands:
        program, member = programs[command.program_id], command.opening.member
        present = program.present(command.received_at)
        windows.setdefault(program.id, window_now(program, present))
        assert isinstance(member, MemberRef), "a checked opening names its member"
        # ``present``: nothing here is decided by the tier that was held when the points were earned.
        happened.append(Happened(program.id, read_presented(member, program, present), present, present))
    keys = {_key_of(command) for command in commands}
    return Batch(programs, happened, windows, keys, {command.key_id for command in commands}, needs_of([]), False)
