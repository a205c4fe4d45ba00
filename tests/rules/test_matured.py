"""What is outstanding by age, over many days at once: the same as each day by itself."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from loyalty_api.insights.matured import Flow, aged_over, cohorts_at, outstanding_by_age, redeemed_from
from loyalty_api.kernel.clock import add_months

FIRST = date(2027, 11, 1)
months = st.integers(0, 5).map(lambda number: add_months(FIRST, number))
days = st.integers(-3, 300).map(lambda number: FIRST + timedelta(days=number))
flows = st.builds(
    *(Flow, months, days, st.integers(-50, 200), st.integers(-20, 60), st.integers(0, 60)),
    *(st.none() | days, st.integers(-1, 1)),
)
ended = st.builds(
    lambda first, day, points, end: [Flow(first, first, points, 0, 0, end), Flow(first, day, 0, points, 0)],
    *(months, days, st.integers(1, 100), days),
)


@given(
    st.lists(flows, max_size=20),
    st.lists(ended, max_size=4),
    st.lists(days, min_size=1, max_size=6),
)
def test_many_days_at_once_are_what_each_is_by_itself(
    some: list[Flow], over: list[list[Flow]], asked: list[date]
) -> None:
    told = [*some, *(flow for pair in over for flow in pair)]
    asked.sort()
    expected = []
    for through in asked:
        known = [flow for flow in told if flow.day <= through]
        cohorts = cohorts_at(known, through)
        shares = redeemed_from(known, [cohort.first for cohort in cohorts if cohort.is_matured])
        expected.append(outstanding_by_age(cohorts, shares, through))
    assert aged_over(told, asked) == expected
