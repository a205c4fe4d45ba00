"""Which lots a decision's points go into, by how long they live (pure)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.rules import Decision
from loyalty_api.domain.points.dates import LotDates, lot_dates
from loyalty_api.domain.programs.document import PointsSettings


def lots_of(
    decision: Decision,
    compiled: Compiled,
    settings: PointsSettings,
    *,
    zone: ZoneInfo,
    occurred_at: datetime,
    recorded_at: datetime,
) -> dict[LotDates, int]:
    """The points by the dates of their lots: one lot, but for rules whose points live differently.

    ``settings``: those of the version that ``compiled`` was made of.
    """
    if not decision.points:
        return {}
    when = {"zone": zone, "occurred_at": occurred_at, "recorded_at": recorded_at}
    lots: dict[LotDates, int] = {}
    rest = decision.points
    if compiled.lives:
        for earning in decision.earnings:
            if earning.rule in compiled.lives:
                dates = lot_dates(compiled.lives[earning.rule], **when)
                lots[dates] = lots.get(dates, 0) + earning.points
                rest -= earning.points
    if rest:
        dates = lot_dates(settings, **when)
        lots[dates] = lots.get(dates, 0) + rest
    return _without_debts(lots) if min(lots.values()) < 0 else lots


def _without_debts(lots: dict[LotDates, int]) -> dict[LotDates, int]:
    """What a multiplier below 1 takes from lots of its own dates is taken from the largest of the others."""
    owed = -sum(points for points in lots.values() if points < 0)
    left = {}
    for dates, points in sorted(lots.items(), key=lambda lot: -lot[1]):
        taken = min(max(0, points), owed)
        owed -= taken
        if points > taken:
            left[dates] = points - taken
    return left
