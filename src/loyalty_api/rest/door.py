"""What the handlers of the REST door work with: the database, the programs, and the purchases' group commit."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.desk import Answered
from loyalty_api.domain.purchases.record import record_purchases
from loyalty_api.kernel.database import Database, RaceLost
from loyalty_api.kernel.group_commit import GroupCommit
from loyalty_api.kernel.refusals import Refusal
from loyalty_api.rest.caller import Callers
from loyalty_api.settings import Settings


class Door:
    """One per process."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.catalogue = Catalogue()
        self.callers = Callers(database)
        self.recorder: GroupCommit[RecordPurchase, Answered | Refusal] = GroupCommit(
            self._record, lanes=settings.writers, queue_max=settings.queue_max
        )

    async def _record(self, commands: Sequence[RecordPurchase]) -> Sequence[Answered | Refusal]:
        """Records without a lock, which is nearly always right; behind locks when another transaction was first."""
        try:
            return await self.database.attempt(
                lambda connection: record_purchases(connection, self.catalogue, commands, locked=False)
            )
        except RaceLost:
            return await self.database.write(
                lambda connection: record_purchases(connection, self.catalogue, commands, locked=True)
            )

    async def close(self) -> None:
        """Answers what was accepted, then lets go of the database."""
        await self.recorder.close()
        await self.database.close()
