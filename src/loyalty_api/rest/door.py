"""What the handlers of the REST door work with: the database, the programs, and a group commit per hot write."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty_api.domain.access.queries import revoked_keys
from loyalty_api.domain.access.refusals import Unauthenticated
from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.record import record_engagement
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.record import record_purchases
from loyalty_api.kernel.database import Connection, Database
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
        self.engager: GroupCommit[RecordEngagement, Answered | Refusal] = GroupCommit(
            self._engage, lanes=settings.writers, queue_max=settings.queue_max
        )

    async def _record(self, commands: Sequence[RecordPurchase]) -> Sequence[Answered | Refusal]:
        return await self.database.write(lambda connection: self._record_admitted(connection, commands))

    async def _record_admitted(
        self, connection: Connection, commands: Sequence[RecordPurchase]
    ) -> Sequence[Answered | Refusal]:
        """Records; a key that was revoked meanwhile is refused here, in the transaction that writes."""
        revoked = await revoked_keys(connection, {command.key_id for command in commands})
        good = [command for command in commands if command.key_id not in revoked]
        outcomes = iter(await record_purchases(connection, self.catalogue, good) if good else [])
        gone = Unauthenticated("This API key is not known, or not any more.")
        return [gone if command.key_id in revoked else next(outcomes) for command in commands]

    async def _engage(self, commands: Sequence[RecordEngagement]) -> Sequence[Answered | Refusal]:
        return await self.database.write(lambda connection: record_engagement(connection, self.catalogue, commands))

    async def close(self) -> None:
        """Answers what was accepted, then lets go of the database."""
        await self.recorder.close()
        await self.engager.close()
        await self.database.close()
