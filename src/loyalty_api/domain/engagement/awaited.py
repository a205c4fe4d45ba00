"""The event that points of a purchase wait for: which kinds these are, and which purchase one names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, NamedTuple, NoReturn
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty_api.domain.claims.claim import Key, claims_ask, read_claims
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.refusals import FieldError, InvalidRequest


class PurchaseRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which purchase: its ``id``, or its ``reference`` and the ``source`` that this is unique in."""

    id: UUID | None = None
    reference: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    source: Annotated[str, Meta(max_length=200)] = ""


class Named(NamedTuple):
    """A purchase that exists, and whose it is."""

    member_id: UUID
    purchase_id: UUID


# Its reference stands for where a purchase is now, also once it was moved to another member.
_BY_ID = """
SELECT p.program_id, p.purchase_id, c.member_id, c.record_id
FROM unnest($1::uuid[], $2::uuid[]) AS k (program_id, purchase_id) JOIN purchases p USING (program_id, purchase_id)
JOIN reference_claims c USING (program_id, source, reference) WHERE c.kind = 'purchase'
"""


def is_awaited(program: Program, kind: str) -> bool:
    """Whether points of any version of the program wait for events of this kind."""
    return any(_waits(version, kind) for version in program.versions)


def _waits(version: Version, kind: str) -> bool:
    document = version.document
    if document.points.pending.until == kind:
        return True
    return any(rule.pending is not None and rule.pending.until == kind for rule in document.earning_rules)


def read_ref(command: RecordEngagement) -> PurchaseRef:
    """The purchase that an awaited event names. Refuses: InvalidRequest, naming ``data.purchase``."""
    wanted = "must name the purchase whose points wait for this event: its id, or its source and reference"
    try:
        ref = msgspec.convert(command.touchpoint.data.get("purchase"), PurchaseRef)
    except msgspec.ValidationError:
        raise InvalidRequest.of(FieldError("data.purchase", wanted)) from None
    if (ref.id is None) == (ref.reference is None) or (ref.id is not None and ref.source):
        raise InvalidRequest.of(FieldError("data.purchase", wanted))
    return ref


class Purchases:
    """The purchases that the awaited events of a batch name."""

    def __init__(self, by_id: dict[tuple[UUID, UUID], Named], by_reference: dict[Key, Named]) -> None:
        self._by_id = by_id
        self._by_reference = by_reference

    def find(self, program_id: UUID, ref: PurchaseRef) -> Named:
        """The purchase. Refuses: InvalidRequest, naming ``data.purchase.id`` or ``data.purchase.reference``."""
        if ref.id is not None:
            found = self._by_id.get((program_id, ref.id))
        else:
            found = self._by_reference.get(_key(program_id, ref))
        if found is None:
            refuse(ref, "is not a purchase of this program")
        return found


def refuse(ref: PurchaseRef, why: str) -> NoReturn:
    """Refuses (InvalidRequest) the purchase, naming what it was named by."""
    raise InvalidRequest.of(FieldError("data.purchase.id" if ref.id else "data.purchase.reference", why))


async def find_purchases(connection: Connection, awaited: Iterable[RecordEngagement]) -> Purchases:
    """The purchases that these events name; those that name none readable are left to be refused."""
    refs = []
    for command in awaited:
        try:
            refs.append((command.program_id, read_ref(command)))
        except InvalidRequest:
            continue
    ids = [(program_id, ref.id) for program_id, ref in refs if ref.id is not None]
    keys = {_key(program_id, ref) for program_id, ref in refs if ref.id is None}
    by_id, claims = {}, {}
    if ids:
        rows = await connection.fetch(_BY_ID, [each[0] for each in ids], [each[1] for each in ids])
        by_id = {(row["program_id"], row["purchase_id"]): Named(row["member_id"], row["record_id"]) for row in rows}
    if keys:
        asked = claims_ask(keys)
        claims = read_claims(await connection.fetch(asked.sql, *asked.args))
    return Purchases(by_id, {key: Named(claim.member_id, claim.record_id) for key, claim in claims.items()})


def _key(program_id: UUID, ref: PurchaseRef) -> Key:
    return Key(program_id, "purchase", ref.source, ref.reference or "")
