"""Publishing: a document becomes the program's next version, in force from an instant that is not in the past.

Publishing a document leaves another draft alone. A forgotten draft must not stop ``apply``, nor ``apply`` lose it: it
waits, outdated, and is published only after its editor has read it against the newest version and saved it again.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.diff import Change, diff_documents
from loyalty_api.domain.programs.document import FIXED_FIELDS, Document, encode_document
from loyalty_api.domain.programs.draft import Draft, read_draft, write_draft
from loyalty_api.domain.programs.queries import Catalogue, Program
from loyalty_api.domain.programs.read import read_document, read_json
from loyalty_api.domain.programs.refusals import DraftOutdated, EffectiveInThePast, FixedField, ProgramExists
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
    check_fixed(before.document, document)
    changes = diff_documents(before.document, document)
    if not changes:
        return Plan(before.number, before.effective_at, [])
    return Plan(program.newest_version + 1, start, changes)


def plan_draft(program: Program, draft: Draft, *, effective_at: datetime | None, now: datetime) -> Plan:
    """The plan of publishing the draft; none saved: nothing changes.

    Refuses: DraftOutdated, InvalidDocument, FixedField, EffectiveInThePast.
    """
    if not draft.saved:
        return Plan(draft.newest.number, draft.newest.effective_at, [])
    if draft.outdated:
        raise DraftOutdated(
            f"The draft is based on version {draft.base_version}; version {draft.newest.number} was published by"
            f" {draft.newest.published_by} since. Read the draft, which shows the changes against that, and save it."
        )
    document = read_document(read_json(encode_document(draft.document)))  # checks may be newer than the draft
    return plan_version(program, document, effective_at=effective_at, now=now)


def check_fixed(before: Document, document: Document) -> None:
    """Refuses (FixedField) a change of what later versions cannot change."""
    fixed = [
        FieldError(name, f"is fixed since the first version: {getattr(before, name)}")
        for name in FIXED_FIELDS
        if getattr(document, name) != getattr(before, name)
    ]
    if before.region is not None and document.region != before.region:  # phone numbers are known by it
        fixed.append(FieldError("region", f"is fixed once it is set: {before.region}"))
    if fixed:
        raise FixedField.of(*fixed)


async def publish_version(
    connection: Connection,
    *,
    catalogue: Catalogue,
    program_id: UUID,
    document: Document | None,
    effective_at: datetime | None,
    now: datetime,
    actor: str,
) -> Plan:
    """Publishes ``document`` (None: the draft) and says what changed; none that equals what is in force then.

    A draft that says what is published is done with. One that says something else waits, outdated, for its editor.
    Refuses: FixedField, EffectiveInThePast; for the draft also DraftOutdated, InvalidDocument.
    """
    program = await lock_program(connection, catalogue, program_id)
    draft = await read_draft(connection, program)
    if document is None:
        plan = plan_draft(program, draft, effective_at=effective_at, now=now)
        document = draft.document
    else:
        plan = plan_version(program, document, effective_at=effective_at, now=now)
    if plan.changes:
        present = program.present(now)
        await _insert(connection, program_id, plan.version, plan.effective_at, present, actor, document)
        await connection.execute(
            "UPDATE programs SET newest_version = $2 WHERE program_id = $1", program_id, plan.version
        )
        if draft.saved and not diff_documents(draft.document, document):
            done = {"program_id": program_id, "base_version": plan.version, "document": None}
            await write_draft(connection, **done, now=present, actor=actor)
    return plan


async def lock_program(connection: Connection, catalogue: Catalogue, program_id: UUID) -> Program:
    """The program, of which nobody else publishes or saves the draft until the transaction ends."""
    await connection.execute("SELECT 1 FROM programs WHERE program_id = $1 FOR UPDATE", program_id)
    return await catalogue.one(connection, program_id)


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
