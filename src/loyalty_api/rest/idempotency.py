"""Writes again: by a reference for ever, and without one by their Idempotency-Key for 30 days.

Answers that hold personal data or a secret are not kept; they are read again, as they are then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from uuid import UUID

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.claims.once import Outcome, find_outcome, keep_outcome
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest, Refusal
from loyalty_api.rest.door import Door
from loyalty_api.rest.route import Answer, Call

REPLAYED = ((b"idempotent-replayed", b"true"),)
KEY_LENGTH_MAX = 200

Reread = Callable[[Connection, UUID], Awaitable[bytes]]


async def write_once(
    door: Door, call: Call, work: Callable[[Connection], Awaitable[Answer]], *, reread: Reread | None = None
) -> Answer:
    """Runs ``work`` in a transaction, or answers what the call's Idempotency-Key was answered first.

    With ``reread``, the answer's ``subject`` is kept instead of its bytes. Refuses: KeyReused.
    """
    key = call.idempotency_key
    if not key:
        return await door.database.write(work)
    if len(key) > KEY_LENGTH_MAX or not key.isprintable():
        raise InvalidRequest.of(FieldError("Idempotency-Key", f"must be 1 to {KEY_LENGTH_MAX} printable characters"))
    scope_id = call.known.program_id or call.known.key_id
    content_hash = hashlib.sha256(f"{call.route} {sorted(call.address.items())}\n".encode() + call.raw).digest()

    async def once(connection: Connection) -> Answer:
        named = {"scope_id": scope_id, "key": key, "content_hash": content_hash, "now": call.received_at}
        first = await find_outcome(connection, **named)
        if first is not None:
            return await _again(connection, first, reread)
        answer = await work(connection)
        kept = Outcome(answer.status, None if reread else answer.body, answer.subject)
        await keep_outcome(connection, kept, **named)
        return answer

    return await door.database.write(once)


def tell_outcome(outcome: Answered | Refusal) -> Answer:
    """What became of a write under a reference: 201 with a fresh answer, or 200 with the first one. Raises refusals."""
    if isinstance(outcome, Refusal):
        raise outcome
    return Answer(200, outcome.body, REPLAYED) if outcome.replayed else Answer(201, outcome.body)


async def _again(connection: Connection, first: Outcome, reread: Reread | None) -> Answer:
    if first.answer is not None:
        return Answer(first.status, first.answer, REPLAYED)
    assert reread is not None, "an outcome without bytes has a subject"
    assert first.subject_id is not None, "an outcome without bytes has a subject"
    return Answer(first.status, await reread(connection, first.subject_id), REPLAYED)
