"""The laws of tiers for one member (pure): every move follows from its figures and the program of its time, and a
review comes before the window falls short of the tier."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from loyalty_api.domain.lifecycle.laws import Broken, MemberRows, Row
from loyalty_api.domain.programs.document import Tiers
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.tiers.rules import falls_short_on, held_rank, rank_of, value_in, window_of


def check_tiers(rows: MemberRows, program: Program) -> Iterator[Broken]:
    """Every law of tiers that the member's rows break."""
    before = None
    for number, move in enumerate(rows.tier_moves, 1):
        if move["seq"] != number:
            yield "tier", f"move {number} is missing"
            return
        if move["reason"] in ("reached", "reviewed"):
            told = [list(_move(move, before, tiers)) for tiers in _policies(program, move["recorded_at"])]
            yield from [] if [] in told else told[-1]
        before = move["to_tier"]
    if rows.tier_moves and not rows.tier_reviews:
        yield "tier", f"the member holds {before}, which no review would ever lower"
    for tier in rows.tiers:
        for due in rows.tier_reviews:
            yield from _due(rows, tier, due, program)


def _policies(program: Program, instant: datetime) -> list[Tiers | None]:
    """What may have been in force at an instant: a clock that stands still has several versions begin at one."""
    ends = [each.effective_at for each in program.versions[1:]] + [instant]
    pairs = zip(program.versions, ends, strict=True)
    return [each.document.tiers for each, end in pairs if each.effective_at <= instant <= end]


def _move(move: Row, before: str | None, tiers: Tiers | None) -> Iterator[Broken]:
    told = f"move {move['seq']} from {move['from_tier']} to {move['to_tier']}"
    if tiers is None:
        yield "tier", f"{told} is of a time without tiers"
        return
    levels, value = tiers.levels, move["value"]
    old, new = rank_of(levels, move["from_tier"]), rank_of(levels, move["to_tier"])
    if rank_of(levels, before) != old:
        yield "tier", f"{told} begins elsewhere than at {before or levels[0].code}"
    held = held_rank(levels, value)
    if move["reason"] == "reached":
        right = new == held > old
    else:
        right = new == (max(held, old - 1) if tiers.downgrade.steps == "one" else held) and held < old
    if not right:
        yield "tier", f"{told} does not follow from {value}, which holds {levels[held].code}"


def _due(rows: MemberRows, tier: Row, due: Row, program: Program) -> Iterator[Broken]:
    """As the days are, the window holds the tier until the day before the review, unless a review found it short."""
    policy, due_on = due["policy"], due["due_on"]
    if not 0 < policy <= len(program.versions):
        return  # the next review reckons
    tiers = program.versions[policy - 1].document.tiers
    rank = rank_of(tiers.levels, tier["tier"]) if tiers else 0
    if tiers is None or rank == 0 or (due["short_since"] and due["moves"] == tier["moves"]):
        return
    days = sorted((row["day"], row["value"]) for row in rows.tier_days)
    if due_on is None:
        if falls_short_on(tiers, rank, days, tier["window_through"]) is not None:
            yield "tier", f"the member holds {tier['tier']}, which no review will look at"
        return
    held = value_in(days, window_of(tiers, due_on - timedelta(days=1)))
    if held < tiers.levels[rank].from_:
        yield "tier", f"the review of {due_on} comes late: before it the window holds {held}"
