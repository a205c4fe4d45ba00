"""The desk: everything a batch of purchases needs to be decided, in memory, and what is to be written for it.

``take`` decides one purchase at a time, so that the second sees what the first did: the same member's balance and
tier, or the same reference. It touches no database.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import Claim, Key
from loyalty_api.domain.earning.compile import Compiled, compile_version
from loyalty_api.domain.earning.lots import lots_of
from loyalty_api.domain.earning.rules import Basket, Decision, decide
from loyalty_api.domain.earning.tallies import Tallies, Use
from loyalty_api.domain.members.identify import Found, Identifier
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, NO_TRAITS, Membership, Traits
from loyalty_api.domain.members.refusals import IdentifierBlocked, MemberNotFound
from loyalty_api.domain.points.post import Book, Cause
from loyalty_api.domain.programs.document import POINTS_MAX, Tiers
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.purchases.command import Purchase, PurchaseLine, RecordPurchase
from loyalty_api.domain.purchases.conditions import conditions_of
from loyalty_api.domain.purchases.receipt import Decided, make_answer, make_event, make_row
from loyalty_api.domain.purchases.refusals import (
    BeforeEnrolment,
    InTheFuture,
    OutOfRange,
    ReferenceReused,
    TooLate,
    UnknownRedemption,
    WrongCurrency,
)
from loyalty_api.domain.purchases.store import PurchaseRow
from loyalty_api.domain.tiers.standing import VALUE_MAX, Standing
from loyalty_api.kernel.clock import local_date, rfc3339
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event
from loyalty_api.kernel.refusals import FieldError, Refusal

Presented = Identifier | UUID | Refusal  # who the till says the member is


class Replay(NamedTuple):
    """The reference is known: what was answered to this purchase is answered again."""

    purchase_id: UUID


class Desk:
    """The state of one batch."""

    def __init__(
        self,
        *,
        programs: dict[UUID, Program],
        found: dict[Identifier, Found],
        members: dict[UUID, Membership],
        book: Book,
        claims: dict[Key, Claim],
        standings: dict[UUID, Standing],
        tallies: Tallies,
        traits: dict[UUID, Traits],
    ) -> None:
        self.programs = programs
        self.found = found
        self.members = members
        self.book = book
        self.claims = claims
        self.standings = standings
        self.tallies = tallies
        self.traits = traits
        self.new_claims: dict[Key, Claim] = {}
        self.rows: list[PurchaseRow] = []
        self.events: list[Event] = []

    def lacks_history(self, command: RecordPurchase, presented: Presented) -> Standing | None:
        """The member's standing, if the receipt is older than what the standing knows of."""
        member_id = self._member_id(command, presented)
        standing = self.standings.get(member_id) if member_id else None
        return standing if standing and standing.lacks_history(command.purchase.occurred_at) else None

    def decide(self, command: RecordPurchase, presented: Presented) -> Decided:
        """What the purchase would do if its reference were new; the desk has then taken it. Raises refusals."""
        if isinstance(presented, Refusal):
            raise presented
        member_id = self._member_id(command, presented)
        self._check_member(presented, member_id)
        assert member_id is not None, "the member was just checked"
        return self._decide(command, member_id)

    def take(self, command: RecordPurchase, presented: Presented) -> Answered | Replay | Refusal:
        """Decides one purchase; what it changes is seen by the next and waits to be written."""
        key = key_of(command)
        member_id = self._member_id(command, presented)
        try:
            if isinstance(presented, Refusal):
                raise presented
            claim = self.claims.get(key)
            if claim is not None:
                return self._replay(command, claim, member_id)
            decided = self.decide(command, presented)
        except Refusal as refusal:
            return refusal
        answer = make_answer(decided)
        row = make_row(decided, answer)
        self.rows.append(row)
        self.events.append(make_event(row, decided))
        self.claims[key] = self.new_claims[key] = Claim(row.member_id, row.purchase_id, command.content_hash)
        return Answered(answer, replayed=False)

    def _member_id(self, command: RecordPurchase, presented: Presented) -> UUID | None:
        if isinstance(presented, Identifier):
            found = self.found.get(presented)
            return found.member_id if found else None
        if isinstance(presented, UUID):
            member = self.members.get(presented)
            return presented if member and member.program_id == command.program_id else None
        return None

    def _check_member(self, presented: Presented, member_id: UUID | None) -> None:
        if member_id is None or member_id not in self.book.balances:
            raise MemberNotFound(
                "Nobody in this program is known by that; enrol the member, then send the purchase again."
            )
        if isinstance(presented, Identifier) and self.found[presented].blocked:
            raise IdentifierBlocked(f"This {presented.kind} is blocked; ask the member for the new one.")

    def _replay(self, command: RecordPurchase, claim: Claim, member_id: UUID | None) -> Replay:
        if claim.member_id != member_id:
            raise ReferenceReused("This reference was used for a purchase of another member.")
        if claim.content_hash != command.content_hash:
            raise ReferenceReused("This reference was used for a purchase with other content.")
        return Replay(claim.record_id)

    def _decide(self, command: RecordPurchase, member_id: UUID) -> Decided:
        purchase = command.purchase
        program = self.programs[command.program_id]
        now = program.present(command.received_at)
        current, then = program.version_at(now), program.version_at(purchase.occurred_at)
        _check_purchase(purchase, program, current, now, self.members[member_id])

        balance, standing = self.book.balances[member_id], self.standings[member_id]
        tiers_then = then.document.tiers
        tier = standing.tier_at(tiers_then, purchase.occurred_at) if tiers_then else None
        compiled = compile_version(program, then)
        use = use_of(program, then, member_id, now)
        basket = self._basket(command, member_id, compiled, use, tier)
        decision = decide(compiled, basket)
        value = _measured(current.document.tiers, decision)
        if decision.points > POINTS_MAX:
            raise OutOfRange.of(FieldError("total_minor", f"would earn more than {POINTS_MAX:,} points"))
        if standing.window_sum + value > VALUE_MAX:
            raise OutOfRange.of(FieldError("total_minor", "would lift the member's tier beyond what can be counted"))

        recorded_at = balance.record_at(now)
        cause = Cause("purchase", new_id(), purchase.occurred_at, recorded_at)
        when = {"zone": program.zone, "occurred_at": cause.occurred_at, "recorded_at": recorded_at}
        issued = self.book.earn(balance, lots_of(decision, compiled, then.document.points, **when), cause=cause)
        if use is not None:
            self.tallies.note(use, decision)
        move = standing.count(
            current.document.tiers,
            value=value,
            day=basket.day,
            occurred_at=purchase.occurred_at,
            recorded_at=recorded_at,
        )
        return Decided(
            command=command,
            cause=cause,
            decision=decision,
            pending=issued.pending,
            transfer_seq=issued.transfer_seq,
            value=value,
            version=then.number,
            tier=tier,
            balance=balance,
            standing=standing,
            tiers=current.document.tiers,
            move=move,
            compiled=compiled,
            basket=basket,
        )

    def _basket(
        self, command: RecordPurchase, member_id: UUID, compiled: Compiled, use: Use | None, tier: str | None
    ) -> Basket:
        purchase = command.purchase
        local = purchase.occurred_at.astimezone(self.programs[command.program_id].zone)
        lines = _lines(purchase)
        conditions = conditions_of(
            compiled,
            command,
            lines,
            tier=tier,
            local=local,
            membership=self.members[member_id],
            traits=self.traits.get(member_id, NO_TRAITS),
        )
        inputs = self.tallies.inputs(use, conditions)
        return Basket(lines, tier, local.date(), local.hour * 60 + local.minute, purchase.total_minor, inputs)


