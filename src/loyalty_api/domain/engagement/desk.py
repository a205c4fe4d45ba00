"""The desk: everything a batch of engagement events needs to be decided, in memory, and what is to be written for it.

``take`` decides one event at a time, so that the second sees what the first did: the same member's balance and tier,
or the same reference. It touches no database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from loyalty_api.domain.access.refusals import Unauthenticated
from loyalty_api.domain.claims.answered import Answered, Replay
from loyalty_api.domain.claims.claim import Claim, Key, claims_change
from loyalty_api.domain.earning.gather import Gathered
from loyalty_api.domain.earning.lots import lots_of
from loyalty_api.domain.earning.rules import Decision
from loyalty_api.domain.engagement.awaited import Purchases, is_awaited, read_ref, refuse
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.decide import decide_event, rules_for
from loyalty_api.domain.engagement.receipt import Decided, make_answer, make_event, make_row
from loyalty_api.domain.engagement.refusals import (
    EngagementBeforeEnrolment,
    EngagementInTheFuture,
    EngagementOutOfRange,
    EngagementReferenceReused,
    EngagementTooLate,
)
from loyalty_api.domain.engagement.store import EngagementRow, engagements_change
from loyalty_api.domain.members.presented import Presented
from loyalty_api.domain.members.queries import CLOCKS_APART_MAX, NO_TRAITS, Membership
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.points.settle import mature_for, settle
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.programs.parts import POINTS_MAX
from loyalty_api.domain.programs.queries import Version
from loyalty_api.domain.rewards.automatic import automatic_rewards, is_reached, redeem_automatic
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.tiers.standing import VALUE_MAX, Standing, standings_changes
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import RaceLost
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.outbox import Event, events_change
from loyalty_api.kernel.refusals import FieldError, Refusal
from loyalty_api.kernel.together import Change


class Desk:
    """The state of one batch."""

    def __init__(
        self,
        gathered: Gathered,
        counters: Mapping[UUID, Counter] | None = None,
        purchases: Purchases | None = None,
    ) -> None:
        self.counters = counters  # None: the batch is not prepared to give automatic rewards
        self.programs = gathered.programs
        self.presented = gathered.presented
        self.people = gathered.people
        self.revoked = gathered.revoked
        self.book = gathered.book
        self.claims = gathered.claims
        self.standings = gathered.standings
        self.tallies = gathered.tallies
        self.traits = gathered.traits
        self.purchases = purchases or Purchases({}, {})
        self.new_claims: dict[Key, Claim] = {}
        self.rows: list[EngagementRow] = []
        self.events: list[Event] = []

    def take(self, command: RecordEngagement, presented: Presented) -> Answered | Replay | Refusal:
        """Decides one event; what it changes is seen by the next and waits to be written.

        Raises RaceLost when points are due and the desk is not behind locks.
        """
        key = key_of(command)
        try:
            if command.key_id in self.revoked:
                raise Unauthenticated("This API key is not known, or not any more.")
            if isinstance(presented, Refusal):
                raise presented
            claim = self.claims.get(key) if key else None
            if claim is not None:
                return self._replay(command, claim, presented)
            member_id = self.people.admit(presented, command.program_id)
            present = self.programs[command.program_id].present(command.received_at)
            settle(self.book, self.book.balances[member_id], now=present)
            decided = self._decide(command, member_id)
        except Refusal as refusal:
            return refusal
        row = make_row(decided, b"")
        self.events.append(make_event(row, decided))
        self._redeem(command, decided)
        answer = make_answer(decided)
        row = row._replace(answer=answer)
        self.rows.append(row)
        if key:
            self.claims[key] = self.new_claims[key] = Claim(row.member_id, row.engagement_id, command.content_hash)
        return Answered(answer, replayed=False)

    def changes(self) -> list[Change]:
        """All that is to be written, in one order for every batch: references, then what members own."""
        return [
            *claims_change(self.new_claims),
            *self.book.changes(),
            *engagements_change(self.rows),
            *standings_changes(self.standings.values()),
            *events_change(self.events),
            *self.tallies.changes(),
            *(change for counter in (self.counters or {}).values() for change in counter.changes()),
        ]

    def _redeem(self, command: RecordEngagement, decided: Decided) -> None:
        """Redeems the automatic rewards that the points reach now. Raises RaceLost where that is not prepared."""
        program, balance = self.programs[command.program_id], decided.balance
        now = program.present(command.received_at)
        if is_reached(automatic_rewards(program.version_at(now)), balance.available):
            if self.counters is None:
                raise RaceLost
            tier = decided.standing.progress(decided.tiers)[0] if decided.tiers else None
            redeem_automatic(self.counters[program.id], balance, program, tier=tier, now=now)

    def _replay(self, command: RecordEngagement, claim: Claim, presented: Presented) -> Replay:
        member_id = self.people.meant(presented, command.program_id)
        claim.check(
            self.people.known_as(member_id), command.content_hash, reused=EngagementReferenceReused, what="an event"
        )
        return Replay(claim.record_id)

    def _decide(self, command: RecordEngagement, member_id: UUID) -> Decided:
        touchpoint, program = command.touchpoint, self.programs[command.program_id]
        now = program.present(command.received_at)
        current, then = program.version_at(now), program.version_at(touchpoint.occurred_at)
        membership = self.people.members[member_id]
        if command.reference is not None:
            _check_instant(touchpoint.occurred_at, current, now, membership)

        awaited = self._awaited(command, member_id)
        balance, standing = self.book.balances[member_id], self.standings[member_id]
        tiers, tiers_then = current.document.tiers, then.document.tiers
        tier = standing.tier_at(tiers_then, touchpoint.occurred_at) if tiers_then else None
        rules = rules_for(program, then, touchpoint.kind, now)
        local = touchpoint.occurred_at.astimezone(program.zone)
        decision, inputs = decide_event(
            rules,
            touchpoint,
            self.tallies,
            member_id=member_id,
            tier=tier,
            local=local,
            membership=membership,
            traits=self.traits.get(member_id, NO_TRAITS),
        )
        value = _measured(tiers, decision)
        _check_range(decision, standing, value)

        cause = Cause("engagement", new_id(), touchpoint.occurred_at, balance.record_at(now))
        when = {"zone": program.zone, "occurred_at": cause.occurred_at, "recorded_at": cause.recorded_at}
        lots = lots_of(decision, rules.compiled, then.document.points, **when) if rules else {}
        matured = mature_for(self.book, balance, touchpoint.kind, earned_for=awaited, cause=cause) if awaited else 0
        issued = self.book.earn(balance, lots, cause=cause)
        if rules and rules.use:
            self.tallies.note(rules.use, member_id, decision)
        return Decided(
            command=command,
            cause=cause,
            decision=decision,
            inputs=inputs,
            matured=matured,
            pending=issued.pending,
            transfer_seq=issued.transfer_seq,
            value=value,
            version=then.number,
            tier=tier,
            balance=balance,
            standing=standing,
            tiers=tiers,
            move=standing.count(
                tiers,
                value=value,
                day=local.date(),
                occurred_at=cause.occurred_at,
                recorded_at=cause.recorded_at,
            )
            if value
            else None,
        )

    def _awaited(self, command: RecordEngagement, member_id: UUID) -> UUID | None:
        """The purchase whose points wait for this event; None: no points do.

        Refuses (InvalidRequest) a purchase that is not named, not known, or another member's.
        """
        program = self.programs[command.program_id]
        if command.reference is None or not is_awaited(program, command.touchpoint.kind):
            return None
        ref = read_ref(command)
        named = self.purchases.find(program.id, ref)
        if named.member_id != member_id:
            lots = self.book.lots(self.book.balances[member_id])
            if all(lot.earned_for != named.purchase_id for lot in lots):
                refuse(ref, "is a purchase of another member")
        return named.purchase_id


def key_of(command: RecordEngagement) -> Key | None:
    """What makes the event's reference unique; None: it has none."""
    if command.reference is None:
        return None
    return Key(command.program_id, "engagement", command.touchpoint.source, command.reference)


