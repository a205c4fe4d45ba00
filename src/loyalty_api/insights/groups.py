"""What was bought, and by how many people, of each group: the sums that most metrics ``by`` something are read from
(pure).

Each row is of what it is grouped by, of a kind of period and of a day in it, with a label: of people their tier or
the month of their first purchase, of a place its name; an empty word: there is none. A batch of events takes off what
it changes and adds what is true behind it, as ``counts.py`` says of the counts.

By ``tier`` and ``cohort`` a row is what changes on its day, so that the rows of a period up to any of its days add up
to what is true by the end of that day, as if nothing had happened behind it: whoever bought comes in on the first day
on which they bought in the period, under what they are at its end; and whoever then goes from one tier to another,
joins or leaves is taken off on that day as they were and added as they are, with all that they bought so far.

By ``store`` and ``employee`` a row is all of a period, and its day the first of that: else there were as many rows as
there are receipts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from loyalty_api.insights.periods import PERIODS, span_of

TIER, COHORT, STORE, EMPLOYEE = "tier", "cohort", "store", "employee"
PLACES = STORE, EMPLOYEE

# ``receipts``: how many entries, of places. ``active``: people who bought. Of these: ``enrolled``: those who are
# members; ``new``: who never had before; ``returned``: who had, but not in the period before; ``retained``: who did in
# the next period too.
SUMS = ("purchases", "sales_minor", "receipts", "active", "enrolled", "new", "returned", "retained")
ACTIVE = SUMS.index("active")


# Plain tuples, as there are many. A row: by what, of which kind of period, on which day (an ordinal), of which label.
# A buyer: what somebody is in the period in which they bought, each 0 or 1: enrolled, new, returned, retained.
Row = tuple[str, str, int, str]
Buyer = tuple[int, int, int, int]

Sums = defaultdict[Row, list[int]]
Sold = defaultdict[tuple[str, int, str], list[int]]  # by what, day, label: the first of SUMS, ``active`` among them
Buyers = defaultdict[tuple[str, int, str, str, Buyer], int]  # by kind of period, day, tier and cohort


def no_sums() -> Sums:
    """None yet."""
    return defaultdict(lambda: [0] * len(SUMS))


def no_sold() -> Sold:
    """Nothing yet."""
    return defaultdict(lambda: [0, 0, 0, 0])


def spread(sums: Sums, sold: Sold, buyers: Buyers) -> None:
    """Adds what was sold to all the periods that its day is in, and the buyers."""
    for (grouped, day, label), amounts in sold.items():
        for period in PERIODS:
            on = span_of(day, period).first if grouped in PLACES else day
            _add(sums[grouped, period, on, label], enumerate(amounts))
    for (period, day, tier, cohort, buyer), count in buyers.items():
        if count:
            for row in (TIER, period, day, tier), (COHORT, period, day, cohort):
                _add(sums[row], ((ACTIVE + number, count * each) for number, each in enumerate((1, *buyer))))


def _add(sums: list[int], amounts: Iterable[tuple[int, int]]) -> None:
    for number, amount in amounts:
        sums[number] += amount


def changed_rows(sums: Mapping[Row, list[int]]) -> list[tuple[Row, list[int]]]:
    """Those that are not nought, in their order."""
    return sorted((row, each) for row, each in sums.items() if any(each))
