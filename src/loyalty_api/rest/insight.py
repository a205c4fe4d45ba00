"""Metrics over REST: the catalogue, and each over time."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.metric import Metric
from loyalty_api.insights.refusals import InsightRebuilding
from loyalty_api.insights.series import Point, Present, read_series
from loyalty_api.rest.as_csv import FORMAT, answer_csv, wants_csv
from loyalty_api.rest.door import Door
from loyalty_api.rest.insight_query import PERIODS_MAX, THROUGH, metric_of, read_asked
from loyalty_api.rest.route import Answer, Call, Route, answer_json


class MetricView(msgspec.Struct, frozen=True):
    """A metric. ``groups``: what it can be asked ``by``; ``parameters``: that it takes beside those of all metrics."""

    slug: str
    label: str
    unit: str
    definition: str
    version: int
    window: str
    owner: str
    groups: tuple[str, ...]
    parameters: tuple[str, ...]


class MetricList(msgspec.Struct, frozen=True):
    """All metrics."""

    items: list[MetricView]
    next_cursor: None = None


class PointView(msgspec.Struct, frozen=True):
    """One value. ``group`` null: those without one. ``numerator`` null: not to be known yet; ``denominator`` null: a
    count; ``value`` null: nothing to divide by, or not to be known yet. ``n``: how many it rests on; ``low`` to
    ``high``: 95 %, by Wilson's score interval. ``complete``: the period is over. ``restated``: something was recorded
    behind its end that changed it; left out where it was not."""

    period: str
    numerator: int | None
    denominator: int | None
    value: int | float | None
    n: int
    complete: bool
    group: str | UnsetType | None = UNSET
    low: float | UnsetType = UNSET
    high: float | UnsetType = UNSET
    restated: bool | UnsetType = UNSET


class Series(msgspec.Struct, frozen=True):
    """A metric over time, in local days of ``time_zone``, up to the end of ``through``."""

    slug: str
    definition: str
    version: int
    unit: str
    currency: str
    time_zone: str
    through: date
    points: list[PointView]


async def list_(door: Door, call: Call) -> Answer:
    """The catalogue."""
    views = [
        MetricView(**{name: getattr(metric, name) for name in MetricView.__struct_fields__})
        for metric in METRICS.values()
    ]
    return answer_json(MetricList(views))


async def read(door: Door, call: Call) -> Answer:
    """One metric's points."""
    as_csv, metric = wants_csv(call), metric_of(call.path["slug"])
    async with door.database.reader() as connection:
        program = await door.catalogue.one(connection, call.program_id)
        asked = read_asked(call, program, metric)
        present = Present(program.present(call.received_at), program.zone)
        points = await read_series(connection, metric, asked, present)
    if as_csv:
        return answer_csv(Point._fields, points)
    views = [_view(metric, point, grouped=asked.by is not None or point.group is not None) for point in points]
    described = (metric.slug, metric.definition, metric.version, metric.unit, program.currency, program.zone.key)
    return answer_json(Series(*described, asked.through, views))


def _view(metric: Metric, point: Point, *, grouped: bool) -> PointView:
    told: dict[str, Any] = {name: getattr(point, name) for name in ("period", "numerator", "denominator", "value", "n")}
    return PointView(
        **told,
        complete=point.complete,
        group=point.group if grouped else UNSET,
        low=UNSET if point.low is None else point.low,
        high=UNSET if point.high is None else point.high,
        restated=point.restated or UNSET,
    )


_METRIC = METRICS["retention"]
EXAMPLE_LIST = {
    "items": [
        {
            "slug": "retention",
            "label": "Retention",
            "unit": "share",
            "definition": _METRIC.definition,
            "version": 1,
            "window": _METRIC.window,
            "owner": "marketing",
            "groups": ["tier", "cohort"],
            "parameters": [],
        }
    ],
    "next_cursor": None,
}
EXAMPLE = {
    "slug": "retention",
    "definition": _METRIC.definition,
    "version": 1,
    "unit": "share",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "through": "2026-10-31",
    "points": [
        {
            "period": "2026-09",
            "numerator": 1466,
            "denominator": 1700,
            "value": 0.8623529411764705,
            "n": 1700,
            "low": 0.8451679,
            "high": 0.8779055,
            "complete": True,
        },
        {"period": "2026-10", "numerator": None, "denominator": 1721, "value": None, "n": 1721, "complete": True},
    ],
}
_RANGE = (
    f"of its period; a year of months, half of weeks or a month of days unless given; {PERIODS_MAX} periods at most"
)

ROUTES = [
    Route(
        method="GET",
        path="/v1/insight/metrics",
        handler=list_,
        summary="The catalogue of metrics: what each means and how it is worked out",
        answer=MetricList,
        example_answer=EXAMPLE_LIST,
    ),
    Route(
        method="GET",
        path="/v1/insight/metrics/{slug}",
        handler=read,
        summary="A metric over time, whole periods of the program's calendar",
        query={
            "from": f"a local day, {_RANGE}",
            "to": "a local day, of the last period; through unless given",
            "period": "month, week (from Monday) or day; month unless given",
            "by": "a group of the catalogue: tier (at its end), store, employee or cohort (first purchase)",
            "through": THROUGH,
            "window_days": "of lapsed, reactivated and alive members: days without a purchase; 56 unless given",
            "within_days": "of repeat_rate: days from the first purchase; 60 unless given",
            "format": FORMAT,
        },
        answer=Series,
        csv=True,
        refusals=(InsightRebuilding,),
        example_answer=EXAMPLE,
    ),
]
