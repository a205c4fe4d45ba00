"""What the resolvers of this door work with: what a process has once, and what a request has for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import msgspec
import strawberry

from loyalty_api.domain.access.signer import Signer
from loyalty_api.domain.earning.phrases import LANGUAGES
from loyalty_api.domain.members.queries import Member, everyone, read_member
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.kernel.database import Connection, Database
from loyalty_api.kernel.facts import Facts
from loyalty_api.settings import Settings

Found = TypeVar("Found")
OWN_ID = "The same in every answer, so that what a client keeps of it moves with the next one; opaque."


class Phones(msgspec.Struct, frozen=True, kw_only=True):
    """One per process."""

    database: Database
    catalogue: Catalogue
    signer: Signer
    settings: Settings
    facts: Facts


class Who(NamedTuple):
    """The member behind a token, as of the request. ``actor``: how what they do is signed."""

    program_id: UUID
    member_id: UUID
    actor: str


class Request:
    """One request of a member: their reads see one instant, and what two fields ask for is asked once."""

    def __init__(self, phones: Phones, who: Who, received_at: datetime, accept_language: str) -> None:
        self.phones = phones
        self.who = who
        self.received_at = received_at
        self._accept_language = accept_language
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._connection: Connection | None = None
        self._known: dict[Hashable, asyncio.Future[Any]] = {}

    async def once(self, key: Hashable, read: Callable[[Connection], Awaitable[Found]]) -> Found:
        """What ``read`` finds in the request's one view of the database; asked again by the same key, the same."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = asyncio.ensure_future(self._alone(read))
        if known.done():
            return known.result()
        return await asyncio.shield(known)  # a field that is called off, as one beside it failed, reads for others too

    async def _alone(self, read: Callable[[Connection], Awaitable[Found]]) -> Found:
        async with self._lock:  # a connection runs one statement at a time
            if self._connection is None:
                self._connection = await self._stack.enter_async_context(self.phones.database.reader())
            return await read(self._connection)

    async def forget(self) -> None:
        """Lets go of the view: after a write, the next read sees what it did."""
        waiting = [each for each in self._known.values() if not each.done()]
        await asyncio.gather(*waiting, return_exceptions=True)
        self._known.clear()
        self._connection = None
        await self._stack.aclose()

    async def program(self) -> Program:
        """The member's program."""
        return await self.once("program", partial(self.phones.catalogue.one, program_id=self.who.program_id))

    async def present(self) -> tuple[Program, datetime]:
        """The program, and its present."""
        program = await self.program()
        return program, program.present(self.received_at)

    def own_id(self, *what: str) -> strawberry.ID:
        """By which clients know again what is one thing of the member in every answer."""
        return strawberry.ID(".".join((*what, str(self.who.member_id))))

    async def member(self) -> Member:
        """The member's profile, identifiers and consents."""
        named = {"program_id": self.who.program_id, "member_id": self.who.member_id}
        return await self.once("member", lambda connection: read_member(connection, **named))

    async def everyone(self) -> list[UUID]:
        """The member, and whoever was merged into them."""
        named = {"program_id": self.who.program_id, "member_id": self.who.member_id}
        return await self.once("everyone", lambda connection: everyone(connection, **named))

    async def language(self) -> str:
        """The language to speak: of the profile, else what the phone prefers, else English."""
        asked = [(await self.member()).profile["language"] or ""]
        asked += [tag.partition(";")[0] for tag in self._accept_language.split(",")]
        spoken = [str(tag).strip().partition("-")[0].lower() for tag in asked]
        return next((each for each in spoken if each in LANGUAGES), LANGUAGES[0])
