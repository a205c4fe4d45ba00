"""What the handlers of the REST door work with: the database, the programs, and a group commit per hot write."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

from loyalty_api.domain.access.signer import Signer
from loyalty_api.domain.claims.answered import Answered
from loyalty_api.domain.engagement.command import RecordEngagement
from loyalty_api.domain.engagement.record import record_engagement
from loyalty_api.domain.openings.command import RecordOpening
from loyalty_api.domain.openings.record import record_openings
from loyalty_api.domain.programs.queries import Catalogue
from loyalty_api.domain.purchases.command import RecordPurchase
from loyalty_api.domain.purchases.record import record_purchases
from loyalty_api.kernel.clock import monotonic
from loyalty_api.kernel.database import Database, RaceLost
from loyalty_api.kernel.group_commit import GroupCommit
from loyalty_api.kernel.refusals import Busy, Refusal
from loyalty_api.rest.caller import Callers
from loyalty_api.rest.route import Route
from loyalty_api.rest.tally import count_batch
from loyalty_api.settings import Settings

BATCHES_MAX = 16  # a thousand purchases take a third of a second, so the last of them waits five

Outcome = Answered | Refusal


class Door:
    """One per process. ``commits``: the kind of group commit, for who traces."""

    def __init__(self, database: Database, settings: Settings, *, commits: type[GroupCommit] = GroupCommit) -> None:
        self.database = database
        self.settings = settings
        self.signer = Signer(settings.token_secrets)
        self.catalogue = Catalogue(self.signer.code_keys)
        self.callers = Callers(database)
        limits = {"lanes": settings.writers, "queue_max": settings.queue_max}
        self.recorder: GroupCommit[RecordPurchase, Outcome] = commits(self._by("purchases", record_purchases), **limits)
        self.engager: GroupCommit[RecordEngagement, Outcome] = commits(
            self._by("engagement", record_engagement), **limits
        )
        self.opener: GroupCommit[RecordOpening, Outcome] = commits(self._by("openings", record_openings), **limits)
        self._batches = 0
        self._queues = {"POST /v1/purchases": self.recorder, "POST /v1/engagement": self.engager}

    def check_room(self, route: Route) -> None:
        """Refuses (Busy) a hot request whose queue is full, before its body costs those who wait any time."""
        self._queues[route.key].check_room()

    @contextmanager
    def taking_batch(self) -> Generator[None]:
        """While a batch is recorded. Refuses (Busy) one that would wait for too many others."""
        if self._batches >= BATCHES_MAX:
            raise Busy("The service has as many batches as it takes; try again in a moment.")
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1

    def queued(self) -> dict[str, int]:
        """How many commands each queue has accepted and not answered yet."""
        return {"purchases": self.recorder.waiting, "engagement": self.engager.waiting}

    def _by(
        self, queue: str, record: Callable[..., Awaitable[list[Outcome]]]
    ) -> Callable[[Sequence[Any]], Awaitable[list[Outcome]]]:
        """Records by the verb without a lock, which is nearly always right; behind locks when another transaction was
        first."""

        async def run(commands: Sequence[Any]) -> list[Outcome]:
            begun = monotonic()
            try:
                outcomes = await self.database.attempt(
                    lambda connection: record(connection, self.catalogue, commands, locked=False)
                )
            except RaceLost:
                outcomes = await self.database.write(
                    lambda connection: record(connection, self.catalogue, commands, locked=True)
                )
            count_batch(queue, outcomes, monotonic() - begun)
            return outcomes

        return run

    async def close(self) -> None:
        """Answers what was accepted, then lets go of the database."""
        await self.recorder.close()
        await self.engager.close()
        await self.opener.close()
        await self.database.close()
