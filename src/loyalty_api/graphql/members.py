"""Changing what is known of the member: their profile, and what they consent to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

import msgspec
import strawberry
from msgspec import UNSET, Meta, UnsetType
from strawberry.utils.str_converters import to_camel_case

from loyalty_api.domain.claims.once import KeyReused
from loyalty_api.domain.members.amend import amend_member
from loyalty_api.domain.members.record_consents import Consent as Decision
from loyalty_api.domain.members.record_consents import record_consents
from loyalty_api.graphql.once import write_once
from loyalty_api.graphql.phones import Request
from loyalty_api.graphql.profile import Profile, member_profile
from loyalty_api.graphql.refused import IdReused, InputInvalid, tell_refusal
from loyalty_api.graphql.viewer import THEREAFTER, Viewer, thereafter
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal

CONSENTS_MAX = 50

_Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
_Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$(?!\n)", max_length=35)]
_Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.-]{0,59}$(?!\n)")]

_NAME = "must have 1 to 200 characters, or be null"
_MUST = {  # what members are told, by field
    **dict.fromkeys(("given_name", "family_name", "email", "phone"), _NAME),
    "language": "must be the short name of a language, such as de",
    "kind": "must be a kind of consent, such as marketing.email",
}


class _Profile(msgspec.Struct, frozen=True, kw_only=True):
    given_name: _Name | UnsetType | None = UNSET
    family_name: _Name | UnsetType | None = UNSET
    email: _Name | UnsetType | None = UNSET
    phone: _Name | UnsetType | None = UNSET
    language: _Language | UnsetType | None = UNSET


class _Decided(msgspec.Struct, frozen=True, kw_only=True):
    kind: _Kind
    given: bool


@strawberry.input(description="What to change; null empties a field, and what is left out stays.")
class ProfileInput:
    """Fields of the profile that members change themselves."""

    given_name: str | None = strawberry.field(default=strawberry.UNSET, description="First name.")
    family_name: str | None = strawberry.field(default=strawberry.UNSET, description="Last name.")
    email: str | None = strawberry.field(default=strawberry.UNSET, description="E-mail address.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Phone number.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="The language wanted, such as `de`.")


@strawberry.input(description="A decision about one kind of consent.")
class ConsentInput:
    """Given or withdrawn."""

    kind: str = strawberry.field(description="About what, such as `marketing.email`.")
    given: bool = strawberry.field(description="Whether it is given.")


@strawberry.type(description="The profile after the change.")
class ProfileUpdated:
    """What the mutation did."""

    profile: Profile = strawberry.field(description="What is known of the member now.")
    viewer: Viewer = strawberry.field(resolver=thereafter, description=THEREAFTER)


ProfileResult = Annotated[
    ProfileUpdated | InputInvalid | IdReused,
    strawberry.union("UpdateProfileResult", description="The profile, or what is wrong with the input."),
]
ConsentsResult = Annotated[
    ProfileUpdated | InputInvalid | IdReused,
    strawberry.union("SetConsentsResult", description="The profile, or what is wrong with the input."),
]


async def update_profile(request: Request, key: UUID, changes: ProfileInput) -> Any:
    """Sets what is named; sent again, it sets nothing."""
    named = {name: value for name, value in vars(changes).items() if value is not strawberry.UNSET}
    try:
        _read(named, _Profile)
    except Refusal as refusal:
        return tell_refusal(refusal)

    async def work(connection: Connection) -> None:
        whose = {"program_id": request.who.program_id, "member_id": request.who.member_id}
        await amend_member(connection, **whose, profile=named, attributes={})

    return await _write(request, key, repr(sorted(named.items())), work)


async def set_consents(request: Request, key: UUID, consents: list[ConsentInput]) -> Any:
    """Records the decisions that differ from the latest ones; sent again, it records nothing."""
    try:
        if len(consents) > CONSENTS_MAX:
            raise InvalidRequest.of(FieldError("consents", f"are more than {CONSENTS_MAX}"))
        decided = {each.kind: _read(vars(each), _Decided) for each in consents}
    except Refusal as refusal:
        return tell_refusal(refusal)
    _, now = await request.present()
    latest = {each.kind: each.given for each in (await request.member()).consents}
    new = [
        Decision(kind=kind, given=each.given, decided_at=now, source="phone")
        for kind, each in decided.items()
        if latest.get(kind) != each.given
    ]

    async def work(connection: Connection) -> None:
        whose = {"program_id": request.who.program_id, "member_id": request.who.member_id}
        await amend_member(connection, **whose, profile={}, attributes={})  # locks the profile
        await record_consents(connection, new, **whose, now=now, actor=request.who.actor)

    return await _write(request, key, repr(sorted((kind, each.given) for kind, each in decided.items())), work)


async def _write(request: Request, key: UUID, content: str, work: Callable[[Connection], Awaitable[None]]) -> Any:
    try:
        await write_once(request, key, content, work)
    except KeyReused as refusal:
        return tell_refusal(refusal)
    return ProfileUpdated(profile=await member_profile(request))


def _read(named: dict[str, Any], kind: Any) -> Any:
    try:
        return msgspec.convert(named, kind)
    except msgspec.ValidationError as error:
        place = str(error).rpartition(" - at `$.")[2].rstrip("`")
        raise InvalidRequest.of(FieldError(to_camel_case(place), _MUST[place])) from None