def key_of(command: RecordPurchase) -> Key:
    """What makes the purchase's reference unique."""
    return Key(command.program_id, "purchase", command.purchase.source, command.purchase.reference)


def _check_purchase(
    purchase: Purchase, program: Program, current: Version, now: datetime, membership: Membership
) -> None:
    settings = current.document.purchases
    occurred_at = purchase.occurred_at
    if purchase.currency != program.currency:
        raise WrongCurrency.of(FieldError("currency", f"must be {program.currency}, the program's currency"))
    if purchase.redemptions:
        raise UnknownRedemption.of(FieldError("redemptions[0]", "is not a redemption of this member"))
    if occurred_at > now + CLOCKS_APART_MAX:
        raise InTheFuture.of(
            FieldError("occurred_at", f"is more than five minutes ahead of the program's present, {rfc3339(now)}")
        )
    if occurred_at < now - timedelta(days=settings.late_days):
        raise TooLate.of(FieldError("occurred_at", f"is more than {settings.late_days} days ago"))
    if occurred_at < membership.counts_from and settings.before_enrolment == "refuse":
        raise BeforeEnrolment(
            f"The member enrolled at {rfc3339(membership.enrolled_at)}, after this purchase; "
            "this program does not count such purchases."
        )


def use_of(program: Program, then: Version, member_id: UUID, now: datetime) -> Use | None:
    """What the rules of then have to remember of this decision; None: nothing."""
    compiled = compile_version(program, then)
    if not compiled.remembers:
        return None
    current = compile_version(program, program.version_at(now))
    return Use(program.id, member_id, compiled, current, local_date(now, program.zone))


def _measured(tiers: Tiers | None, decision: Decision) -> int:
    """What the purchase counts towards the tier, by the measure of the program's present."""
    match tiers.measure if tiers else "spend":
        case "points_earned":
            return decision.counted
        case "purchases":
            return 1
    return decision.base_minor


def _lines(purchase: Purchase) -> list[PurchaseLine]:
    """The lines as the rules see them; a bare total is one line of nothing in particular."""
    if purchase.lines is not None:
        return purchase.lines
    return [PurchaseLine(amount_minor=purchase.total_minor, quantity=Decimal(0))]
