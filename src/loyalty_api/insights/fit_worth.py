"""Fitting and scoring (pure): from histories to the models, and from a model to what members are worth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import msgspec
import numpy as np

from loyalty_api.insights.buying import Buying, fit_buying, grouped
from loyalty_api.insights.forecast import discounted_purchases, expected_purchases, p_alive
from loyalty_api.insights.histories import Bought, Row
from loyalty_api.insights.maximum import Unfit
from loyalty_api.insights.spending import Spending, expected_spend, fit_spending, spenders
from loyalty_api.insights.worth import DIGITS, VALUE_DIGITS, Assumptions, Model, Value


def fit_worth(rows: Sequence[Row], *, minor_digits: int) -> Model:
    """Both models of the histories. ``minor_digits``: of the program's currency."""
    repeats, last, days, sales, members = _columns(rows)
    buying = fit_buying(grouped(repeats, last, days, members))
    spending = fit_spending(spenders(repeats, sales, members, minor_digits=minor_digits))
    told = {}
    for model, fault in ((buying, "fault"), (spending, "spending_fault")):
        told |= {fault: model.fault} if isinstance(model, Unfit) else _rounded(model)
    n, repeat_buyers = int(members.sum()), int(members[repeats > 0].sum())
    return msgspec.convert(told | {"n": n, "repeat_buyers": repeat_buyers}, Model)


def expect(model: Model, rows: Sequence[Row], *, within_days: int) -> float | None:
    """On how many days members of these histories will buy within so many days, together."""
    buying = _buying(model)
    if buying is None or not rows:
        return None
    repeats, last, days, _, members = _columns(rows)
    return float((expected_purchases(buying, repeats, last, days, within_days=within_days) * members).sum())


def score(
    model: Model, bought: Sequence[Bought], *, through: date, minor_digits: int, assumptions: Assumptions
) -> list[Value]:
    """What each of them is worth, watched to the end of ``through``; the model has its parameters of buying."""
    buying, spending = _buying(model), _spending(model)
    assert buying is not None, "a model without parameters scores nobody"
    if not bought:
        return []
    repeats = np.array([each.repeats for each in bought])
    history = (
        repeats,
        np.array([(each.last_on - each.first_on).days for each in bought]),
        np.array([(through - each.first_on).days for each in bought]),
    )
    alive = p_alive(buying, *history)
    ahead = expected_purchases(buying, *history, within_days=assumptions.purchases_within_days)
    spends = values = cast("list[int | None]", [None] * len(bought))
    if spending is not None:
        sales = np.array([max(0, each.sales_minor) for each in bought]) / 10**minor_digits
        spend = expected_spend(spending, repeats, sales) * 10**minor_digits
        terms = {"months": assumptions.months, "discount_yearly": assumptions.discount_yearly}
        value = discounted_purchases(buying, *history, **terms) * spend * assumptions.margin
        spends, values = [round(float(each)) for each in spend], [round(float(each)) for each in value]
    return [
        Value(
            p_alive=_digits(alive[index], VALUE_DIGITS),
            expected_purchases=_digits(ahead[index], VALUE_DIGITS),
            expected_spend=spends[index],
            lifetime_value_minor=values[index],
            bought_once=each.repeats == 0,
        )
        for index, each in enumerate(bought)
    ]


def _columns(rows: Sequence[Row]) -> list[np.ndarray]:
    return list(np.array(rows, dtype=np.int64).reshape(-1, len(Row._fields)).T)


def _rounded(model: Buying | Spending) -> dict[str, float | None]:
    values = msgspec.structs.asdict(model)
    return {name: None if value is None else _digits(value, DIGITS) for name, value in values.items()}


def _digits(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}")


def _buying(model: Model) -> Buying | None:
    values = (model.r, model.alpha, model.a, model.b, model.log_likelihood)
    return None if None in values else Buying(*values)  # ty: ignore[invalid-argument-type]


def _spending(model: Model) -> Spending | None:
    values = (model.p, model.q, model.gamma)
    return None if None in values else Spending(*values)  # ty: ignore[invalid-argument-type]
