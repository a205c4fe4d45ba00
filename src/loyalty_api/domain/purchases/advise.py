"""Advice that protects the member before they pay: what they bought already, what they lose, what costs them less.

Only quotes carry it. Behind a purchase it comes too late to act on, and would cost every till a read of all lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.earning.answer import Advice
from loyalty_api.domain.earning.speech import Speech, speech_of, speech_to_members
from loyalty_api.domain.points.queries import Expiring, points_and_expiring
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.programs.reward import Reward
from loyalty_api.domain.purchases.command import AMOUNT_MINOR_MAX, Purchase
from loyalty_api.domain.rewards.catalogue import Offered
from loyalty_api.domain.rewards.price import worth
from loyalty_api.kernel.clock import add_days, local_date, start_of_day
from loyalty_api.kernel.database import Connection

LOOKED_AT_MAX = 50  # of a member's latest purchases, for what was bought today
EXPIRING_MAX = 3  # dates; a cashier reads out no more

_LATEST = """
SELECT p.purchase_id, p.occurred_at, p.lines FROM purchases p
WHERE p.member_id = $1 AND NOT EXISTS (
  SELECT FROM returns r WHERE r.member_id = p.member_id AND r.purchase_id = p.purchase_id
)
ORDER BY p.purchase_id DESC LIMIT $2
"""


class Bought(NamedTuple):
    """Something that the member bought earlier on the day of the basket and kept."""

    sku: str
    purchase_id: UUID
    occurred_at: datetime


async def advise(
    connection: Connection,
    program: Program,
    purchase: Purchase,
    *,
    member_id: UUID,
    offered: Sequence[Offered],
    now: datetime,
) -> list[Advice]:
    """What the member should know before paying for the basket, at ``now``, the program's present: the most urgent
    first. ``offered``: the rewards as they stand for the member. Writes nothing."""
    document = program.version_at(now).document
    speech = speech_of("en", document.currency)
    until = _notice_ends(program, now)
    _, expiring = await points_and_expiring(connection, member_id=member_id, zone=program.zone, now=now, until=until)
    bought = await _bought_that_day(connection, program, purchase, member_id)
    rewards = [each.reward for each in offered if each.hindered is None]
    return [
        *_again(speech, program, purchase, bought),
        *_expiring(speech, program, expiring),
        *cheaper(speech, rewards, purchase.total_minor),
    ]


def advise_at_rest(
    program: Program, *, language: str, expiring: list[Expiring], offered: Sequence[Offered], now: datetime
) -> list[Advice]:
    """What the member should know with no basket at hand, at ``now``, the program's present: what of ``expiring`` ends
    within the time of notice, then which reward takes as much off for fewer points (pure)."""
    document = program.version_at(now).document
    speech = speech_to_members(language, document.currency)
    until = _notice_ends(program, now)
    fixed = [each.reward for each in offered if each.hindered is None and each.reward.money_off is not None]
    return [
        *_expiring(speech, program, [each for each in expiring if each.at <= until]),
        *cheaper(speech, fixed, AMOUNT_MINOR_MAX),
    ]


def _notice_ends(program: Program, now: datetime) -> datetime:
    """The end of the last day of which members are told ahead."""
    days = program.version_at(now).document.points.notice_days
    return start_of_day(add_days(local_date(now, program.zone), days + 1), program.zone)


async def _bought_that_day(
    connection: Connection, program: Program, purchase: Purchase, member_id: UUID
) -> list[Bought]:
    """What the member bought before the basket on its local day, as far as nothing of it was returned."""
    if not any(line.sku for line in purchase.lines or ()):
        return []
    day = local_date(purchase.occurred_at, program.zone)
    found = []
    for row in await connection.fetch(_LATEST, member_id, LOOKED_AT_MAX):
        if row["occurred_at"] < purchase.occurred_at and local_date(row["occurred_at"], program.zone) == day:
            skus = {sku for line in _goods(row["lines"]) if (sku := line.get("sku"))}
            found += [Bought(sku, row["purchase_id"], row["occurred_at"]) for sku in skus]
    return found


def _goods(lines: str | bytes) -> Iterable[dict[str, Any]]:
    return [line for line in msgspec.json.decode(lines) or () if line.get("kind", "product") == "product"]


def _again(speech: Speech, program: Program, purchase: Purchase, bought: list[Bought]) -> Iterator[Advice]:
    """One for each of the goods in the basket that was bought that day already, with the latest purchase of it."""
    latest = {each.sku: each for each in sorted(bought, key=lambda each: each.occurred_at)}
    skus = dict.fromkeys(line.sku for line in purchase.lines or () if line.kind == "product" and line.sku)
    for each in (latest[sku] for sku in skus if sku in latest):
        local = each.occurred_at.astimezone(program.zone)
        time = speech.clock(local.hour * 60 + local.minute)
        yield Advice(
            "bought_today",
            speech.say("advice.bought_today", goods=each.sku, time=time),
            sku=each.sku,
            purchase=each.purchase_id,
            at=each.occurred_at,
        )


def _expiring(speech: Speech, program: Program, expiring: list[Expiring]) -> Iterator[Advice]:
    for each in expiring[:EXPIRING_MAX]:
        text = speech.say("advice.expiring", points=speech.points(each.points), day=speech.day(_last(program, each)))
        yield Advice("expiring", text, points=each.points, at=each.at)


def _last(program: Program, expiring: Expiring) -> date:
    """The last local day on which the points may be spent."""
    return local_date(expiring.at - timedelta(microseconds=1), program.zone)


def cheaper(speech: Speech, rewards: Sequence[Reward], total_minor: int) -> Iterator[Advice]:
    """One for each reward that takes money off the basket for more points than another takes as much off: with the
    cheapest such other (pure)."""
    priced = [
        (reward.points, -off, reward.code)
        for reward in rewards
        if reward.points is not None and (off := worth(reward, total_minor)[0])
    ]
    priced.sort()
    for points, off, code in priced:
        less, other_off, other = next(each for each in priced if each[1] <= off)
        if less < points:
            told = {"points": speech.points(points), "off": speech.money(-off), "less": speech.points(less)}
            text = speech.say(
                "advice.cheaper_reward", reward=other, other_off=speech.money(-other_off), instead=code, **told
            )
            yield Advice("cheaper_reward", text, points=points - less, reward=other, instead_of=code)
