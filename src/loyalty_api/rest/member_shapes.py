"""The shapes of members over REST: what is sent and what is answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from loyalty_api.domain.earning.answer import BalanceAnswer
from loyalty_api.domain.members.amend import ATTRIBUTES_MAX
from loyalty_api.domain.tiers.descent import Keeps
from loyalty_api.domain.tiers.rules import Next
from loyalty_api.rest.decode import check_years

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Attributes = Annotated[
    dict[Name, Annotated[str, Meta(max_length=1000)] | bool | int | None], Meta(max_length=ATTRIBUTES_MAX)
]
Instant = Annotated[datetime, Meta(tz=True)]
ConsentKind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.-]{0,59}$(?!\n)", description="such as marketing.email")]
Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S", description="tills are told it too")]

Status = Literal["active", "suspended", "closed"]

CONSENTS_MAX = 50  # decisions in one call


class IdentifierBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card, phone, e-mail, external id or app token."""

    kind: Annotated[str, Meta(max_length=40)]
    value: Annotated[str, Meta(min_length=1, max_length=300)]


class ProfileBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Personal data; in a change, null clears a field and what is left out stays."""

    given_name: Name | UnsetType | None = UNSET
    family_name: Name | UnsetType | None = UNSET
    email: Name | UnsetType | None = UNSET
    phone: Name | UnsetType | None = UNSET
    birth_date: date | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET


class ConsentBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A consent that was given or withdrawn; ``at``: when, now unless said; ``source``: where, such as web/sign-up."""

    kind: ConsentKind
    given: bool
    at: Instant | None = None
    source: Name | None = None

    def __post_init__(self) -> None:
        """An instant that the database can hold."""
        check_years(at=self.at)


Consents = Annotated[list[ConsentBody], Meta(max_length=CONSENTS_MAX)]


class EnrolBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new member; all of it optional. ``enrolled_at`` may lie in the past."""

    number: Name | None = None
    identifiers: Annotated[list[IdentifierBody], Meta(max_length=20)] = []
    profile: ProfileBody = ProfileBody()
    attributes: Attributes = {}
    consents: Consents = []
    enrolled_at: Instant | None = None
    store: Name | None = None

    def __post_init__(self) -> None:
        """An instant that the database can hold."""
        check_years(enrolled_at=self.enrolled_at)


class ChangeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; what is left out stays. Consents are added to those before; the latest of a kind holds."""

    profile: ProfileBody = ProfileBody()
    attributes: Attributes = {}
    consents: Consents = []


class StatusBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class ResumeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, if that is worth a word."""

    reason: Reason | None = None


class SearchBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either one identifier (``card:4006381333931``), or what a member's number, name or e-mail begins with."""

    identifier: Annotated[str, Meta(min_length=3, max_length=300)] | None = None
    query: Annotated[str, Meta(min_length=2, max_length=100)] | None = None

    def __post_init__(self) -> None:
        """Blanks are the beginning of everybody."""
        if self.query is not None and len(self.query.strip()) < 2:
            raise ValueError("`query` must have at least 2 characters besides blanks")


class IdentifierAnswer(msgspec.Struct, frozen=True):
    """An identifier; a blocked one is refused at the till."""

    id: UUID
    kind: str
    value: str
    blocked: bool


class ConsentAnswer(msgspec.Struct, frozen=True):
    """What the member decided last about one kind of consent."""

    kind: str
    given: bool
    at: str
    source: str


class MemberTier(msgspec.Struct, frozen=True):
    """The tier held now; ``since`` and ``keeps`` are null for the one that everyone starts with."""

    code: str
    since: str | None
    next: Next | None
    keeps: Keeps | None


class MemberAnswer(msgspec.Struct, frozen=True):
    """A member as tills and back ends see them. ``status_reason``: why they are suspended or closed. ``aliases``:
    who was merged into them."""

    id: UUID
    number: str
    enrolled_at: str
    store: str | None
    status: Status
    status_reason: str | None
    identifiers: list[IdentifierAnswer]
    profile: dict[str, Any]
    attributes: dict[str, Any]
    consents: list[ConsentAnswer]
    points: BalanceAnswer
    tier: MemberTier | None
    aliases: list[UUID]


class MemberPage(msgspec.Struct, frozen=True):
    """A page of members."""

    items: list[MemberAnswer]
    next_cursor: str | None
