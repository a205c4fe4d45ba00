"""The outcome of a write under a reference: the bytes that the caller is told, now or again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.claims.claim import Claim
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import Refusal


class Answered(NamedTuple):
    """The body for the caller, and whether it is the first answer told again."""

    body: bytes
    replayed: bool


class Replay(NamedTuple):
    """The reference is known: what was answered to this record is answered again."""

    record_id: UUID


FirstAnswers = Callable[[Connection, set[tuple[UUID, UUID]]], Awaitable[dict[UUID, bytes]]]


async def tell_again(
    connection: Connection,
    outcomes: Sequence[Answered | Replay | Refusal],
    *,
    fresh: Mapping[UUID, bytes],
    claims: Iterable[Claim],
    first_answers: FirstAnswers,
) -> list[Answered | Refusal]:
    """Fills replays in with the bytes that were answered first: those of this batch (``fresh``, by record), or those
    that ``first_answers`` reads for (member, record) pairs; it is not asked for none."""
    missing = {each.record_id for each in outcomes if isinstance(each, Replay)} - fresh.keys()
    asked = {(claim.member_id, claim.record_id) for claim in claims if claim.record_id in missing} if missing else set()
    answers = {**fresh, **(await first_answers(connection, asked) if asked else {})}
    return [
        Answered(answers[outcome.record_id], replayed=True) if isinstance(outcome, Replay) else outcome
        for outcome in outcomes
    ]
