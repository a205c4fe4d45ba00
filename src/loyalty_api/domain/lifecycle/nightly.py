"""What time brings, for one program: run at any moment, by any number of workers, and again after it was cut off.

The order of a night, at the start of the local day:

1. pending points mature and available ones expire, member by member in the order of their instants;
2. automatic rewards are redeemed by whoever reached them;
3. tiers are reviewed, by what time has taken out of their windows;
4. notices of expiry are given.

In between, only the first is run, and reservations that ran out are closed, whose points are free by then already.
Each step goes page by page, a transaction for each page, and finds by itself what is left to do; nights count as run
when all of them are done. Nights that no worker was there for are made up for: a test program, whose clock moves by
days at once, lives through each of them at its own time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.points.give_notice import give_notices
from loyalty_api.domain.points.settle_due import Place, settle_due
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.rewards.expire import expire_due
from loyalty_api.domain.rewards.redeem_reached import redeem_reached
from loyalty_api.domain.tiers.review import review_due
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, add_days, local_date, start_of_day
from loyalty_api.kernel.database import Connection, Database

NIGHTS_MAX = 4000  # as far as points and tiers look; a clock that jumps farther runs the last of them

_BEGINNING: Place = (BEGINNING_OF_TIME, UUID(int=0))
_THROUGH = "SELECT through FROM program_nights WHERE program_id = $1"
_RAN = """
INSERT INTO program_nights AS n (program_id, through) VALUES ($1, $2)
ON CONFLICT (program_id) DO UPDATE SET through = EXCLUDED.through
"""


class Ran(msgspec.Struct, frozen=True):
    """What was done: transfers of points that matured or expired, tiers that were lowered, lots whose members had
    notice, reservations that ran out, and automatic rewards."""

    nights: int = 0
    transfers: int = 0
    tiers: int = 0
    notices: int = 0
    reservations: int = 0
    rewards: int = 0

    def __add__(self, other: Ran) -> Ran:
        return Ran(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))


async def run_due(database: Database, program: Program, *, now: datetime) -> Ran:
    """Runs everything that is due by ``now``, the program's present, with the nights since the last one that was run.

    A program's first run makes up for no night, and begins with the present one.
    """
    ran = Ran()
    nights = await _nights(database, program, now)
    for night in nights:
        at = start_of_day(night, program.zone) if program.mode == "test" else now
        ran += await _night(database, program, now=at)
    if nights:
        await database.write(lambda connection: connection.execute(_RAN, program.id, nights[-1]))
    ran += Ran(transfers=await _settle(database, program, now=now))
    while closed := await database.write(lambda connection: expire_due(connection, program, now=now)):
        ran += Ran(reservations=closed)
    return ran


async def _nights(database: Database, program: Program, now: datetime) -> list[date]:
    """The local days, today's the last, whose nights are to be run."""
    today = local_date(now, program.zone)
    async with database.reader() as connection:
        through: date | None = await connection.fetchval(_THROUGH, program.id)
    if through is None or through > today:  # the clock was set back before anything had happened
        return [today]
    count = min((today - through).days, NIGHTS_MAX)
    return [add_days(today, -ago) for ago in reversed(range(count))]


async def _night(database: Database, program: Program, *, now: datetime) -> Ran:
    return Ran(
        nights=1,
        transfers=await _settle(database, program, now=now),
        rewards=await _redeem(database, program, now=now),
        tiers=await _review(database, program, now=now),
        notices=await _by_page(
            database, lambda connection, after: give_notices(connection, program, now=now, after=after)
        ),
    )


async def _redeem(database: Database, program: Program, *, now: datetime) -> int:
    redeemed, after = 0, UUID(int=0)
    while after is not None:
        start: UUID = after
        count, after = await database.write(
            lambda connection, start=start: redeem_reached(connection, program, now=now, after=start)
        )
        redeemed += count
    return redeemed


async def _settle(database: Database, program: Program, *, now: datetime) -> int:
    return await _by_page(database, lambda connection, after: settle_due(connection, program, now=now, after=after))


async def _review(database: Database, program: Program, *, now: datetime) -> int:
    lowered, more = 0, True
    while more:
        count, more = await database.write(lambda connection: review_due(connection, program, now=now))
        lowered += count
    return lowered


async def _by_page(database: Database, page: Callable[[Connection, Place], Awaitable[tuple[int, Place | None]]]) -> int:
    """The sum of what the pages did, each in a transaction of its own."""
    done, place = 0, _BEGINNING
    while place is not None:
        start: Place = place
        count, place = await database.write(lambda connection, start=start: page(connection, start))
        done += count
    return done
