"""What a program's members are worth, as it is kept and told: the two models, how they did, and what was assumed.

Parameters are told to seven digits: as many as the search finds again on any machine. A member's value is told to nine:
as many as are the same whoever is scored beside.
"""

from __future__ import annotations

from datetime import date

import msgspec

from loyalty_api.kernel.refusals import Kind, Refusal

DEFINITION = 1  # of how all of this is reckoned; a fit of another one is made anew
DIGITS = 7
VALUE_DIGITS = 9
YEAR_DAYS = 365
LIFETIME_MONTHS = 36
DISCOUNT_YEARLY = 0.1
MARGIN = 1.0  # lifetime value is sales, unless a share of them is asked for
HOLDOUT_DAYS_MIN = 28


class InsightNotInstalled(Refusal):
    """The libraries that the models are fitted with are not there."""

    kind = Kind.MISSING
    code = "insight.not_installed"
    title = "What members are worth cannot be worked out here"


class NotFittedYet(Refusal):
    """So many members are fitted by the worker alone, and it has not come round yet."""

    kind = Kind.MISSING
    code = "insight.not_fitted"
    title = "What members are worth has not been worked out yet"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """BG/NBD (``r``, ``alpha``, ``a``, ``b``, by weeks) and Gamma-Gamma (``p``, ``q``, ``gamma``, in major units).

    ``n``: members who bought, ``repeat_buyers`` of them on more than one day. ``correlation``: of mean spend with
    repeats, which the second model takes to be none. ``fault`` and ``spending_fault``: why there are no parameters.
    """

    r: float | None = None
    alpha: float | None = None
    a: float | None = None
    b: float | None = None
    log_likelihood: float | None = None
    p: float | None = None
    q: float | None = None
    gamma: float | None = None
    n: int
    repeat_buyers: int
    correlation: float | None = None
    fault: str | None = None
    spending_fault: str | None = None


class HoldOut(msgspec.Struct, frozen=True, kw_only=True):
    """Days of buying that a model of the time up to ``known_on`` expects of its ``members`` from then on, to the end of
    ``through``, and how many there were."""

    expected: float | None
    actual: int
    members: int
    known_on: date
    through: date


class Assumptions(msgspec.Struct, frozen=True):
    """What a lifetime value rests on beyond the models: ``margin`` is the share of sales that is counted."""

    margin: float = MARGIN
    months: int = LIFETIME_MONTHS
    discount_yearly: float = DISCOUNT_YEARLY
    purchases_within_days: int = YEAR_DAYS


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """The models of everything up to the end of ``as_of``. ``holdout``: None where there is too little time to hold any
    of it out."""

    model: Model
    holdout: HoldOut | None
    as_of: date
    assumptions: Assumptions = Assumptions()
    definition: int = DEFINITION


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """What a member is worth. ``expected_purchases``: days of buying within a year. ``expected_spend``: on one of them,
    in minor units. ``bought_once``: on one day so far, of whom the model says ``p_alive`` 1 by construction."""

    p_alive: float
    expected_purchases: float
    expected_spend: int | None
    lifetime_value_minor: int | None
    bought_once: bool
