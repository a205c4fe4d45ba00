"""Saving the draft: a document takes the place of the one that its editor saw, and of no other."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from uuid import UUID

from loyalty_api.domain.programs.diff import diff_documents
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.programs.draft import Draft, read_draft, write_draft
from loyalty_api.domain.programs.publish import check_fixed, lock_program
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.programs.refusals import DraftChanged
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.kernel.database import Connection


async def save_draft(
    connection: Connection,
    *,
    catalogue: Catalogue,
    program_id: UUID,
    document: Document,
    seen: Container[str] | None,
    now: datetime,
    actor: str,
) -> Draft:
    """The draft as saved, based on the newest version; a document that changes nothing in that empties it.

    ``seen``: tags of states that the editor knows (None: whatever is there may be replaced).
    Refuses: DraftChanged, FixedField.
    """
    program = await lock_program(connection, catalogue, program_id)
    draft = await read_draft(connection, program)
    if seen is not None and draft.tag not in seen:
        raise DraftChanged(f"{_latest(draft)}; read the draft again and save on top of that. Nothing was saved.")
    newest = draft.newest
    check_fixed(newest.document, document)
    edited = diff_documents(newest.document, document)
    await write_draft(
        connection,
        program_id=program_id,
        base_version=newest.number,
        document=document if edited else None,
        now=program.present(now),
        actor=actor,
    )
    return await read_draft(connection, program)


def _latest(draft: Draft) -> str:
    """What an editor with an old tag has not seen."""
    if draft.changed_at is not None and not draft.outdated:
        return f"The draft was saved by {draft.changed_by} at {rfc3339(draft.changed_at)}"
    return f"Version {draft.newest.number} is the newest, published by {draft.newest.published_by}"
