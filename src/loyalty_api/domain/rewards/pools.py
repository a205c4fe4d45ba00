"""Opening a pool of coupon codes, and adding codes to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.rewards.codes import make_code, make_place, plain_code
from loyalty_api.domain.rewards.coupon_effect import CouponEffect
from loyalty_api.domain.rewards.refusals import CodeTaken, PoolExists
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.refusals import FieldError, InvalidRequest

CODES_MAX = 100_000  # at a time
CODE_LENGTH_MAX = 100


class NewCodes(NamedTuple):
    """Codes that came into a pool, as they are written."""

    pool: str
    codes: list[str]


_FIND = "SELECT uses, effect FROM coupon_pools WHERE program_id = $1 AND pool = $2 FOR UPDATE"
_OPEN = """
INSERT INTO coupon_pools (program_id, pool, uses, effect, size, made_at, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
"""
_GROW = "UPDATE coupon_pools SET size = size + $3 WHERE program_id = $1 AND pool = $2"
_ADD = """
INSERT INTO coupon_codes (program_id, code, written, pool, place, uses, used)
SELECT $1, c.code, c.written, $2, c.place, $3, 0
FROM unnest($4::text[], $5::text[], $6::int[]) AS c (code, written, place)
ON CONFLICT DO NOTHING RETURNING code
"""


async def add_codes(
    connection: Connection,
    *,
    program_id: UUID,
    pool: str,
    codes: Sequence[str] | None,
    generate: int | None,
    uses: int,
    effect: CouponEffect | None,
    now: datetime,
    actor: str,
) -> NewCodes:
    """Opens a pool with these codes, or with fresh ones; adds them where there is the same pool already.

    Refuses: InvalidRequest (neither or both; a code that is empty or twice), CodeTaken, PoolExists.
    """
    if (codes is None) == (generate is None):
        raise InvalidRequest.of(FieldError("codes", "must be given, or generate must say how many to make"))
    written = [code.strip() for code in codes] if codes is not None else _fresh(generate or 0)
    plain = [plain_code(code) for code in written]
    _check_codes(plain)
    said = msgspec.json.encode(effect) if effect else None
    found = await connection.fetchrow(_FIND, program_id, pool)
    if found is None:
        opened = await connection.execute(_OPEN, program_id, pool, uses, said, len(plain), now, actor)
        if opened != "INSERT 0 1":
            raise RaceLost
    elif (found["uses"], found["effect"]) != (uses, said):
        raise PoolExists(f"There is a pool {pool} of other uses or with another effect; codes are added with the same.")
    else:
        await connection.execute(_GROW, program_id, pool, len(plain))
    places = [make_place() for _ in plain]
    made = {row[0] for row in await connection.fetch(_ADD, program_id, pool, uses, plain, written, places)}
    if len(made) < len(plain):
        taken = next(index for index, code in enumerate(plain) if code not in made)
        raise CodeTaken.of(FieldError(f"codes[{taken}]", "is in a pool of this program already"))
    return NewCodes(pool, written)


def _fresh(count: int) -> list[str]:
    made: dict[str, None] = {}
    while len(made) < count:
        made[make_code()] = None
    return list(made)


def _check_codes(plain: Sequence[str]) -> None:
    errors, seen = [], set()
    for index, code in enumerate(plain):
        if not code:
            errors.append(FieldError(f"codes[{index}]", "must have a letter or digit"))
        elif code in seen:
            errors.append(FieldError(f"codes[{index}]", "is there twice"))
        seen.add(code)
    if errors:
        raise InvalidRequest.of(*errors[:100])
