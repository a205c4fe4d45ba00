"""What the member should know now: what they lose soon, and what they could have for less."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from loyalty_api.domain.earning.answer import Advice as Advised
from loyalty_api.domain.purchases.advise import advise_at_rest
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.points import expiring_points
from loyalty_api.graphql.rewards import member_offered
from loyalty_api.graphql.scalars import Points


@strawberry.enum(description="What advice is about.")
class AdviceKind(Enum):
    """The kinds that need no basket."""

    EXPIRING = strawberry.enum_value("expiring", description="Points expire soon.")
    CHEAPER_REWARD = strawberry.enum_value("cheaper_reward", description="Another reward gives as much for less.")


@strawberry.type(description="Something that the member should know now.")
class Advice:
    """In the member's interest, whatever it costs the program."""

    kind: AdviceKind = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="The same as a sentence, in the member's language.")
    points: Points = strawberry.field(description="How many expire, or how many the other reward saves.")
    at: datetime | None = strawberry.field(description="When they expire; null: nothing does.")
    reward: str | None = strawberry.field(description="The code of the cheaper reward; null: it is about none.")
    instead_of: str | None = strawberry.field(description="The code of the dearer one; null: it is about none.")


async def member_advice(request: Request) -> list[Advice]:
    """The most urgent first."""
    program, now = await request.present()
    language = await request.language()
    found = advise_at_rest(
        program,
        language=language,
        expiring=await expiring_points(request),
        offered=await member_offered(request),
        now=now,
    )
    return [_advice(each) for each in found]


def _advice(advised: Advised) -> Advice:
    return Advice(
        kind=AdviceKind(advised.kind),
        text=advised.text,
        points=Points(advised.points or 0),
        at=advised.at,
        reward=advised.reward,
        instead_of=advised.instead_of,
    )
