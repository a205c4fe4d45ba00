"""Recording one purchase in one session: look up, lock, decide, add, commit."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import BigInteger, Date, Integer, ScalarSelect, and_, bindparam, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.orm.mapped import (
    CLOCKS_APART_MAX,
    ApiKey,
    Balance,
    IdentifierClaim,
    Lot,
    Member,
    MemberTier,
    Moved,
    OutboxRecord,
    ProgramRecord,
    ProgramVersionRecord,
    PurchaseRecord,
    ReferenceClaim,
    TierDay,
    TierMove,
    TierReview,
    Transfer,
)
from loyalty_api.domain.access.issue_key import hash_key
from loyalty_api.domain.earning.compile import compile_version
from loyalty_api.domain.earning.rules import Basket, Decision, decide
from loyalty_api.domain.members.identify import Identifier, read_identifier
from loyalty_api.domain.points.accounts import Account
from loyalty_api.domain.points.chain import Sealed, seal
from loyalty_api.domain.points.dates import lot_dates
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.programs.document import Tiers, decode_document
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.domain.purchases.command import (
    Purchase,
    PurchaseLine,
    RecordPurchase,
    check_purchase,
    content_hash,
)
from loyalty_api.domain.purchases.receipt import Decided, make_answer, make_event, make_row
from loyalty_api.domain.tiers.rules import Window, window_of
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, local_date
from loyalty_api.kernel.ids import new_id


class Refused(Exception):
    """The purchase is refused: the status and why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


def _days_moved() -> ScalarSelect[int]:
    """The sum of the days that entered or left the window since the row was written."""
    first, last = bindparam("first", type_=Date), bindparam("last", type_=Date)
    entered = cast(TierDay.day.between(first, last), Integer)
    left = cast(TierDay.day.between(MemberTier.window_from, MemberTier.window_through), Integer)
    return (
        select(cast(func.coalesce(func.sum(TierDay.value * (entered - left)), 0), BigInteger))
        .where(
            TierDay.member_id == MemberTier.member_id,
            or_(
                and_(
                    TierDay.day >= func.least(MemberTier.window_from, first),
                    TierDay.day < func.greatest(MemberTier.window_from, first),
                ),
                and_(
                    TierDay.day > func.least(MemberTier.window_through, last),
                    TierDay.day <= func.greatest(MemberTier.window_through, last),
                ),
            ),
        )
        .correlate(MemberTier)
        .scalar_subquery()
    )


# Made once: they would be the dearest to compose anew for each request.
_STANDING = select(
    MemberTier,
    case(
        (
            and_(MemberTier.window_from == bindparam("first"), MemberTier.window_through == bindparam("last")),
            0,
        ),
        else_=_days_moved(),
    ),
).where(MemberTier.member_id == bindparam("member_id"))
_reviews = insert(TierReview.__table__)
_ASK_REVIEW = _reviews.on_conflict_do_update(index_elements=["member_id"], set_={"policy": 0})
_days = insert(TierDay.__table__)
_ADD_DAY = _days.on_conflict_do_update(
    index_elements=["member_id", "day"], set_={"value": TierDay.value + _days.excluded.value}
)

_programs: dict[UUID, Program] = {}  # documents are read once per version and kept


async def record_purchase(
    session: AsyncSession, purchase: Purchase, *, key: str, received_at: datetime
) -> tuple[int, bytes]:
    """(201, the answer) or (200, the first answer told again). The caller commits."""
    caller, program = await _admit(session, key, received_at)
    command = _make_command(purchase, caller, received_at)
    now = program.present(received_at)
    who = _who_is(program, purchase, now)
    claim = await session.get(ReferenceClaim, (program.id, "purchase", purchase.source, purchase.reference))
    if claim is not None:
        return 200, await _first_answer(session, claim, command, who)

    member, balance, blocked_at = await _lock_member(session, program, who)
    if blocked_at is not None:
        raise Refused(409, "this identifier is blocked")
    current, then = program.version_at(now), program.version_at(purchase.occurred_at)
    _check(purchase, program, current, now, member)
    window = window_of(current.document.tiers, local_date(now, program.zone))
    standing = await _standing(session, member.member_id, window)

    tier = await _tier_at(session, then.document.tiers, standing, purchase.occurred_at)
    local = purchase.occurred_at.astimezone(program.zone)
    basket = Basket(_lines(purchase), tier, local.date(), local.hour * 60 + local.minute, purchase.total_minor)
    compiled = compile_version(program, then)
    decision = decide(compiled, basket)
    recorded_at = max(now, balance.last_recorded_at or now)
    balance.last_recorded_at = recorded_at
    balance.last_purchase_at = max(purchase.occurred_at, balance.last_purchase_at or purchase.occurred_at)
    cause = Cause("purchase", new_id(), purchase.occurred_at, recorded_at)
    pending = _earn(session, balance, decision, cause, program, then)
    move = await _count(session, standing, current.document.tiers, window, decision.base_minor, local.date(), cause)

    decided = Decided(
        command=command,
        cause=cause,
        decision=decision,
        pending=pending,
        transfer_seq=balance.transfer_seq if decision.points else None,
        value=decision.base_minor,
        version=then.number,
        tier=tier,
        balance=balance,
        standing=standing,
        tiers=current.document.tiers,
        move=move,
        compiled=compiled,
        basket=basket,
        coupons=[],
    )
    answer = make_answer(decided)
    row = make_row(decided)
    row.answer = answer
    session.add(PurchaseRecord(**_set(msgspec.structs.asdict(row))))
    session.add(OutboxRecord(**_set(make_event(row, decided)._asdict())))
    session.add(
        ReferenceClaim(
            program_id=program.id,
            kind="purchase",
            source=purchase.source,
            reference=purchase.reference,
            member_id=member.member_id,
            record_id=cause.id,
            content_hash=command.content_hash,
        )
    )
    return 201, answer


