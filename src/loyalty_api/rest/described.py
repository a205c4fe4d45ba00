"""Members as a CRM is told of them: what they did, where they stand and what they are worth, many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from loyalty_api.domain.engagement.queries import Involvement, involvement_of
from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.appraisal import Appraisal, Scores, appraise_members, scores_of
from loyalty_api.insights.fits import newest_fit
from loyalty_api.insights.histories import count_buyers, histories_of
from loyalty_api.insights.ladder import LOOK_BACK_DAYS, stage_of
from loyalty_api.insights.people import Figures, figures_of
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.insights.risk import Risk, risk_of
from loyalty_api.insights.value_members import score_members
from loyalty_api.insights.worth import Assumptions, InsightNotInstalled, Value
from loyalty_api.kernel.clock import add_days, start_of_day
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.money import minor_digits

BUYERS_MAX = 20_000  # a few tenths of a second's work, where the worker has not come round yet


class Described(NamedTuple):
    """One member."""

    figures: Figures
    stage: str
    scores: Scores | None
    value: Value | None
    risk: Risk


class Describer(msgspec.Struct, frozen=True):
    """Describes a program's members as of ``today``, by the newest appraisal up to ``closed_on``, the last day that is
    over. ``fault``: why there is no value of anybody; None: there is."""

    program: Program
    today: date
    closed_on: date
    appraisal: Appraisal | None
    fault: str | None
    assumptions: Assumptions

    async def describe(self, connection: Connection, member_ids: Collection[UUID]) -> list[Described]:
        """Those of the members, who are nobody's aliases, that the figures know, by id."""
        figures = await figures_of(connection, member_ids=member_ids, through=self.today)
        everyone = [each for person in figures for each in person.member_ids]
        since = start_of_day(add_days(self.today, 1 - LOOK_BACK_DAYS), self.program.zone)
        before = start_of_day(add_days(self.today, 1), self.program.zone)
        involved = await involvement_of(connection, member_ids=everyone, since=since, before=before)
        values = await self._values(connection, [person.who for person in figures])
        return [self._described(person, involved, values.get(person.who)) for person in figures]

    def _described(self, person: Figures, involved: Mapping[UUID, Involvement], value: Value | None) -> Described:
        mine = [involved[each] for each in person.member_ids if each in involved]
        stage = stage_of(
            purchases=person.standing,
            enrolled=person.enrolled_on is not None and person.status != "closed",
            events=sum(each.events for each in mine),
            unsolicited=sum(each.unsolicited for each in mine),
        )
        scores = None
        if self.appraisal and person.days_since is not None:
            ago = (self.today - self.closed_on).days  # the cut-offs are of a day that was over
            rfm = {"r": max(0, person.days_since - ago), "f": person.bought or 0, "m": person.sold_minor or 0}
            scores = scores_of(self.appraisal.cut_offs, **rfm)
        last_on = person.last_on
        since = None if last_on is None else (self.today - last_on).days
        return Described(person, stage, scores, value, risk_of(since, value))

    async def _values(self, connection: Connection, member_ids: list[UUID]) -> dict[UUID, Value]:
        if self.appraisal is None or self.fault is not None:
            return {}
        bought = await histories_of(connection, member_ids=member_ids, through=self.closed_on)
        values = await score_members(
            self.appraisal.worth,
            list(bought.values()),
            through=self.closed_on,
            minor_digits=minor_digits(self.program.currency),
            assumptions=self.assumptions,
        )
        return dict(zip(bought, values, strict=True))


async def open_describer(
    connection: Connection, program: Program, *, today: date, closed_on: date, margin: float
) -> Describer:
    """By what the worker has kept, else worked out now where the program is small enough. Refuses:
    InsightRebuilding."""
    await check_rebuilt(connection, program_id=program.id)
    appraisal = fault = None
    try:
        appraisal = await _appraisal(connection, program, closed_on)
    except InsightNotInstalled as missing:
        fault = missing.detail
    if appraisal is not None:
        fault = appraisal.worth.model.fault
    elif fault is None:
        fault = "the worker (loyalty work) has not worked it out yet"
    return Describer(program, today, closed_on, appraisal, fault, Assumptions(margin=margin))


async def _appraisal(connection: Connection, program: Program, closed_on: date) -> Appraisal | None:
    kept = await newest_fit(connection, program_id=program.id, by=closed_on)
    if kept is not None or await count_buyers(connection, program_id=program.id) > BUYERS_MAX:
        return kept
    return await appraise_members(
        connection,
        program_id=program.id,
        minor_digits=minor_digits(program.currency),
        through=closed_on,
    )
