"""Using a coupon by itself, without a purchase that lists it."""

from __future__ import annotations

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.claim import Claim, Key
from loyalty_api.domain.points.post import Cause
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.rewards.answer import CouponAnswer, encode_answer
from loyalty_api.domain.rewards.codes import plain_code
from loyalty_api.domain.rewards.command import Command
from loyalty_api.domain.rewards.counter import Counter
from loyalty_api.domain.rewards.coupons import Coupon, Coupons, CouponUse, find_coupons, first_uses
from loyalty_api.domain.rewards.gather import Asking, check_currency, find_again, find_asking, open_counter
from loyalty_api.domain.rewards.price import worth
from loyalty_api.domain.rewards.redeem import write_counter
from loyalty_api.domain.rewards.refusals import CouponNotFound, CouponOfPurchases, CouponReferenceReused
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id


async def use_coupon(connection: Connection, catalogue: Catalogue, command: Command) -> Answered:
    """The answer, fresh or the first one told again.

    Refuses: MemberNotFound, IdentifierBlocked, CodeExpired, MemberSuspended, MemberClosed, MemberErased,
    CouponReferenceReused, CouponNotFound, CouponOfPurchases, CouponUsedUp, InvalidRequest (a basket of another
    currency).
    """
    program = await catalogue.one(connection, command.program_id)
    now = program.present(command.received_at)
    key = Key(program.id, "coupon", command.asked.source, command.asked.reference)
    asking = await find_asking(connection, program, command, key)
    if asking.claim is not None:
        return await _again(connection, asking.claim, asking, command)
    check_currency(command.asked, program)
    found = await find_coupons(connection, [(program.id, plain_code(command.code))])
    if not found:
        raise CouponNotFound("No pool of this program has such a code.")
    if found[0].effect is not None and found[0].effect.multiplier is not None:
        raise CouponOfPurchases("This coupon multiplies the points of a purchase; list it with the purchase.")
    pools = [found[0].pool]
    counter = await open_counter(connection, program, [asking.member_id], [], now=now, pools=pools)
    asking = await find_again(connection, program, command, key, counter)
    if asking.claim is not None:
        return await _again(connection, asking.claim, asking, command)
    coupons = Coupons(await find_coupons(connection, [(program.id, found[0].code)]))
    coupon = coupons.find(program.id, found[0].code)
    assert coupon is not None, "codes never go"
    coupons.check(counter, coupon)
    balance = counter.book.balances[asking.member_id]
    cause = Cause("coupon", new_id(), now, balance.record_at(now))
    answer = _use(counter, coupons, coupon, command, asking, cause)
    claim = Claim(asking.member_id, cause.id, command.content_hash)
    await write_counter(connection, counter, {key: claim}, coupons)
    return Answered(answer, replayed=False)


def _use(counter: Counter, coupons: Coupons, coupon: Coupon, command: Command, asking: Asking, cause: Cause) -> bytes:
    asked = command.asked
    total_minor = asked.purchase_preview.total_minor if asked.purchase_preview else None
    amount_minor, limited_by = worth(coupon.effect, total_minor) if coupon.effect else (None, None)
    answer = encode_answer(
        CouponAnswer(
            id=cause.id,
            code=coupon.written,
            pool=coupon.pool,
            member=asking.member_id,
            uses_left=coupons.uses_left(coupon) - 1,
            effect=coupon.effect,
            amount_minor=amount_minor,
            limited_by=limited_by,
        )
    )
    use = CouponUse(
        member_id=asking.member_id,
        use_id=cause.id,
        program_id=command.program_id,
        source=asked.source,
        reference=asked.reference,
        code=coupon.code,
        pool=coupon.pool,
        amount_minor=amount_minor,
        purchase_id=None,
        used_at=cause.recorded_at,
        store=command.store,
        actor=command.actor,
        answer=answer,
    )
    coupons.use(counter, counter.book.balances[asking.member_id], coupon, cause, use)
    return answer


async def _again(connection: Connection, claim: Claim, asking: Asking, command: Command) -> Answered:
    claim.check(asking.known_as, command.content_hash, reused=CouponReferenceReused, what="a coupon")
    answers = await first_uses(connection, [(claim.member_id, claim.record_id)])
    return Answered(answers[claim.record_id], replayed=True)
