"""Publishing: a document becomes the program's next version, in force from an instant that is not in the past."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.diff import Change, diff_documents
from loyalty_api.domain.programs.document import FIXED_FIELDS, Document, encode_document
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.programs.refusals import EffectiveInThePast, FixedField, ProgramExists
from loyalty_api.kernel.clock import BEGINNING_OF_TIME, rfc3339
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.ids import new_id
from loyalty_api.kernel.refusals import FieldError


class Plan(msgspec.Struct, frozen=True):
    """What publishing would do: the version it would make (or the present one) and the changes."""

    version: int
    effective_at: datetime
    changes: list[Change]


def plan_version(program: Program, document: Document, *, effective_at: datetime | None, now: datetime) -> Plan:
    """The plan of publishing ``document`` from ``effective_at`` (None: from the program's present).

    Refuses: FixedField, EffectiveInThePast.
    """
    present = program.present(now)
    start = effective_at or present
    if start < present:
        raise EffectiveInThePast.of(
            FieldError("effective_at", f"must not be before the program's present, {rfc3339(present)}")
        )
    before = program.version_at(start)
    fixed = [
        FieldError(name, f"is fixed since the first version: {getattr(before.document, name)}")
        for name in FIXED_FIELDS
        if getattr(document, name) != getattr(before.document, name)
    ]
    region = before.document.region
    if region is not None and document.region != region:  # phone numbers are known by it
        fixed.append(FieldError("region", f"is fixed once it is set: {region}"))
    if fixed:
        raise FixedField.of(*fixed)
    changes = diff_documents(before.document, document)
    if not changes:
        return Plan(before.number, before.effective_at, [])
    return Plan(program.newest_version + 1, start, changes)


async def publish_version(
    connection: Connection,
    *,
    catalogue: Catalogue,
    program_id: UUID,
    document: Document,
    effective_at: datetime | None,
    now: datetime,
    actor: str,
) -> Plan:
    """Publishes and says what changed; a document equal to what is in force then makes no new version.

    Refuses: FixedField, EffectiveInThePast.
    """
    await connection.execute("SELECT 1 FROM programs WHERE program_id = $1 FOR UPDATE", program_id)
    program = await catalogue.one(connection, program_id)
    plan = plan_version(program, document, effective_at=effective_at, now=now)
    if plan.changes:
        await _insert(connection, program_id, plan.version, plan.effective_at, program.present(now), actor, document)
        await connection.execute(
            "UPDATE programs SET newest_version = $2 WHERE program_id = $1", program_id, plan.version
        )
    return plan


async def create_program(connection: Connection, *, document: Document, now: datetime, actor: str) -> UUID:
    """A new program whose first version is in force from the beginning of time. Refuses: ProgramExists."""
    program_id = new_id()
    made = await connection.fetchval(
        "INSERT INTO programs (program_id, code, mode, currency, time_zone, created_at, newest_version)"
        " VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (code) DO NOTHING RETURNING program_id",
        program_id,
        document.program,
        document.mode,
        document.currency,
        document.time_zone,
        now,
    )
    if made is None:
        raise ProgramExists(f"The program {document.program} exists already; publish a new version of it instead.")
    await _insert(connection, program_id, 1, None, now, actor, document)
    return program_id


def plan_program(document: Document) -> Plan:
    """The plan of a program that does not exist yet."""
    return Plan(1, BEGINNING_OF_TIME, diff_documents(None, document))


async def _insert(
    connection: Connection,
    program_id: UUID,
    number: int,
    effective_at: datetime | None,
    now: datetime,
    actor: str,
    document: Document,
) -> None:
    await connection.execute(
        "INSERT INTO program_versions (program_id, version, effective_at, published_at, published_by, document)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        program_id,
        number,
        effective_at,
        now,
        actor,
        encode_document(document),
    )
