"""What is wrong with rewards beyond their single fields: kinds, prices, dates, tiers and what goes with what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from loyalty_api.domain.programs.condition_limits import NO_TIER
from loyalty_api.domain.programs.reward import EFFECTS, Effect, PayWithPoints, Reward, Valid
from loyalty_api.kernel.refusals import FieldError

# What a reward that is paid for point by point cannot say: it has no price of its own and is no piece of anything.
_OF_PRICED = ("points", "stock", "cost_minor", "auto")


def check_rewards(rewards: Sequence[Reward], tiers: Sequence[str]) -> Iterator[FieldError]:
    """Every fault of the rewards; ``tiers``: codes of the program's."""
    seen: set[str] = set()
    for index, reward in enumerate(rewards):
        place = f"rewards[{index}]"
        if reward.code in seen:
            yield FieldError(f"{place}.code", f"{reward.code} is used twice")
        seen.add(reward.code)
        yield from check_effect(place, reward)
        yield from _price(place, reward)
        yield from _valid(f"{place}.valid", reward.valid)
        for number, tier in enumerate(reward.tiers):
            if tier not in tiers:
                known = f"the tiers are {', '.join(tiers)}" if tiers else "the program has no tiers"
                yield FieldError(f"{place}.tiers[{number}]", f"{tier} {NO_TIER}; {known}")


def check_effect(place: str, effect: Effect, also: Sequence[str] = ()) -> Iterator[FieldError]:
    """Every fault of what a reward or a coupon does; ``also``: further kinds that the effect may be."""
    named = [kind for kind in (*EFFECTS, *also) if getattr(effect, kind) is not None]
    if len(named) != 1:
        said = f"not {' and '.join(named)}" if named else "and says none"
        yield FieldError(place, f"must say one of {', '.join((*EFFECTS, *also))}, {said}")
    if effect.percent_off is not None and not 0 < effect.percent_off.percent <= 100:
        yield FieldError(f"{place}.percent_off.percent", "must be more than 0 and at most 100")
    if effect.pay_with_points is not None:
        yield from _pay(f"{place}.pay_with_points", effect.pay_with_points)


def _pay(place: str, pay: PayWithPoints) -> Iterator[FieldError]:
    if not 0 < pay.max_share <= 1:
        yield FieldError(f"{place}.max_share", "must be more than 0 and at most 1")


def _price(place: str, reward: Reward) -> Iterator[FieldError]:
    if reward.pay_with_points is None:
        if reward.points is None:
            yield FieldError(f"{place}.points", "is missing: what the reward costs")
        return
    for name in _OF_PRICED:
        if getattr(reward, name):
            yield FieldError(f"{place}.{name}", "does not go with pay_with_points, where the member says how many")


def _valid(place: str, valid: Valid) -> Iterator[FieldError]:
    wrong = False
    for name, day in (("from", valid.from_), ("until", valid.until)):
        if day is not None and not is_date(day):
            wrong = True
            yield FieldError(f"{place}.{name}", f"{day} is not a day of the calendar")
    if not wrong and valid.from_ and valid.until and valid.until < valid.from_:
        yield FieldError(f"{place}.until", "must not be before from")


def is_date(text: str) -> bool:
    """Whether the text writes a day that the calendar has."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
