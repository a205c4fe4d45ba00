"""Everything that a CRM wants to know of a member's loyalty, in one call over REST."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import msgspec

from loyalty_api.domain.members.refusals import MemberErased, MemberNotFound
from loyalty_api.domain.points.queries import points_and_expiring
from loyalty_api.insights.appraisal import Scores
from loyalty_api.insights.ladder import DEFINITION as LADDER
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.risk import Risk, risk_of
from loyalty_api.insights.value_members import last_closed
from loyalty_api.insights.worth import MARGIN, Assumptions, Value
from loyalty_api.kernel.clock import local_date, rfc3339
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.described import Described, open_describer
from loyalty_api.rest.door import Door
from loyalty_api.rest.member_answers import answer_member
from loyalty_api.rest.member_shapes import MemberTier, Status
from loyalty_api.rest.points import EXPIRING_DAYS, ExpiringAnswer, PointsAnswer
from loyalty_api.rest.route import Answer, Call, Route, answer_json

MARGIN_QUERY = "share of sales that is counted in lifetime_value_minor, as 0.3; 1 unless given"

_MARGIN = re.compile(r"0\.\d{1,6}|1(\.0{1,6})?", re.ASCII)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the member did, aliases included. ``sales_minor``: less what was returned; ``average_minor``: of a purchase.
    ``purchases_365`` and ``sales_365_minor``: of the last 365 days, today among them."""

    enrolled_on: date | None = None
    first_purchase_on: date | None = None
    last_purchase_on: date | None = None
    purchases: int = 0
    sales_minor: int = 0
    average_minor: float | None = None
    purchases_365: int = 0
    sales_365_minor: int = 0


class LoyaltyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A member's loyalty as of now. ``rfm``: by the cut-offs of ``model_as_of``, as ``GET
    /v1/insight/rfm`` has them; null: nothing bought in 365 days. ``value`` null:
    nothing bought before today, or for the reason in ``value_fault``; by the ``assumptions``."""

    id: UUID
    number: str
    status: Status
    aliases: list[UUID]
    as_of: date
    currency: str
    tier: MemberTier | None
    points: PointsAnswer
    facts: Facts
    rfm: Scores | None
    ladder_stage: str
    value: Value | None
    value_fault: str | None
    model_as_of: date | None
    assumptions: Assumptions
    risk: Risk


async def read(door: Door, call: Call) -> Answer:
    """The record."""
    margin = read_margin(call)
    member_id = UUID(call.path["member_id"])
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        member = await answer_member(connection, program, member_id, now)
        until = now + timedelta(days=EXPIRING_DAYS)
        points, expiring = await points_and_expiring(
            connection, member_id=member_id, zone=program.zone, now=now, until=until
        )
        today, closed_on = local_date(now, program.zone), last_closed(now, program.zone)
        describer = await open_describer(connection, program, today=today, closed_on=closed_on, margin=margin)
        found = await describer.describe(connection, [member_id])
    told = found[0] if found else None
    appraisal = describer.appraisal
    return answer_json(
        LoyaltyRecord(
            **{name: getattr(member, name) for name in ("id", "number", "status", "aliases", "tier")},
            as_of=today,
            currency=program.currency,
            points=PointsAnswer(
                *(points.available, points.pending, points.reserved, points.lifetime_earned),
                [ExpiringAnswer(each.points, rfc3339(each.at)) for each in expiring],
            ),
            facts=_facts(told),
            rfm=told.scores if told else None,
            ladder_stage=told.stage if told else "prospect",
            value=told.value if told else None,
            value_fault=describer.fault,
            model_as_of=appraisal.worth.as_of if appraisal else None,
            assumptions=describer.assumptions,
            risk=told.risk if told else risk_of(None, None),
        )
    )


def read_margin(call: Call) -> float:
    """The margin that the address asks for. Refuses: InvalidRequest."""
    text = call.query.get("margin")
    if text is None:
        return MARGIN
    if not _MARGIN.fullmatch(text) or float(text) == 0:
        raise InvalidRequest.of(FieldError("margin", "must be a number above 0 and at most 1, such as 0.3"))
    return float(text)


def _facts(told: Described | None) -> Facts:
    if told is None:
        return Facts()
    figures = told.figures
    return Facts(
        enrolled_on=figures.enrolled_on,
        first_purchase_on=figures.first_on,
        last_purchase_on=figures.last_on,
        purchases=figures.purchases,
        sales_minor=figures.sales_minor,
        average_minor=figures.sales_minor / figures.purchases if figures.purchases else None,
        purchases_365=figures.bought or 0,
        sales_365_minor=figures.sold_minor or 0,
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/members/{member_id}/loyalty",
        handler=read,
        summary=f"Tier, points, facts, scores, value and risk of a member, for a CRM. ladder_stage: {LADDER}",
        query={"margin": MARGIN_QUERY},
        answer=LoyaltyRecord,
        refusals=(MemberNotFound, MemberErased, InsightRebuilding),
    ),
]
