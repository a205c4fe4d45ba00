"""What the addresses of insight ask for: days, periods and groups, read and checked. Refusals: InvalidRequest."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import date

from loyalty_api.domain.programs.queries import Program
from loyalty_api.insights.catalogue import METRICS
from loyalty_api.insights.metric import WINDOW_DAYS, WITHIN_DAYS, Asked, Metric
from loyalty_api.insights.periods import PERIODS, periods_between, start_of, step
from loyalty_api.kernel.clock import local_date
from loyalty_api.kernel.refusals import FieldError, InvalidRequest
from loyalty_api.rest.route import Call

PERIODS_MAX = 400
DEFAULT_PERIODS = {"month": 12, "week": 26, "day": 31}
DAYS_MAX = 3650
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 12, 31)  # of any clock
THROUGH = "up to the end of this local day, 2026-03-31; today unless given"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_COUNT = re.compile(r"[1-9]\d{0,3}", re.ASCII)


class Query:
    """The parameters of one call; whatever is wrong with them is told together by ``check``."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.errors: list[FieldError] = []

    def day(self, name: str, otherwise: date) -> date:
        """A local day."""
        text = self._given.get(name)
        if text is None:
            return otherwise
        if _DAY.fullmatch(text):
            try:
                found = date.fromisoformat(text)
            except ValueError:
                pass
            else:
                if FIRST_DAY <= found <= LAST_DAY:
                    return found
        self.wrong(name, f"must be a day of the calendar from {FIRST_DAY} to {LAST_DAY}, such as 2026-03-31")
        return otherwise

    def one_of(self, name: str, known: Collection[str], otherwise: str | None) -> str | None:
        """One of some words."""
        text = self._given.get(name, otherwise)
        if text is not None and text not in known:
            self.wrong(name, f"must be one of {', '.join(known)}" if known else "cannot be asked of this")
            return otherwise
        return text

    def count(self, name: str, otherwise: int) -> int:
        """A number of days."""
        text = self._given.get(name)
        if text is None:
            return otherwise
        if _COUNT.fullmatch(text) and int(text) <= DAYS_MAX:
            return int(text)
        self.wrong(name, f"must be a whole number of days from 1 to {DAYS_MAX}")
        return otherwise

    def wrong(self, name: str, message: str) -> None:
        """Notes what is wrong."""
        self.errors.append(FieldError(name, message))

    def has(self, name: str) -> bool:
        """Whether the parameter is given."""
        return name in self._given

    def check(self) -> None:
        """Refuses what is wrong."""
        if self.errors:
            raise InvalidRequest.of(*self.errors)


def metric_of(slug: str) -> Metric:
    """The metric of this slug."""
    metric = METRICS.get(slug)
    if metric is None:
        raise InvalidRequest.of(FieldError("slug", f"there is no metric {slug[:80]!r}; known: {', '.join(METRICS)}"))
    return metric


def read_asked(call: Call, program: Program, metric: Metric) -> Asked:
    """What is asked of a metric."""
    query = Query(call.query)
    period = query.one_of("period", PERIODS, "month") or "month"
    by = query.one_of("by", metric.groups, None)
    for name in ("window_days", "within_days"):
        if query.has(name) and name not in metric.parameters:
            query.wrong(name, f"is not a parameter of {metric.slug}")
    asked = read_range(query, call, program, period)
    window_days, within_days = query.count("window_days", WINDOW_DAYS), query.count("within_days", WITHIN_DAYS)
    query.check()
    first, last, through = asked
    return Asked(
        program_id=program.id,
        zone=program.zone,
        cost_minor_per_100=cost_of(program, call),
        through=through,
        period=period,
        periods=periods_between(first, last, period),
        by=by,
        window_days=window_days,
        within_days=within_days,
    )


def cost_of(program: Program, call: Call) -> int:
    """What 100 points cost, by the version in force."""
    return program.version_at(program.present(call.received_at)).document.points.cost_minor_per_100


def read_through(query: Query, call: Call, program: Program) -> date:
    """The day up to whose end things are known: today or earlier."""
    today = min(local_date(program.present(call.received_at), program.zone), LAST_DAY)
    through = query.day("through", today)
    if through > today:
        query.wrong("through", f"must not be after today, {today}, as the program has it")
        return today
    return through


def read_range(query: Query, call: Call, program: Program, period: str) -> tuple[date, date, date]:
    """(from, to, through): ``to`` no later than ``through``."""
    through = read_through(query, call, program)
    to = query.day("to", through)
    default = step(start_of(min(to, through), period), period, 1 - DEFAULT_PERIODS[period])
    first = query.day("from", default)
    if first > to:
        query.wrong("from", f"must not be after to, {to}")
    elif first > through:
        query.wrong("from", f"must not be after through, {through}")
    last = min(to, through)
    if first <= last and _count(first, last, period) > PERIODS_MAX:
        query.wrong("from", f"makes more than {PERIODS_MAX} of period {period} until {last}; ask in parts")
    return first, last, through


def _count(first: date, last: date, period: str) -> int:
    if period == "month":
        return (last.year - first.year) * 12 + last.month - first.month + 1
    return (last - first).days // (7 if period == "week" else 1) + 1
