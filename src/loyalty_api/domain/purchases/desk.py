"""The desk: everything a batch of purchases needs to be decided, in memory, and what is to be written for it.

``take`` decides one purchase at a time, so that the second sees what the first did: the same member's balance and
tier, or the same reference. It touches no database.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from loyalty_api.domain.access.refusals import Unauthenticated
from loyalty_api.domain.claims.answered import Answered, Replay
from loyalty_api.domain.claims.claim import Claim, Key, claims_change
from loyalty_api.domain.earning.compile import Compiled, compile_version
from loyalty_api.domain.earning.gather import Gathered
from loyalty_api.domain.earning.lots import lots_of
from loyalty_api.domain.earning.rules import Basket, Decision
from loyalty_api.domain.earning.tallies import Use
from loyalty_api.domain.members.presented import Presented
from loyalty_api.domain.members.queries import NO_TRAITS
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.points.settle import mature_for, settle
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.programs.parts import POINTS_MAX
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.purchases.acceptable import check_enrolled_then, check_purchase_now
from loyalty_api.domain.purchases.command import Purchase, PurchaseLine, RecordPurchase
from loyalty_api.domain.purchases.conditions import conditions_of
from loyalty_api.domain.purchases.multiply import decide_used, factors_of, settle_shown
from loyalty_api.domain.purchases.receipt import Decided, make_answer, make_event, make_row
from loyalty_api.domain.purchases.refusals import (
    OutOfRange,
    ReferenceReused,
)
from loyalty_api.domain.purchases.spending import NOTHING, Listed, Spending
from loyalty_api.domain.purchases.store import PurchaseRow, purchases_change
from loyalty_api.domain.purchases.unpaid import unpaid_lines
from loyalty_api.domain.rewards.automatic import automatic_rewards, is_reached, redeem_automatic
from loyalty_api.domain.tiers.standing import VALUE_MAX, standings_changes
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, events_change
from loyalty_api.kernel.refusals import FieldError, Refusal
from loyalty_api.kernel.together import Change


class Desk:
    """The state of one batch."""

    def __init__(self, gathered: Gathered, spending: Spending | None = None) -> None:
        self.spending = spending  # None: the batch is not prepared to spend
        self.programs = gathered.programs
        self.presented = gathered.presented
        self.people = gathered.people
        self.revoked = gathered.revoked
        self.book = gathered.book
        self.claims = gathered.claims
        self.standings = gathered.standings
        self.tallies = gathered.tallies
        self.traits = gathered.traits
        self.new_claims: dict[Key, Claim] = {}
        self.rows: list[PurchaseRow] = []
        self.events: list[Event] = []

    def decide(self, command: RecordPurchase, presented: Presented) -> Decided:
        """What the purchase would do if its reference were new; the desk has then taken it. Raises refusals."""
        member_id = self.people.admit(presented, command.program_id)
        return self._decide(command, member_id, self._listed(command, member_id))

    def take(self, command: RecordPurchase, presented: Presented) -> Answered | Replay | Refusal:
        """Decides one purchase; what it changes is seen by the next and waits to be written.

        Raises RaceLost when points are due and the desk is not behind locks.
        """
        key = key_of(command)
        try:
            if command.key_id in self.revoked:
                raise Unauthenticated("This API key is not known, or not any more.")
            if isinstance(presented, Refusal):
                raise presented
            claim = self.claims.get(key)
            if claim is not None:
                return self._replay(command, claim, self.people.meant(presented, command.program_id))
            decided, listed, present = self._admit(command, presented)
        except Refusal as refusal:
            return refusal
        row = self._keep(decided, listed, present)
        self.claims[key] = self.new_claims[key] = Claim(row.member_id, row.purchase_id, command.content_hash)
        return Answered(row.answer, replayed=False)

    def take_moved(self, command: RecordPurchase, presented: Presented) -> Decided:
        """Decides a purchase that another member had; its reference is not asked for. Raises refusals."""
        decided, listed, present = self._admit(command, presented)
        self._keep(decided, listed, present)
        return decided

    def changes(self) -> list[Change]:
        """All that is to be written, in one order for every batch: references, then what members own."""
        return [
            *claims_change(self.new_claims),
            *self.book.changes(),
            *purchases_change(self.rows),
            *standings_changes(self.standings.values()),
            *events_change(self.events),
            *self.tallies.changes(),
            *(self.spending.changes() if self.spending is not None else ()),
        ]

    def _admit(self, command: RecordPurchase, presented: Presented) -> tuple[Decided, Listed, datetime]:
        """The purchase decided for its member, who is settled at the program's present. Raises refusals."""
        member_id = self.people.admit(presented, command.program_id)
        present = self.programs[command.program_id].present(command.received_at)
        settle(self.book, self.book.balances[member_id], now=present)
        if self.spending is not None:
            self.spending.settle(self.book.balances[member_id], present)
        listed = self._listed(command, member_id)
        return self._decide(command, member_id, listed), listed, present

    def _keep(self, decided: Decided, listed: Listed, present: datetime) -> PurchaseRow:
        """Keeps the purchase as it was decided, with its event, and spends what it spends; its row."""
        command = decided.command
        row = make_row(decided)
        self.events.append(make_event(row, decided))
        moved = command.moved
        if moved is not None:
            for kind, at in moved.came:
                cause = decided.cause._replace(occurred_at=at)
                mature_for(self.book, decided.balance, kind, earned_for=row.purchase_id, cause=cause)
        self._spend(command, decided, listed._replace(coupons=decided.coupons), present)
        row.answer = make_answer(decided) if moved is None else moved.answer
        self.rows.append(row)
        return row

    def _listed(self, command: RecordPurchase, member_id: UUID) -> Listed:
        """The redemptions and coupons that the purchase lists, checked."""
        program = self.programs[command.program_id]
        if self.spending is None:
            return NOTHING
        return self.spending.listed(command, program, member_id, program.present(command.received_at))

    def _spend(self, command: RecordPurchase, decided: Decided, listed: Listed, now: datetime) -> None:
        """Completes what is listed, then redeems the automatic rewards that the points reach now.

        Raises RaceLost when something is to be spent and the batch is not prepared for that.
        """
        program, balance = self.programs[command.program_id], decided.balance
        if self.spending is not None:
            self.spending.spend(listed, command, balance, decided.cause, now)
        if is_reached(automatic_rewards(program.version_at(now)), balance.available):
            if self.spending is None:
                raise RaceLost
            tier = decided.standing.progress(decided.tiers)[0] if decided.tiers else None
            redeem_automatic(self.spending.counters[program.id], balance, program, tier=tier, now=now)

    def _replay(self, command: RecordPurchase, claim: Claim, member_id: UUID | None) -> Replay:
        claim.check(self.people.known_as(member_id), command.content_hash, reused=ReferenceReused, what="a purchase")
        return Replay(claim.record_id)

    def _decide(self, command: RecordPurchase, member_id: UUID, listed: Listed) -> Decided:
        purchase = command.purchase
        program = self.programs[command.program_id]
        now = program.present(command.received_at)
        current, then = program.version_at(now), program.version_at(purchase.occurred_at)
        if command.moved is None:
            check_purchase_now(purchase, program, current, now)
        check_enrolled_then(purchase, current, self.people.members[member_id])

        balance, standing = self.book.balances[member_id], self.standings[member_id]
        tiers_then = then.document.tiers
        tier = standing.tier_at(tiers_then, purchase.occurred_at) if tiers_then else None
        compiled = compile_version(program, then)
        use = use_of(program, then, now) if compiled.remembers else None
        paid_minor = listed.paid_minor(then.document.earning_base)
        basket = self._basket(command, member_id, compiled, use, tier, paid_minor)
        factors = factors_of(listed.coupons) if command.moved is None else command.moved.factors
        if factors:
            inputs = msgspec.structs.replace(basket.inputs, coupons=factors)
            basket = msgspec.structs.replace(basket, inputs=inputs)
        basket, decision = decide_used(compiled, basket)
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
            self.tallies.note(use, member_id, decision)
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
            coupons=settle_shown(listed.coupons, basket),
        )

    def _basket(
        self,
        command: RecordPurchase,
        member_id: UUID,
        compiled: Compiled,
        use: Use | None,
        tier: str | None,
        paid_minor: int,
    ) -> Basket:
        purchase = command.purchase
        local = purchase.occurred_at.astimezone(self.programs[command.program_id].zone)
        lines = _lines(purchase)
        if paid_minor:
            lines = unpaid_lines(lines, paid_minor)
        conditions = conditions_of(
            compiled,
            command,
            lines,
            tier=tier,
            local=local,
            membership=self.people.members[member_id],
            traits=self.traits.get(member_id, NO_TRAITS),
        )
        inputs = self.tallies.inputs(use, member_id, conditions)
        if paid_minor:
            inputs = msgspec.structs.replace(inputs, paid_minor=paid_minor)
        return Basket(lines, tier, local.date(), local.hour * 60 + local.minute, purchase.total_minor, inputs)


def key_of(command: RecordPurchase) -> Key:
    """What makes the purchase's reference unique."""
    return Key(command.program_id, "purchase", command.purchase.source, command.purchase.reference)


def use_of(program: Program, then: Version, now: datetime) -> Use:
    """By which rules a decision is made, and when it is recorded."""
    current = compile_version(program, program.version_at(now))
    return Use(program.id, compile_version(program, then), current, local_date(now, program.zone))


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