def _check_instant(occurred_at: datetime, current: Version, now: datetime, membership: Membership) -> None:
    settings = current.document.purchases
    if occurred_at > now + CLOCKS_APART_MAX:
        raise EngagementInTheFuture.of(
            FieldError("occurred_at", f"is more than five minutes ahead of the program's present, {rfc3339(now)}")
        )
    if occurred_at < now - timedelta(days=settings.late_days):
        raise EngagementTooLate.of(FieldError("occurred_at", f"is more than {settings.late_days} days ago"))
    if occurred_at < membership.counts_from and settings.before_enrolment == "refuse":
        raise EngagementBeforeEnrolment(
            f"The member enrolled at {rfc3339(membership.enrolled_at)}, after this event; "
            "this program does not count what was before."
        )


def _check_range(decision: Decision, standing: Standing, value: int) -> None:
    if decision.points > POINTS_MAX:
        raise EngagementOutOfRange.of(FieldError("kind", f"would earn more than {POINTS_MAX:,} points"))
    if standing.window_sum + value > VALUE_MAX:
        raise EngagementOutOfRange.of(FieldError("kind", "would lift the member's tier beyond what can be counted"))


def _measured(tiers: Tiers | None, decision: Decision) -> int:
    """What the event counts towards the tier: points where these are the measure; it is no purchase."""
    return decision.counted if tiers and tiers.measure == "points_earned" else 0
