"""What outstanding points are expected to cost, and how they came to be, over REST."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from loyalty_api.insights.earned import liability_minor, read_earned
from loyalty_api.insights.movements import Movement, read_movements
from loyalty_api.insights.periods import periods_between
from loyalty_api.insights.rebuilt import check_rebuilt
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import THROUGH, Query, cost_of, read_range
from loyalty_api.rest.route import Answer, Call, Route, answer_json

NOTE = (
    "Operational: points × cost × expected redemption. It is not the accounting figure of IFRS 15 or ASC 606, which"
    " allocates the price of the sales that issued the points."
)


class AgedView(msgspec.Struct, frozen=True):
    """Points earned so many months ago. ``expected_redemption``: the share of such that is redeemed in the end;
    ``assumed``: no matured month tells of that age, so that it is taken to be all."""

    age_months: int
    points: int
    expected_redemption: float
    assumed: bool
    liability_minor: int


class Liability(msgspec.Struct, frozen=True):
    """At the end of ``through``. ``points_in_lots`` is what members hold, ``points_owed`` the debts of some of them, by
    the ledger both; ``points_outstanding`` is the difference, with which the last of the ``movements`` closes once all
    events are read. In ``by_age``, the liability of each is rounded by itself."""

    through: date
    time_zone: str
    currency: str
    cost_minor_per_100: int
    points_outstanding: int
    points_in_lots: int
    points_owed: int
    expected_redemption: float | None
    liability_minor: int
    note: str
    by_age: list[AgedView]
    movements: list[Movement]


async def read(door: Door, call: Call) -> Answer:
    """The liability at the end of ``through``, and the months up to it."""
    as_csv = wants_csv(call)
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        query = Query(call.query)
        first, _, through = read_range(query, call, program, "month")
        query.check()
        named: dict[str, Any] = {"program_id": program.id, "through": through}
        await check_rebuilt(connection, program_id=program.id)
        earned = await read_earned(connection, **named, zone=program.zone)
        movements = await read_movements(connection, **named, months=periods_between(first, through, "month"))
    cost, told = cost_of(program, call), earned.known_shares(through)
    (aged,) = earned.by_age(through)
    views = [AgedView(*each, each.age not in told, liability_minor([each], cost)) for each in aged]
    if as_csv:
        return answer_csv(AgedView.__struct_fields__, [msgspec.structs.astuple(view) for view in views])
    in_lots = sum(each.points for each in aged)
    expected = sum(each.points * each.share for each in aged)
    return answer_json(
        Liability(
            through=through,
            time_zone=program.zone.key,
            currency=program.currency,
            cost_minor_per_100=cost,
            points_outstanding=in_lots - earned.owed,
            points_in_lots=in_lots,
            points_owed=earned.owed,
            expected_redemption=expected / in_lots if in_lots else None,
            liability_minor=liability_minor(aged, cost),
            note=NOTE,
            by_age=views,
            movements=movements,
        )
    )


ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/liability",
        handler=read,
        summary="What outstanding points are expected to cost, by age, and the movements that led there",
        query={
            "from": "a local day, in the first month of the movements; a year of months unless given",
            "through": THROUGH,
            "format": FORMAT,
        },
        answer=Liability,
        csv=True,
        refusals=(InsightRebuilding,),
    ),
]
