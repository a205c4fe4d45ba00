"""Reads of the program: the catalogue (versions cached in process) and the list of versions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from loyalty_api.domain.programs.document import Document, decode_document
from loyalty_api.domain.programs.refusals import ProgramNotFound, VersionNotFound
from loyalty_api.kernel.clock import BEGINNING_OF_TIME
from loyalty_api.kernel.database import Connection, RaceLost
from loyalty_api.kernel.together import Ask


class Version(msgspec.Struct, frozen=True):
    """One published version; ``effective_at`` of the first is the beginning of time."""

    number: int
    effective_at: datetime
    published_at: datetime
    published_by: str
    document: Document


class Program(msgspec.Struct, frozen=True):
    """A program as one transaction sees it. ``versions`` are sorted by (effective_at, number); ``code_keys`` sign the
    codes that its members' phones show."""

    id: UUID
    code: str
    mode: str
    currency: str
    zone: ZoneInfo
    newest_version: int
    clock_now: datetime | None
    versions: tuple[Version, ...]
    code_keys: tuple[bytes, ...] = ()

    def present(self, now: datetime) -> datetime:
        """The program's present: its test clock where one is set, else the real ``now``."""
        return self.clock_now or now

    def version_at(self, instant: datetime) -> Version:
        """The version in force at ``instant``: the latest to take effect by then."""
        return self.versions[self.in_force(instant) - 1]

    def in_force(self, instant: datetime) -> int:
        """How many versions had taken effect by ``instant``: other than their numbers, this only grows with time."""
        return bisect_right(self.versions, instant, key=lambda v: v.effective_at)

    def version(self, number: int) -> Version:
        """One version by its number. Refuses: VersionNotFound."""
        for version in self.versions:
            if version.number == number:
                return version
        raise VersionNotFound(f"The program {self.code} has no version {number}.")


_STATE = """
SELECT program_id, code, mode, currency, time_zone, newest_version, clock_now
FROM programs WHERE program_id = ANY($1::uuid[])
"""
_VERSIONS = """
SELECT version, effective_at, published_at, published_by, document
FROM program_versions WHERE program_id = $1
"""


class Catalogue:
    """Programs by id. What never changes is kept; one small read per transaction tells what is new."""

    def __init__(self, code_keys: Sequence[bytes] = ()) -> None:
        self._code_keys = tuple(code_keys)
        self._known: dict[UUID, Program] = {}

    async def load(self, connection: Connection, program_ids: Iterable[UUID]) -> dict[UUID, Program]:
        """The programs as the connection's transaction sees them."""
        rows = await connection.fetch(_STATE, list(set(program_ids)))
        return {row["program_id"]: await self._program(connection, row) for row in rows}

    def known(self, program_ids: Collection[UUID]) -> dict[UUID, Program]:
        """The programs as this process last saw them; ``check`` tells whether they are still so.

        Raises RaceLost when one is not known yet.
        """
        if not self._known.keys() >= set(program_ids):
            raise RaceLost
        return {program_id: self._known[program_id] for program_id in program_ids}

    def state_ask(self, program_ids: Collection[UUID]) -> Ask:
        """Asks for what may have changed of the programs."""
        return Ask(_STATE, (list(program_ids),))

    def check(self, programs: dict[UUID, Program], rows: Iterable[Any]) -> None:
        """Raises RaceLost when ``state_ask`` was answered other than the programs are known."""
        for program_id, *_, newest_version, clock_now in map(tuple, rows):
            known = programs[program_id]
            if (known.newest_version, known.clock_now) != (newest_version, clock_now):
                raise RaceLost

    async def one(self, connection: Connection, program_id: UUID) -> Program:
        """One program that is known to exist."""
        return (await self.load(connection, [program_id]))[program_id]

    async def _program(self, connection: Connection, row: asyncpg.Record) -> Program:
        known = self._known.get(row["program_id"])
        if known is None or known.newest_version != row["newest_version"]:
            known = Program(
                id=row["program_id"],
                code=row["code"],
                mode=row["mode"],
                currency=row["currency"],
                zone=ZoneInfo(row["time_zone"]),
                newest_version=row["newest_version"],
                clock_now=row["clock_now"],
                versions=await _versions(connection, row["program_id"]),
                code_keys=self._code_keys,
            )
        elif known.clock_now != row["clock_now"]:
            known = msgspec.structs.replace(known, clock_now=row["clock_now"])
        self._known[known.id] = known
        return known


async def program_ids(connection: Connection) -> list[UUID]:
    """All programs, oldest first."""
    return [row[0] for row in await connection.fetch("SELECT program_id FROM programs ORDER BY program_id")]


async def find_program(connection: Connection, code: str) -> UUID:
    """The id of the program with this code. Refuses: ProgramNotFound."""
    program_id = await connection.fetchval("SELECT program_id FROM programs WHERE code = $1", code)
    if program_id is None:
        codes = [row["code"] for row in await connection.fetch("SELECT code FROM programs ORDER BY code LIMIT 20")]
        known = f"There are: {', '.join(codes)}." if codes else "There is none yet."
        raise ProgramNotFound(f"No program is called {code!r}. {known}")
    return program_id


async def _versions(connection: Connection, program_id: UUID) -> tuple[Version, ...]:
    versions = [
        Version(
            number=row["version"],
            effective_at=row["effective_at"] or BEGINNING_OF_TIME,
            published_at=row["published_at"],
            published_by=row["published_by"],
            document=decode_document(row["document"]),
        )
        for row in await connection.fetch(_VERSIONS, program_id)
    ]
    return tuple(sorted(versions, key=lambda version: (version.effective_at, version.number)))
