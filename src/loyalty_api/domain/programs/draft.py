"""The shared draft of a program: what the console, YAML and REST edit before it is published. One per program.

A program without a saved draft reads as if its newest version were the draft. The state that an editor saw has a
tag, made of the newest version and of how often the draft was written; whoever saves names it, so of two editors the
second is told.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.programs.diff import Change, diff_documents
from loyalty_api.domain.programs.document import Document, decode_document, encode_document
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.kernel.database import Connection


class Draft(msgspec.Struct, frozen=True):
    """The draft as one transaction sees it; ``changed_at`` None: nothing is saved."""

    newest: Version
    base_version: int
    writes: int  # also those that emptied it, so that no tag comes back
    document: Document
    changed_at: datetime | None
    changed_by: str | None

    @property
    def saved(self) -> bool:
        """Whether somebody's edits wait to be published."""
        return self.changed_at is not None

    @property
    def outdated(self) -> bool:
        """Whether a version was published since the draft was saved."""
        return self.base_version != self.newest.number

    @property
    def tag(self) -> str:
        """The name of this state."""
        return f"{self.newest.number}-{self.writes}"

    @property
    def changes(self) -> list[Change]:
        """What the draft changes in the newest version."""
        return diff_documents(self.newest.document, self.document)


_READ = "SELECT writes, base_version, document, changed_at, changed_by FROM program_drafts WHERE program_id = $1"
_WRITE = """
INSERT INTO program_drafts (program_id, writes, base_version, document, changed_at, changed_by)
VALUES ($1, 1, $2, $3, $4, $5)
ON CONFLICT (program_id) DO UPDATE SET writes = program_drafts.writes + 1, base_version = EXCLUDED.base_version,
    document = EXCLUDED.document, changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by
"""


async def read_draft(connection: Connection, program: Program) -> Draft:
    """The program's draft."""
    row = await connection.fetchrow(_READ, program.id)
    newest = program.version(program.newest_version)
    if row is None or row["document"] is None:
        return Draft(newest, newest.number, row["writes"] if row else 0, newest.document, None, None)
    document = decode_document(row["document"])
    return Draft(newest, row["base_version"], row["writes"], document, row["changed_at"], row["changed_by"])


async def write_draft(
    connection: Connection,
    *,
    program_id: UUID,
    base_version: int,
    document: Document | None,
    now: datetime,
    actor: str,
) -> None:
    """Replaces the draft, or empties it (``document`` None). For callers that hold the program's lock."""
    written = None if document is None else encode_document(document)
    await connection.execute(_WRITE, program_id, base_version, written, now, actor)
