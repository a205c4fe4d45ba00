"""The valuer: once a week it works out what each program's members are worth. Two of them do no harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from loyalty_api.domain.programs.queries import Catalogue, Program, program_ids
from loyalty_api.insights.appraisal import appraise_members
from loyalty_api.insights.fits import is_caught_up, keep_fit, newest_fit
from loyalty_api.insights.histories import first_day
from loyalty_api.insights.value_members import last_closed
from loyalty_api.insights.worth import InsightNotInstalled
from loyalty_api.kernel.database import Database
from loyalty_api.kernel.logging import logger
from loyalty_api.kernel.money import minor_digits
from loyalty_api.kernel.refusals import Busy
from loyalty_api.worker.beats import Beats
from loyalty_api.worker.rounds import go_round

PAUSE_SECONDS = 60.0
EVERY_DAYS = 7

log = logger(__name__)


class Valuer:
    """One program after the other. ``clock``: the real present."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime], beats: Beats | None = None) -> None:
        self._database = database
        self._clock = clock
        self._beats = beats or Beats()
        self._catalogue = Catalogue()

    async def work(self, stop: asyncio.Event, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Rounds until ``stop``, or until it is found that the libraries are not installed, which is told."""
        try:
            await go_round(
                "value",
                self.round,
                stop,
                pause_seconds=pause_seconds,
                beats=self._beats,
                counted="programs_valued",
                ends=(InsightNotInstalled,),
            )
        except InsightNotInstalled as missing:
            log.warning("members_are_not_valued", reason=missing.detail)

    async def round(self, stop: asyncio.Event | None = None) -> int:
        """Values the members of every program whose turn it is; how many programs. One that fails is told of and does
        not stop the others."""
        async with self._database.reader() as connection:
            programs = await self._catalogue.load(connection, await program_ids(connection))
        done = 0
        for program in programs.values():
            if stop is not None and stop.is_set():
                break
            try:
                done += await self._value(program)
            except (Busy, InsightNotInstalled):
                raise
            except Exception as error:
                log.error("valuing_failed", program=program.code, exc_info=error)
        return done

    async def _value(self, program: Program) -> bool:
        """Whether it was the program's turn."""
        now = program.present(self._clock())
        through = last_closed(now, program.zone)
        program_id = program.id
        async with self._database.reader() as connection:
            newest = await newest_fit(connection, program_id=program_id, by=through)
            if newest is not None and (through - newest.worth.as_of).days < EVERY_DAYS:
                return False
            first = await first_day(connection, program_id=program_id)
            if first is None or first > through or not await is_caught_up(connection, program_id=program_id):
                return False
            appraisal = await appraise_members(
                connection,
                program_id=program_id,
                minor_digits=minor_digits(program.currency),
                through=through,
            )
        await self._database.write(
            lambda connection: keep_fit(connection, program_id=program_id, appraisal=appraisal, now=now)
        )
        if fault := appraisal.worth.model.fault:
            log.warning("members_do_not_fit", program=program.code, reason=fault)
        return True
