"""Who a token stands for: one that was issued here, or one of the identity provider of a program."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from loyalty_api.domain.access.queries import check_granted, grant_ask
from loyalty_api.domain.access.refusals import TokenRefused
from loyalty_api.domain.access.signer import TOKEN_LENGTH_MAX, Signer
from loyalty_api.domain.members.identify import Identifier, find_members
from loyalty_api.domain.members.queries import check_may_sign_in
from loyalty_api.domain.programs.queries import find_program
from loyalty_api.graphql.phones import Who
from loyalty_api.graphql.providers import Providers
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.refusals import Kind, Refusal
from loyalty_api.kernel.together import ask


class Identities:
    """One per process."""

    def __init__(self, database: Database, signer: Signer, providers: Providers) -> None:
        self._database = database
        self._signer = signer
        self._providers = providers

    async def find(self, authorization: str, now: datetime) -> Who:
        """The member behind an Authorization header, who may sign in now. Refuses: TokenRefused."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
            raise TokenRefused("Send a member token: Authorization: Bearer <token>.")
        try:
            if self._signer.issued(token):
                return await self._ours(token, now)
            return await self._of_provider(token, now)
        except Refusal as refusal:
            if refusal.kind in (Kind.MISSING, Kind.CONFLICT, Kind.GONE):  # not enrolled, not active, erased, merged
                raise TokenRefused(refusal.detail) from None
            raise

    async def _ours(self, token: str, now: datetime) -> Who:
        claims = self._signer.read(token, "access", now)
        async with self._database.reader() as connection:
            check_granted(await ask(connection, grant_ask(claims.member_id, claims.grant_id)))
            return await _admit(connection, claims.program_id, claims.member_id)

    async def _of_provider(self, token: str, now: datetime) -> Who:
        provider, external_id = await self._providers.read(token, now)
        async with self._database.reader() as connection:
            program_id = await find_program(connection, provider.program)
            identifier = Identifier(program_id, "external_id", external_id)
            found = (await find_members(connection, [identifier])).get(identifier)
            if found is None or found.blocked:
                raise TokenRefused("Nobody who may sign in is known by this token.")
            return await _admit(connection, program_id, found.member_id)


async def _admit(connection: Connection, program_id: UUID, member_id: UUID) -> Who:
    await check_may_sign_in(connection, program_id=program_id, member_id=member_id)
    return Who(program_id, member_id, f"member:{member_id}")
