"""Voiding a purchase: a return of all that is left, after which it never was."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.return_ import record_return
from loyalty_api.domain.purchases.return_command import PurchaseRef, RecordReturn, Return, return_hash
from loyalty_api.domain.purchases.returns import VOID, find_purchase
from loyalty_api.kernel.clock import BEGINNING_OF_TIME
from loyalty_api.kernel.database import Connection


async def void_purchase(
    connection: Connection,
    catalogue: Catalogue,
    *,
    program_id: UUID,
    purchase_id: UUID,
    received_at: datetime,
    actor: str,
) -> Answered:
    """Voids the purchase where it is now; again: the first answer. In a transaction.

    Refuses: PurchaseNotFound, ReturnBeyondPurchase.
    """
    program = await catalogue.one(connection, program_id)
    found = await find_purchase(connection, program_id=program_id, named=PurchaseRef(id=purchase_id))
    purchase_id = found["purchase_id"]
    asked = Return(
        reference=str(purchase_id),
        purchase=PurchaseRef(id=purchase_id),
        occurred_at=program.present(received_at),
        all=True,
    )
    command = RecordReturn(
        program_id=program_id,
        asked=asked,
        kind=VOID,
        content_hash=return_hash(msgspec.structs.replace(asked, occurred_at=BEGINNING_OF_TIME)),
        received_at=received_at,
        actor=actor,
    )
    return await record_return(connection, catalogue, command)