async def _admit(session: AsyncSession, key: str, received_at: datetime) -> tuple[ApiKey, Program]:
    """The key and its program, in one statement."""
    found = await session.execute(
        select(ApiKey, ProgramRecord)
        .join(ProgramRecord, ProgramRecord.program_id == ApiKey.program_id)
        .where(ApiKey.key_hash == hash_key(key), ApiKey.revoked_at.is_(None))
    )
    row = found.one_or_none()
    if row is None or (row[0].expires_at is not None and received_at >= row[0].expires_at):
        raise Refused(401, "this API key is not known, or not any more")
    caller, record = row
    if {"till", "manage", "admin"}.isdisjoint(caller.scopes):
        raise Refused(403, "this key may not record purchases")
    known = _programs.get(record.program_id)
    if known is None or (known.newest_version, known.clock_now) != (record.newest_version, record.clock_now):
        known = _programs[record.program_id] = await _read_program(session, record)
    return caller, known


async def _read_program(session: AsyncSession, record: ProgramRecord) -> Program:
    versions = await session.scalars(
        select(ProgramVersionRecord).where(ProgramVersionRecord.program_id == record.program_id)
    )
    read = [
        Version(
            number=each.version,
            effective_at=each.effective_at or BEGINNING_OF_TIME,
            published_at=each.published_at,
            published_by=each.published_by,
            document=decode_document(each.document),
        )
        for each in versions
    ]
    return Program(
        id=record.program_id,
        code=record.code,
        mode=record.mode,
        currency=record.currency,
        zone=ZoneInfo(record.time_zone),
        newest_version=record.newest_version,
        clock_now=record.clock_now,
        versions=tuple(sorted(read, key=lambda version: (version.effective_at, version.number))),
    )


def _make_command(purchase: Purchase, caller: ApiKey, received_at: datetime) -> RecordPurchase:
    errors = check_purchase(purchase)
    if errors:
        raise Refused(422, f"{errors[0].field}: {errors[0].message}")
    if caller.store is not None and purchase.store not in (None, caller.store):
        raise Refused(403, f"this key belongs to store {caller.store}")
    return RecordPurchase(
        program_id=caller.program_id,
        purchase=purchase,
        content_hash=content_hash(purchase),
        received_at=received_at,
        key_id=caller.key_id,
        store=purchase.store or caller.store,
    )


def _who_is(program: Program, purchase: Purchase, now: datetime) -> Identifier | UUID:
    member: Any = purchase.member
    if member.id is not None:
        return member.id
    region = program.version_at(now).document.region
    return read_identifier(member.identifier, program_id=program.id, region=region, field="member.identifier")


async def _first_answer(
    session: AsyncSession, claim: ReferenceClaim, command: RecordPurchase, who: Identifier | UUID
) -> bytes:
    member_id = who
    if isinstance(who, Identifier):
        known = await session.get(IdentifierClaim, who)
        member_id = known.member_id if known else None
    if claim.member_id != member_id or claim.content_hash != command.content_hash:
        raise Refused(409, "this reference was used for another purchase")
    purchase = await session.get_one(PurchaseRecord, (claim.member_id, claim.record_id))
    return purchase.answer


async def _lock_member(
    session: AsyncSession, program: Program, who: Identifier | UUID
) -> tuple[Member, Balance, datetime | None]:
    """The member, their locked balance, and since when the identifier is blocked, in one statement."""
    statement = select(Member, Balance).join(Balance, Balance.member_id == Member.member_id)
    if isinstance(who, Identifier):
        statement = (
            statement.add_columns(IdentifierClaim.blocked_at)
            .join(IdentifierClaim, IdentifierClaim.member_id == Member.member_id)
            .where(
                IdentifierClaim.program_id == who.program_id,
                IdentifierClaim.kind == who.kind,
                IdentifierClaim.value == who.value,
            )
        )
    else:
        statement = statement.where(Member.member_id == who, Member.program_id == program.id)
    row = (await session.execute(statement.with_for_update(of=Balance))).one_or_none()
    if row is None:
        raise Refused(404, "nobody in this program is known by that")
    return row[0], row[1], row[2] if len(row) > 2 else None


