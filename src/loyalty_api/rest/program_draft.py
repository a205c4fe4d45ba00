"""The shared draft over REST: read with a tag, saved only on top of the state that its editor saw."""

from __future__ import annotations

import msgspec

from loyalty_api.domain.programs.document import encode_document
from loyalty_api.domain.programs.draft import Draft, read_draft
from loyalty_api.domain.programs.refusals import DraftChanged, FixedField, InvalidDocument
from loyalty_api.domain.programs.save_draft import save_draft
from loyalty_api.kernel.clock import rfc3339
from loyalty_api.rest.door import Door
from loyalty_api.rest.etag import ConditionMissing, states_seen, tagged, unless_known
from loyalty_api.rest.program_shapes import EXAMPLE, EXAMPLE_CHANGE, DraftAnswer, document_in, view_changes
from loyalty_api.rest.route import Answer, Call, Route, answer_json

EXAMPLE_DRAFT = {
    "program": "coffee-club",
    "base_version": 3,
    "newest_version": 3,
    "document": EXAMPLE,
    "changed_at": "2026-11-21T09:14:03Z",
    "changed_by": "key:0199c2a1-7f3e-7a40-9d1e-3f6c8b1f2a77",
    "changes": [EXAMPLE_CHANGE],
}


async def read(door: Door, call: Call) -> Answer:
    """The draft, or the newest version where none is saved; 304 for a caller who has this state already."""
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        draft = await read_draft(connection, program)
    return unless_known(_tell(draft), draft.tag, call)


async def save(door: Door, call: Call) -> Answer:
    """200 with the draft as saved; its ETag is the one to save on top of next."""
    seen = states_seen(call)
    document = document_in(call.body, "")
    draft = await door.database.write(
        lambda connection: save_draft(
            connection,
            catalogue=door.catalogue,
            program_id=call.program_id,
            document=document,
            seen=seen,
            now=call.received_at,
            actor=call.known.actor,
        )
    )
    return tagged(_tell(draft), draft.tag)


def _tell(draft: Draft) -> Answer:
    answer = DraftAnswer(
        draft.document.program,
        draft.base_version,
        draft.newest.number,
        msgspec.Raw(encode_document(draft.document)),
        None if draft.changed_at is None else rfc3339(draft.changed_at),
        draft.changed_by,
        view_changes(draft.changes),
    )
    return answer_json(answer)


ROUTES = [
    Route(
        method="GET",
        path="/v1/program/draft",
        handler=read,
        summary="The shared draft, or the newest version where nothing is drafted",
        tagged=True,
        answer=DraftAnswer,
        example_answer=EXAMPLE_DRAFT,
    ),
    Route(
        method="PUT",
        path="/v1/program/draft",
        handler=save,
        summary="Save a document as the shared draft, on top of the state that its editor saw",
        tagged=True,
        body=bytes,
        answer=DraftAnswer,
        refusals=(ConditionMissing, DraftChanged, InvalidDocument, FixedField),
        example=EXAMPLE,
        example_answer=EXAMPLE_DRAFT,
    ),
]
