"""What a return takes back (pure): what remains of the purchase is decided again, as it was decided then.

The version, tier, carried rest and the rooms of caps and budgets are those stored with the purchase. Conditions about
the purchase and the tier are asked again of what remains. The member of then is not stored: a condition about them
keeps its answer; of one that held and asks about both, the parts that ask about the purchase alone must still hold.
The difference to what was earned is due in all; a return owes what earlier ones of the same purchase have not, and
never less than nothing: what was taken back is not given again because of another return.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.facts import MemberFacts, PurchaseSeen, purchase_facts
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket, Decision, Earning, decide
from loyalty_api.domain.programs.conditions import Condition, parts_of
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.purchases.again import Again, StoredLine, StoredPurchase
from loyalty_api.domain.purchases.returned_lines import Part, add_up, remaining
from loyalty_api.domain.purchases.unpaid import unpaid_lines

_coupons = msgspec.json.Decoder(list[str])
_earnings = msgspec.json.Decoder(list[Earning])
_parts = msgspec.json.Decoder(list[Part])
_numbers = msgspec.json.Decoder(dict[str, int])


class Before(NamedTuple):
    """What earlier returns of the purchase did. ``rests``: what each carrying rule that took part left, by now."""

    parts: Sequence[Part]
    points_due: int
    points_expired: int
    by_rule: Mapping[str, int]
    rests: Mapping[str, int]
    tier_value: int


class Due(NamedTuple):
    """What one return owes: points in all and by rule, what the rests that wait change by, what the tier loses."""

    points: int
    by_rule: dict[str, int]
    rests: dict[str, int]
    carry_change: dict[str, int]
    tier_value: int


def sum_up(rows: Sequence[StoredPurchase], rests: dict[str, int]) -> Before:
    """What the returns of a purchase, oldest first, have done so far. ``rests``: what the purchase itself left."""
    by_rule: Counter[str] = Counter()
    for row in rows:
        by_rule.update(_numbers.decode(row["by_rule"]))
    return Before(
        parts=[part for row in rows for part in _parts.decode(row["lines"])],
        points_due=sum(row["points_due"] for row in rows),
        points_expired=sum(row["points_expired"] for row in rows),
        by_rule=by_rule,
        rests=_numbers.decode(rows[-1]["rests"]) if rows else rests,
        tier_value=sum(row["tier_value"] for row in rows),
    )


def decide_return(
    row: StoredPurchase,
    again: Again,
    compiled: Compiled,
    before: Before,
    parts: Sequence[Part],
    *,
    zone: ZoneInfo,
    tiers: Tiers | None,
) -> Due:
    """What the parts owe. ``tiers``: those by which the purchase was counted."""
    left = remaining(again.lines, add_up(again.lines, [*before.parts, *parts]))
    now = _decide(row, again, compiled, left, zone=zone)
    points = max(0, row["points_earned"] - now.points - before.points_due)
    earned = {earning.rule: earning.points for earning in _earnings.decode(row["earnings"])}
    kept = {earning.rule: earning.points for earning in now.earnings}
    by_rule = {}
    if points:
        for rule in earned | kept:
            owed = earned.get(rule, 0) - kept.get(rule, 0) - before.by_rule.get(rule, 0)
            if owed:
                by_rule[rule] = owed
    # A rule that takes no part leaves what waited before the purchase.
    carried = again.evidence.carried
    rests = {rule: now.rests.get(rule, carried.get(rule, 0)) for rule in {**before.rests, **now.rests}}
    carry_change = {rule: rest - before.rests.get(rule, carried.get(rule, 0)) for rule, rest in rests.items()}
    return Due(
        points=points,
        by_rule=by_rule,
        rests=rests,
        carry_change={rule: change for rule, change in carry_change.items() if change},
        tier_value=max(0, row["tier_value"] - _counts(tiers, now, left) - before.tier_value),
    )


def _decide(
    row: StoredPurchase, again: Again, compiled: Compiled, left: list[StoredLine], *, zone: ZoneInfo
) -> Decision:
    basket, paid = again.basket, again.evidence.paid_minor
    if not left:  # nothing was bought at all
        return Decision(0, 0, [])
    total = sum(line.amount_minor for line in left)
    if paid:  # of what was paid with points, the part that belongs to what remains
        left = unpaid_lines(left, paid - paid * (row["total_minor"] - total) // row["total_minor"])
    conditions = dict(basket.inputs.conditions)
    if compiled.conditioned:
        conditions |= _conditions(row, compiled, left, total, zone, held=conditions)
    inputs = msgspec.structs.replace(basket.inputs, conditions=conditions)
    return decide(compiled, Basket(left, basket.tier, basket.day, basket.minute, total, inputs))


def _conditions(
    row: StoredPurchase,
    compiled: Compiled,
    left: list[StoredLine],
    total: int,
    zone: ZoneInfo,
    *,
    held: Mapping[str, bool],
) -> dict[str, bool]:
    """The answers of those conditions of which something can be asked again. ``held``: whether each did."""
    seen = PurchaseSeen(
        lines=left,
        total_minor=total,
        base_minor=LineSets(compiled, left).base_minor,
        currency=row["currency"],
        store=row["store"],
        employee=row["employee"],
        channel=row["channel"],
        coupons=_coupons.decode(row["coupons"]),
        local=row["occurred_at"].astimezone(zone),
        member=MemberFacts(tier=row["tier"], enrolled_at=row["occurred_at"]),
    )
    facts = purchase_facts(compiled.names, seen)
    answers = {}
    for rule in compiled.conditioned:
        assert rule.when is not None, "a conditioned rule has a condition"
        if _askable(rule.when):
            answers[rule.code] = rule.when.holds(facts)
        elif held.get(rule.code):
            parts = parts_of(rule.when.text, "purchase")
            answers[rule.code] = all(part.holds(facts) for part in parts if _askable(part))
    return answers


def _askable(condition: Condition) -> bool:
    """Whether it asks about nothing of the member but the tier."""
    return all(name.startswith("purchase.") or name == "member.tier" for name in condition.names)


def _counts(tiers: Tiers | None, now: Decision, left: list[StoredLine]) -> int:
    match tiers.measure if tiers else "spend":
        case "points_earned":
            return now.counted
        case "purchases":
            return 1 if left else 0
    return now.base_minor
