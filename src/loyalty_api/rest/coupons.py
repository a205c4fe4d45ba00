"""Coupons over REST: pools of codes, and using a code."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.refusals import OtherStore
from loyalty_api.domain.members.refusals import NOT_ACTIVE, CodeExpired, IdentifierBlocked, MemberNotFound
from loyalty_api.domain.programs.parts import Code
from loyalty_api.domain.rewards.answer import CouponAnswer
from loyalty_api.domain.rewards.command import UseCoupon
from loyalty_api.domain.rewards.coupon_effect import CouponEffect, check_coupon_effect
from loyalty_api.domain.rewards.pools import CODE_LENGTH_MAX, CODES_MAX, add_codes
from loyalty_api.domain.rewards.queries import Pool, list_pools, read_pool
from loyalty_api.domain.rewards.refusals import (
    CodeTaken,
    CouponNotFound,
    CouponOfPurchases,
    CouponReferenceReused,
    CouponUsedUp,
    PoolExists,
    PoolNotFound,
)
from loyalty_api.domain.rewards.use_coupon import use_coupon
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import InvalidRequest
from loyalty_api.rest.door import Door
from loyalty_api.rest.idempotency import tell_outcome, write_once
from loyalty_api.rest.redemptions import make_command
from loyalty_api.rest.route import Answer, Call, Route, answer_json

CodeText = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=CODE_LENGTH_MAX,
        pattern=r"^[^/\x00-\x1f\x7f]+$",
        description="compared whatever the case, the blanks and the hyphens",
    ),
]


class PoolBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pool of codes: uploaded ones, or so many to ``generate``. ``uses``: how often each may be used."""

    code: Code
    codes: Annotated[list[CodeText], Meta(min_length=1, max_length=CODES_MAX)] | None = None
    generate: Annotated[int, Meta(ge=1, le=CODES_MAX)] | None = None
    uses: Annotated[int, Meta(ge=1, le=10**6)] = 1
    effect: CouponEffect | None = None


class PoolView(msgspec.Struct, frozen=True, kw_only=True):
    """A pool. ``left``: how many codes were neither given out nor used; ``effect`` null: the till's matter."""

    code: str
    uses: int
    effect: CouponEffect | None
    size: int
    left: int
    made_at: str


class PoolAnswer(PoolView, frozen=True, kw_only=True):
    """The pool, and the codes that came into it."""

    codes: list[str]


class PoolList(msgspec.Struct, frozen=True):
    """All pools of the program, by code."""

    items: list[PoolView]
    next_cursor: None = None


async def add(door: Door, call: Call) -> Answer:
    """201 with the pool and its new codes."""
    body: PoolBody = call.body
    errors = list(check_coupon_effect(body.effect)) if body.effect is not None else []
    if errors:
        raise InvalidRequest.of(*errors)

    async def work(connection: Connection) -> Answer:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        added = await add_codes(
            connection,
            program_id=program.id,
            pool=body.code,
            codes=body.codes,
            generate=body.generate,
            uses=body.uses,
            effect=body.effect,
            now=now,
            actor=call.known.actor,
        )
        pool = await read_pool(connection, program_id=program.id, now=now, pool=body.code)
        view = msgspec.structs.asdict(_view(pool))
        return answer_json(PoolAnswer(codes=added.codes, **view), 201)

    return await write_once(door, call, work)


async def list_(door: Door, call: Call) -> Answer:
    """All pools."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        pools = await list_pools(connection, program_id=program.id, now=program.present(call.received_at))
    return answer_json(PoolList([_view(pool) for pool in pools]))


async def read(door: Door, call: Call) -> Answer:
    """One pool."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        pool = await read_pool(connection, program_id=program.id, now=now, pool=_plain(call.path["pool"]))
    return answer_json(_view(pool))


async def use(door: Door, call: Call) -> Answer:
    """201 with a fresh answer, or 200 with the first one, to the byte."""
    code = _plain(call.path["code"])
    if len(code) > CODE_LENGTH_MAX:
        raise CouponNotFound("No pool of this program has such a code.")
    command = make_command(call.body, call.known, call.received_at, code)
    return tell_outcome(await door.database.write(lambda connection: use_coupon(connection, door.catalogue, command)))


def _plain(text: str) -> str:
    """A part of the address as text that the database takes."""
    return unquote(text).replace("\x00", "")


def _view(pool: Pool) -> PoolView:
    return PoolView(
        code=pool.pool,
        uses=pool.uses,
        effect=pool.effect,
        size=pool.size,
        left=pool.left,
        made_at=rfc3339(pool.made_at),
    )


EXAMPLE_POOL = {"code": "spring", "generate": 2, "uses": 1, "effect": {"money_off": {"amount_minor": 500}}}
EXAMPLE_POOL_ANSWER = {
    "code": "spring",
    "uses": 1,
    "effect": {"money_off": {"amount_minor": 500}},
    "size": 2,
    "left": 2,
    "made_at": "2026-11-21T09:14:03Z",
    "codes": ["K7QM-2XWA-9HTR", "B4NE-YS6U-3CVD"],
}
EXAMPLE_USE = {
    "reference": "coupon-5",
    "member": {"identifier": "card:4006381333931"},
    "purchase_preview": {"total_minor": 1990},
}
EXAMPLE_USE_ANSWER = {
    "id": "019a2011-0405-775b-a666-3189a5d947d7",
    "code": "K7QM-2XWA-9HTR",
    "pool": "spring",
    "member": "019a2011-0405-775b-a666-3189a5d947d0",
    "uses_left": 0,
    "effect": {"money_off": {"amount_minor": 500}},
    "amount_minor": 500,
}

ROUTES = [
    Route(
        method="POST",
        path="/v1/coupons/pools",
        handler=add,
        summary="Open a pool of coupon codes, uploaded or generated; for a pool that there is, add codes to it",
        idempotent=True,
        body=PoolBody,
        answer=PoolAnswer,
        status=201,
        refusals=(PoolExists, CodeTaken),
        example=EXAMPLE_POOL,
        example_answer=EXAMPLE_POOL_ANSWER,
    ),
    Route(
        method="GET",
        path="/v1/coupons/pools",
        handler=list_,
        summary="List the pools of coupon codes, with what is left of each",
        answer=PoolList,
    ),
    Route(
        method="GET",
        path="/v1/coupons/pools/{pool}",
        handler=read,
        summary="Read a pool of coupon codes, with what is left of it",
        answer=PoolView,
        refusals=(PoolNotFound,),
    ),
    Route(
        method="POST",
        path="/v1/coupons/{code}/redeem",
        handler=use,
        summary="Use a coupon; the same reference again answers 200 with the first answer, to the byte",
        body=UseCoupon,
        answer=CouponAnswer,
        status=201,
        refusals=(
            MemberNotFound,
            IdentifierBlocked,
            CodeExpired,
            *NOT_ACTIVE,
            CouponNotFound,
            CouponOfPurchases,
            CouponUsedUp,
            CouponReferenceReused,
            OtherStore,
        ),
        example=EXAMPLE_USE,
        example_answer=EXAMPLE_USE_ANSWER,
    ),
]
