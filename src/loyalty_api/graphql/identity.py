"""Who a token stands for: one that was issued here, or one of the identity provider of a program."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.access.queries import check_granted, grant_ask
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.domain.access.signer import TOKEN_LENGTH_MAX, Claims, Signer
from loyalty_api.domain.members.identify import Identifier, find_members
from loyalty_api.domain.members.queries import check_may_sign_in
from loyalty_api.domain.programs.queries import find_program
from loyalty_api.graphql.phones import Who
from loyalty_api.graphql.providers import Providers
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.refusals import Kind, Refusal
from loyalty_api.kernel.together import ask


class Provided(NamedTuple):
    """What a provider's token says: the program's code, and the member's external id."""

    program: str
    external_id: str


class Token(NamedTuple):
    """A token that is good by itself until ``expires_at``; whether its member may come in is for ``admit``."""

    says: Claims | Provided
    expires_at: datetime


class Identities:
    """One per process."""

    def __init__(self, database: Database, signer: Signer, providers: Providers) -> None:
        self._database = database
        self._signer = signer
        self._providers = providers

    async def find(self, authorization: str, now: datetime) -> Who:
        """The member behind an Authorization header, who may sign in now. Refuses: TokenRefused."""
        token = await self.read(authorization, now)
        async with self._database.reader() as connection:
            return await admit(connection, token)

    async def read(self, authorization: str, now: datetime) -> Token:
        """The token of an Authorization header, which is good by itself. Refuses: TokenRefused."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
            raise TokenRefused("Send a member token: Authorization: Bearer <token>.")
        if self._signer.issued(token):
            claims = self._signer.read(token, "access", now)
            return Token(claims, claims.expires_at)
        provider, external_id, expires_at = await self._providers.read(token, now)
        return Token(Provided(provider.program, external_id), expires_at)


async def admit(connection: Connection, token: Token) -> Who:
    """The member behind the token, who may sign in now. Refuses: TokenRefused."""
    try:
        if isinstance(token.says, Claims):
            return await _ours(connection, token.says)
        return await _of_provider(connection, token.says)
    except Refusal as refusal:
        if refusal.kind in (Kind.MISSING, Kind.CONFLICT, Kind.GONE):  # not enrolled, not active, erased, merged
            raise TokenRefused(refusal.detail) from None
        raise


async def _ours(connection: Connection, claims: Claims) -> Who:
    check_granted(await ask(connection, grant_ask(claims.member_id, claims.grant_id)))
    return await _who(connection, claims.program_id, claims.member_id)


async def _of_provider(connection: Connection, said: Provided) -> Who:
    program_id = await find_program(connection, said.program)
    identifier = Identifier(program_id, "external_id", said.external_id)
    found = (await find_members(connection, [identifier])).get(identifier)
    if found is None or found.blocked:
        raise TokenRefused("Nobody who may sign in is known by this token.")
    return await _who(connection, program_id, found.member_id)


async def _who(connection: Connection, program_id: UUID, member_id: UUID) -> Who:
    await check_may_sign_in(connection, program_id=program_id, member_id=member_id)
    return Who(program_id, member_id, f"member:{member_id}")
