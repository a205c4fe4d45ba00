"""Coupons that multiply points (pure): each is one more multiplier, stackable, behind those of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from loyalty_api.domain.earning.compile import Compiled, Rule, compile_rule
from loyalty_api.domain.programs.document import EarningRule

PREFIX = "coupon:"  # no code of a rule has a colon


def rule_code(coupon: str) -> str:
    """What a coupon is called among the rules."""
    return f"{PREFIX}{coupon}"


def coupon_rules(coupons: Mapping[str, Decimal]) -> list[EarningRule]:
    """The rules that the coupons are, by code; ``coupons``: their factors, by rule code."""
    return [EarningRule(code=code, multiplier=factor) for code, factor in sorted(coupons.items())]


def with_coupons(compiled: Compiled, coupons: Mapping[str, Decimal]) -> Compiled:
    """The version with these coupons among its multipliers; one that has them stays as it is."""
    if not coupons or any(rule.code in coupons for rule in compiled.multipliers):
        return compiled
    rules = [_ready(rule.code, rule.multiplier or Decimal(1), compiled.currency) for rule in coupon_rules(coupons)]
    return _with_rules(compiled, rules)


def _with_rules(compiled: Compiled, rules: Sequence[Rule]) -> Compiled:
    told = list(compiled.told)
    behind = sum(rule.kind not in ("flat", "per_event") for rule in told)
    told[behind:behind] = rules
    return msgspec.structs.replace(
        compiled,
        multipliers=(*compiled.multipliers, *rules),
        told=tuple(told),
        dry_runs=tuple((code, _with_rules(as_if_live, rules)) for code, as_if_live in compiled.dry_runs),
    )


@lru_cache(maxsize=1024)
def _ready(code: str, factor: Decimal, currency: str) -> Rule:
    return compile_rule(EarningRule(code=code, multiplier=factor), 0, currency)
