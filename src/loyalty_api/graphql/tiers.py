"""The member's tier, and the way to the next."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import strawberry

from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.tiers.queries import Held, held_tiers
from loyalty_api.domain.tiers.rules import name_of, window_of
from loyalty_api.graphql.phones import OWN_ID, Request
from loyalty_api.graphql.scalars import Amount
from loyalty_api.kernel.clock import local_date


@strawberry.enum(description="What the tiers of a program count.")
class TierMeasure(Enum):
    """The measures of the program document."""

    SPEND = strawberry.enum_value("spend", description="Minor units that were spent.")
    POINTS_EARNED = strawberry.enum_value("points_earned", description="Points that were earned.")
    PURCHASES = strawberry.enum_value("purchases", description="Purchases.")


@strawberry.type(description="The way to the next tier, and what keeps this one.")
class TierProgress:
    """Counted in what the program measures: minor units spent, points earned, or purchases."""

    next: str | None = strawberry.field(description="The code of the next tier; null: this is the highest.")
    missing: Amount | None = strawberry.field(description="How much is missing to it; null: this is the highest.")
    needs: Amount | None = strawberry.field(
        description="How much the next tier takes in all; null: this is the highest."
    )
    until: date | None = strawberry.field(
        description="The last day on which the tier is held if nothing more is counted; null: it is never lost."
    )
    keeps: Amount | None = strawberry.field(
        description="How much, counted by then, keeps the tier longer; null: it is never lost."
    )


@strawberry.type(description="The tier that the member holds.")
class Tier:
    """As of the request."""

    id: strawberry.ID = strawberry.field(description=OWN_ID)
    code: str = strawberry.field(description="The tier's code in the program.")
    name: str = strawberry.field(description="The tier as people read it.")
    since: datetime | None = strawberry.field(
        description="Since when it is held; null: it is the one that everyone starts with."
    )
    measure: TierMeasure = strawberry.field(description="What the program's tiers count.")
    progress: TierProgress = strawberry.field(description="The way to the next tier, and what keeps this one.")


async def member_tier(request: Request) -> Tier | None:
    """The tier; None: the program has none."""
    program, now = await request.present()
    tiers = program.version_at(now).document.tiers
    if tiers is None:
        return None
    member_id = request.who.member_id
    window = window_of(tiers, local_date(now, program.zone))
    held = await request.once(
        "tier",
        lambda connection: held_tiers(
            connection, program_id=program.id, tiers=tiers, member_ids=[member_id], window=window
        ),
    )
    return _tier(request.own_id("tier"), held[member_id], tiers)


def _tier(own_id: strawberry.ID, held: Held, tiers: Tiers) -> Tier:
    above = next((level.from_ for level in tiers.levels if held.next and level.code == held.next.code), None)
    progress = TierProgress(
        next=held.next.code if held.next else None,
        missing=Amount(held.next.missing) if held.next else None,
        needs=Amount(above) if above is not None else None,
        until=held.keeps.until if held.keeps else None,
        keeps=Amount(held.keeps.missing) if held.keeps and held.keeps.until else None,
    )
    measure = TierMeasure(tiers.measure)
    return Tier(
        id=own_id, code=held.code, name=name_of(held.code), since=held.since, measure=measure, progress=progress
    )
