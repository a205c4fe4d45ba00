"""The rehearsal before the load: everybody records the same purchases, and what they leave is compared.

It also leaves what the others need of the product: the arguments of the stored function, and one small purchase.
"""

from __future__ import annotations

import random
from contextlib import AsyncExitStack
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.postgres.function import arguments_of, call, create_function
from benchmarks.purchases import BASKETS, SEED, basket
from benchmarks.same_rows import NotTheSame, check_answers, check_rows, check_seals, rows_left
from benchmarks.served import HOST
from benchmarks.shop import FIRST_CARD
from benchmarks.stage import Stage
from benchmarks.till import Till
from loyalty_api.kernel.clock import now

RECORDED, REPLAYED, REFUSED, UNAUTHENTICATED = 201, 200, 409, 401


class Rehearsed(NamedTuple):
    """``arguments``: of the stored function, for a basket of middling size. ``small``: a member of the product's
    database with one purchase of a hundredth of a euro."""

    arguments: dict[str, str]
    small: UUID


async def rehearse(stage: Stage, *, orm: bool) -> Rehearsed:
    """Raises NotTheSame. Without ``orm`` only the stored function is compared."""
    present = now()
    usual = _middling(present) | _named("REHEARSAL-1", FIRST_CARD)
    dear = _priced(200_00, present) | _named("REHEARSAL-2", FIRST_CARD)  # lifts the tier
    small = _priced(1, present) | _named("REHEARSAL-3", FIRST_CARD + 1)
    till = Till(HOST, stage.served("product").port, stage.shop.key)
    async with AsyncExitStack() as opened:
        product = await _connect(opened, stage.url("product"))
        function = await _connect(opened, stage.url("alone"))
        member_id = await _member(product, FIRST_CARD)
        answers = {}
        for purchase in (usual, dear):
            answers[purchase["reference"]] = _post(till, purchase, RECORDED, "the product")
            arguments = await arguments_of(product, member_id=member_id, reference=purchase["reference"])
            if purchase is usual:
                await create_function(function, product, member_id=member_id)
                usual_arguments = arguments
            await _compare_function(product, function, member_id, arguments)
        if orm:
            rival = await _connect(opened, stage.url("orm"))
            await _compare_orm(stage, product, rival, member_id, answers, (usual, dear))
        _post(till, small, RECORDED, "the product")
        return Rehearsed(usual_arguments, await _member(product, FIRST_CARD + 1))


async def _compare_function(
    product: asyncpg.Connection, function: asyncpg.Connection, member_id: UUID, arguments: dict[str, str]
) -> None:
    whose = "the stored function"
    first = await call(function, arguments)
    check_rows(await rows_left(product, member_id), await rows_left(function, member_id), whose)
    if await call(function, arguments) != first:
        raise NotTheSame(f"{whose} answered a known reference otherwise than first")
    try:
        await call(function, arguments | {"p_content_hash": "\\x00"})
    except asyncpg.RaiseError:
        return
    raise NotTheSame(f"{whose} took a known reference with another content")


async def _compare_orm(
    stage: Stage,
    product: asyncpg.Connection,
    orm: asyncpg.Connection,
    member_id: UUID,
    answers: dict[str, bytes],
    purchases: tuple[dict, ...],
) -> None:
    whose = "the ORM"
    till = Till(HOST, stage.served("orm").port, stage.shop.key)
    for purchase in purchases:
        first = _post(till, purchase, RECORDED, whose)
        check_answers(answers[purchase["reference"]], first, whose)
        if _post(till, purchase, REPLAYED, whose) != first:
            raise NotTheSame(f"{whose} answered a known reference otherwise than first")
        _post(till, purchase | {"employee": "e-10"}, REFUSED, whose)
        _post(till, purchase | {"member": {"identifier": f"card:{FIRST_CARD + 1}"}}, REFUSED, whose)
    _post(Till(HOST, stage.served("orm").port, "lk_nobody"), purchases[0], UNAUTHENTICATED, whose)
    check_rows(await rows_left(product, member_id), await rows_left(orm, member_id), whose)
    await check_seals(product, member_id, "the product")
    await check_seals(orm, member_id, whose)


def _post(till: Till, purchase: dict, expected: int, whose: str) -> bytes:
    status, answer = till.post(purchase)
    if status != expected:
        raise NotTheSame(f"{whose} answered {status}, not {expected}: {answer.decode()[:500]}")
    return answer


def _middling(at: datetime) -> dict:
    """The basket that half of all are smaller than, written out."""
    draw = random.Random(SEED)
    baskets = sorted((basket(draw, at) for _ in range(BASKETS)), key=lambda each: len(msgspec.json.encode(each)))
    return baskets[BASKETS // 2]


def _priced(amount_minor: int, at: datetime) -> dict:
    """Two lines, of which the first costs everything."""
    made = _middling(at)
    first, second = made["lines"][:2]
    lines = [first | {"amount_minor": amount_minor, "tax_minor": 0}, second | {"amount_minor": 0, "tax_minor": 0}]
    return made | {"lines": lines, "total_minor": amount_minor}


def _named(reference: str, card: int) -> dict:
    return {"reference": reference, "member": {"identifier": f"card:{card}"}}


async def _member(connection: asyncpg.Connection, card: int) -> UUID:
    return await connection.fetchval(
        "SELECT member_id FROM identifier_claims WHERE kind = 'card' AND value = $1", str(card)
    )


async def _connect(opened: AsyncExitStack, url: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(url)
    opened.push_async_callback(connection.close)
    return connection
