"""Member tokens over REST: signing a member in for a trusted back end, refreshing, and signing out."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.access.grant_tokens import TokenPair, grant_tokens
from loyalty_api.domain.access.refusals import TokenRefused, TokensOff
from loyalty_api.domain.access.renew_grant import renew_grant
from loyalty_api.domain.access.revoke_grants import revoke_grants
from loyalty_api.domain.access.signer import TOKEN_LENGTH_MAX
from loyalty_api.domain.members.queries import check_enrolled, check_may_sign_in
from loyalty_api.domain.members.refusals import NOT_ACTIVE, MemberErased, MemberNotFound
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call, Route, answer_json

TokenText = Annotated[str, Meta(min_length=1, max_length=TOKEN_LENGTH_MAX)]
NOT_KEPT = ((b"cache-control", b"no-store"),)
EXAMPLE_ANSWER = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJhY2Nlc3MifQ.c2ln",
    "token_type": "Bearer",
    "expires_in": 900,
    "refresh_token": "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJyZWZyZXNoIn0.c2ln",
}


class RefreshBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The newest refresh token."""

    refresh_token: TokenText


class RevokeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of the sign-in that is to end: access or refresh."""

    token: TokenText


class TokensAnswer(msgspec.Struct, frozen=True):
    """Tokens of a member, as OAuth writes them. ``expires_in``: seconds for which the access token is good; the
    refresh token is good once."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


async def issue(door: Door, call: Call) -> Answer:
    """201 with a pair of tokens, told once."""
    member_id = UUID(call.path["member_id"])

    async def work(connection: Any) -> TokenPair:
        await check_may_sign_in(connection, program_id=call.program_id, member_id=member_id)
        return await grant_tokens(
            connection,
            door.signer,
            program_id=call.program_id,
            member_id=member_id,
            now=call.received_at,
            actor=call.known.actor,
        )

    return _answer(await door.database.write(work), 201)


async def sign_out(door: Door, call: Call) -> Answer:
    """204: every token of the member is refused from now on."""
    member_id = UUID(call.path["member_id"])

    async def work(connection: Any) -> None:
        await check_enrolled(connection, program_id=call.program_id, member_id=member_id)
        await revoke_grants(connection, member_id=member_id, grant_id=None, now=call.received_at)

    await door.database.write(work)
    return Answer(204, b"")


async def refresh(door: Door, call: Call) -> Answer:
    """200 with the next pair of tokens."""
    shown = door.signer.read(call.body.refresh_token, "refresh", call.received_at)

    async def work(connection: Any) -> TokenPair | TokenRefused:
        try:
            await check_may_sign_in(connection, program_id=shown.program_id, member_id=shown.member_id)
        except Refusal as refusal:
            raise TokenRefused(refusal.detail) from None
        return await renew_grant(connection, door.signer, shown, now=call.received_at)

    renewed = await door.database.write(work)
    if isinstance(renewed, Refusal):
        raise renewed
    return _answer(renewed, 200)


async def revoke(door: Door, call: Call) -> Answer:
    """204: the sign-in that the token belongs to has ended; so it has when the token was not good any more."""
    for use in ("refresh", "access"):
        try:
            shown = door.signer.read(call.body.token, use, call.received_at)
        except TokenRefused:
            continue
        await door.database.write(
            lambda connection, of=shown: revoke_grants(
                connection, member_id=of.member_id, grant_id=of.grant_id, now=call.received_at
            )
        )
    return Answer(204, b"")


def _answer(pair: TokenPair, status: int) -> Answer:
    answer = answer_json(TokensAnswer(pair.access_token, "Bearer", pair.expires_in, pair.refresh_token), status)
    return msgspec.structs.replace(answer, headers=NOT_KEPT)


ROUTES = [
    Route(
        method="POST",
        path="/v1/members/{member_id}/tokens",
        handler=issue,
        summary="Sign a member in: a short-lived access token for GraphQL and a refresh token, for a trusted back end",
        answer=TokensAnswer,
        status=201,
        refusals=(MemberNotFound, *NOT_ACTIVE, TokensOff),
        example_answer=EXAMPLE_ANSWER,
    ),
    Route(
        method="DELETE",
        path="/v1/members/{member_id}/tokens",
        handler=sign_out,
        summary="Sign a member out everywhere: all of their tokens are refused from now on",
        answer=None,
        status=204,
        refusals=(MemberNotFound, MemberErased),
    ),
    Route(
        method="POST",
        path="/v1/tokens/refresh",
        handler=refresh,
        summary="Exchange a refresh token for the next pair; it is good once, and shown again later ends the sign-in",
        body=RefreshBody,
        answer=TokensAnswer,
        refusals=(TokenRefused,),
        example={"refresh_token": EXAMPLE_ANSWER["refresh_token"]},
        example_answer=EXAMPLE_ANSWER,
    ),
    Route(
        method="POST",
        path="/v1/tokens/revoke",
        handler=revoke,
        summary="End the sign-in that a token belongs to",
        body=RevokeBody,
        answer=None,
        status=204,
        example={"token": EXAMPLE_ANSWER["access_token"]},
    ),
]