def _check(purchase: Purchase, program: Program, current: Version, now: datetime, member: Member) -> None:
    settings = current.document.purchases
    if purchase.currency != program.currency:
        raise Refused(422, f"currency: must be {program.currency}")
    if purchase.redemptions:
        raise Refused(422, "redemptions[0]: is not a redemption of this member")
    if purchase.occurred_at > now + CLOCKS_APART_MAX:
        raise Refused(422, "occurred_at: lies in the future")
    if purchase.occurred_at < now - timedelta(days=settings.late_days):
        raise Refused(422, "occurred_at: is too long ago")
    if purchase.occurred_at < member.counts_from and settings.before_enrolment == "refuse":
        raise Refused(409, "the member enrolled after this purchase")


async def _standing(session: AsyncSession, member_id: UUID, window: Window) -> MemberTier:
    """The member's tier row, its sum moved to ``window``, in one statement. The balance is locked by now."""
    found = await session.execute(_STANDING, {"member_id": member_id, "first": window.first, "last": window.last})
    standing, moved = found.one()
    standing.window_sum += moved
    standing.window_from, standing.window_through = window
    return standing


async def _tier_at(
    session: AsyncSession, tiers: Tiers | None, standing: MemberTier, occurred_at: datetime
) -> str | None:
    """The tier held when the purchase occurred; older ones than the present are read only for a late receipt."""
    if tiers is None:
        return None
    held = standing.tier
    if standing.since is not None and occurred_at < standing.since:
        held = await session.scalar(
            select(TierMove.to_tier)
            .where(TierMove.member_id == standing.member_id, TierMove.effective_at <= occurred_at)
            .order_by(TierMove.seq.desc())
            .limit(1)
        )
    codes = [level.code for level in tiers.levels]
    return held if held in codes else codes[0]


def _lines(purchase: Purchase) -> list[PurchaseLine]:
    if purchase.lines is not None:
        return purchase.lines
    return [PurchaseLine(amount_minor=purchase.total_minor, quantity=Decimal(0))]


def _earn(
    session: AsyncSession, balance: Balance, decision: Decision, cause: Cause, program: Program, then: Version
) -> int:
    """Books the points as one sealed transfer and one lot; how many of them are pending."""
    points = decision.points
    if not points:
        return 0
    dates = lot_dates(
        then.document.points, zone=program.zone, occurred_at=cause.occurred_at, recorded_at=cause.recorded_at
    )
    if dates.pending:
        balance.pending += points
    else:
        balance.spendable += points
    balance.lifetime_earned += points
    balance.transfer_seq += 1
    account = Account.PENDING if dates.pending else Account.SPENDABLE
    sealed = Sealed(
        balance.member_id,
        balance.transfer_seq,
        balance.program_id,
        "earn",
        Account.ISSUED.value,
        account.value,
        points,
        cause.kind,
        cause.id,
        cause.occurred_at,
        cause.recorded_at,
    )
    balance.head_hash = seal(balance.head_hash, sealed)
    session.add(
        Transfer(
            **sealed._asdict(),
            spendable_after=balance.spendable,
            pending_after=balance.pending,
            reserved_after=balance.reserved,
            debt_after=balance.debt,
            hash=balance.head_hash,
        )
    )
    session.add(
        Lot(
            member_id=balance.member_id,
            lot_id=new_id(),
            program_id=balance.program_id,
            transfer_seq=balance.transfer_seq,
            points=points,
            remaining=points,
            pending=dates.pending,
            earned_at=cause.occurred_at,
            available_at=dates.available_at,
            expires_at=dates.expires_at,
        )
    )
    due = dates.available_at if dates.pending else dates.expires_at
    if due is not None and (balance.next_due_at is None or due < balance.next_due_at):
        balance.next_due_at = due
    return points if dates.pending else 0


async def _count(
    session: AsyncSession,
    standing: MemberTier,
    tiers: Tiers | None,
    window: Window,
    value: int,
    day: date,
    cause: Cause,
) -> Moved | None:
    """Adds the purchase to its day and to the window, and moves the tier up where that reaches one."""
    if window.first <= day <= window.last:
        standing.window_sum += value
    if standing.counted_until is None or cause.occurred_at > standing.counted_until:
        standing.counted_until = cause.occurred_at
    await session.execute(
        _ADD_DAY, {"member_id": standing.member_id, "day": day, "program_id": standing.program_id, "value": value}
    )
    move = standing.move_up(tiers)
    if move is not None:
        session.add(
            TierMove(
                member_id=standing.member_id,
                seq=standing.moves,
                program_id=standing.program_id,
                **move._asdict(),
                reason="reached",
                recorded_at=cause.recorded_at,
            )
        )
        review = {"member_id": standing.member_id, "program_id": standing.program_id, "policy": 0, "moves": 0}
        await session.execute(_ASK_REVIEW, review)
    return move


def _set(columns: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty: a JSON column that is set to None would store JSON's null instead of nothing."""
    return {name: value for name, value in columns.items() if value is not None}
