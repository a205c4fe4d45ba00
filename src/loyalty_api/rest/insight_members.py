"""All members as a CRM is told of them, over REST: in pages, or as one CSV. Ids and figures, nobody's name."""

from __future__ import annotations

import io
from datetime import date
from uuid import UUID

import msgspec

from loyalty_api.insights.people import page_of_members
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.value_members import last_closed
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.database import Connection
from loyalty_api.kernel.paging import page_answer, page_key, read_page
from loyalty_api.rest.as_csv import CSV_TYPE, FORMAT, wants_csv, write_csv
from loyalty_api.rest.described import Described, Describer, open_describer
from loyalty_api.rest.door import Door
from loyalty_api.rest.loyalty_record import MARGIN_QUERY, read_margin
from loyalty_api.rest.route import Answer, Call, Route, answer_json
from loyalty_api.rest.spooled import make_spool, pieces_of

CSV_PAGE = 1000  # members described at once
NOBODY = UUID(int=0)


class MemberRow(msgspec.Struct, frozen=True, kw_only=True):
    """One member, aliases included; see ``GET /v1/members/{member_id}/loyalty`` for what each of it means."""

    member_id: UUID
    status: str
    enrolled_on: date | None
    tier: str | None
    first_purchase_on: date | None
    last_purchase_on: date | None
    purchases: int
    sales_minor: int
    r: int | None
    f: int | None
    m: int | None
    ladder_stage: str
    p_alive: float | None
    expected_purchases: float | None
    expected_spend: int | None
    lifetime_value_minor: int | None
    risk: str | None


class MemberRows(msgspec.Struct, frozen=True):
    """A page of members, by id."""

    items: list[MemberRow]
    next_cursor: str | None


async def read(door: Door, call: Call) -> Answer:
    """A page of them; as CSV, all of them at once, which is set down first and sent then."""
    as_csv, margin = wants_csv(call), read_margin(call)
    page = read_page(call.query.get("limit"), call.query.get("cursor"))
    after = page_key(page, UUID) or NOBODY
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        now = program.present(call.received_at)
        today, closed_on = local_date(now, program.zone), last_closed(now, program.zone)
        describer = await open_describer(connection, program, today=today, closed_on=closed_on, margin=margin)
        if as_csv:
            return await _all(connection, describer, after)
        ids = await page_of_members(connection, program_id=program.id, after=after, limit=page.limit + 1)
        rows = [_row(each) for each in await describer.describe(connection, ids[: page.limit])]
    return answer_json(page_answer(ids, page, lambda member_id: member_id, rows))


async def _all(connection: Connection, describer: Describer, after: UUID) -> Answer:
    spool = make_spool()
    header: tuple[str, ...] = MemberRow.__struct_fields__
    written = io.StringIO(newline="")
    write_csv(written, [header])
    while ids := await page_of_members(connection, program_id=describer.program.id, after=after, limit=CSV_PAGE):
        found = await describer.describe(connection, ids)
        write_csv(written, (msgspec.structs.astuple(_row(each)) for each in found))
        spool.write(written.getvalue().encode())
        written = io.StringIO(newline="")
        after = ids[-1]
    spool.write(written.getvalue().encode())
    return Answer(200, b"", content_type=CSV_TYPE, parts=pieces_of(spool))


def _row(told: Described) -> MemberRow:
    figures, scores, value = told.figures, told.scores, told.value
    return MemberRow(
        member_id=figures.who,
        status=figures.status,
        enrolled_on=figures.enrolled_on,
        tier=figures.tier,
        first_purchase_on=figures.first_on,
        last_purchase_on=figures.last_on,
        purchases=figures.purchases,
        sales_minor=figures.sales_minor,
        r=scores.r if scores else None,
        f=scores.f if scores else None,
        m=scores.m if scores else None,
        ladder_stage=told.stage,
        p_alive=value.p_alive if value else None,
        expected_purchases=value.expected_purchases if value else None,
        expected_spend=value.expected_spend if value else None,
        lifetime_value_minor=value.lifetime_value_minor if value else None,
        risk=told.risk.level,
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/members",
        handler=read,
        summary="All members with facts, scores, ladder stage, value and risk; as CSV in one piece",
        query={
            "limit": "items per page, at most 200; CSV has no pages",
            "cursor": "next_cursor of the page before",
            "margin": MARGIN_QUERY,
            "format": FORMAT,
        },
        answer=MemberRows,
        csv=True,
        refusals=(InsightRebuilding,),
    ),
]
