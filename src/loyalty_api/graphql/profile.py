"""What is known of the member."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import strawberry

from loyalty_api.graphql.phones import OWN_ID, Request


@strawberry.type(description="What the member decided last about one kind of consent.")
class Consent:
    """A decision."""

    kind: str = strawberry.field(description="About what, such as `marketing.email`.")
    given: bool = strawberry.field(description="Whether it is given.")
    decided_at: datetime = strawberry.field(description="When it was decided.")


@strawberry.type(description="What is known of the member; what they did not tell is null.")
class Profile:
    """Personal data."""

    id: strawberry.ID = strawberry.field(description=OWN_ID)
    given_name: str | None = strawberry.field(description="First name.")
    family_name: str | None = strawberry.field(description="Last name.")
    email: str | None = strawberry.field(description="E-mail address.")
    phone: str | None = strawberry.field(description="Phone number.")
    birth_date: date | None = strawberry.field(description="Date of birth.")
    language: str | None = strawberry.field(description="The language that the member wants, such as `de`.")
    enrolled_at: datetime = strawberry.field(description="Since when they are a member.")
    consents: list[Consent] = strawberry.field(description="What they decided last, by kind.")


async def member_profile(request: Request) -> Profile:
    """The profile."""
    member = await request.member()
    told: dict[str, Any] = member.profile
    consents = [Consent(kind=each.kind, given=each.given, decided_at=each.decided_at) for each in member.consents]
    return Profile(id=request.own_id("profile"), **told, enrolled_at=member.enrolled_at, consents=consents)
