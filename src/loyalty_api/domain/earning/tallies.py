"""What rules remember between purchases, for one batch: carried rests, caps per member, budgets.

Asked once for all members of the batch (and nothing for what no rule uses), folded forward in memory from decision to
decision, written back with one change each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from loyalty_api.domain.earning.budgets import Budgets, Key, budgets_ask, read_budgets
from loyalty_api.domain.earning.caps import MemberCaps, Span, caps_ask, read_caps, span_of
from loyalty_api.domain.earning.carry import Carries, carries_ask, read_carries
from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.evidence import Evidence
from loyalty_api.domain.earning.rules import NO_INPUTS, Decision, Inputs
from loyalty_api.domain.earning.words import BUDGET, PER_MEMBER
from loyalty_api.kernel.together import Ask, Change, Values

NO_CONDITIONS: Mapping[str, bool] = {}


class Use(NamedTuple):
    """One decision to come: by which rules, on which local date it is recorded.

    ``current``: the version of the program's present, whose budgets hold; ``compiled``: that of the purchase's time.
    """

    program_id: UUID
    compiled: Compiled
    current: Compiled
    today: date


class Tallies:
    """The tallies of one batch. ``short``: a budget clipped a decision although another slice may have more of it."""

    def __init__(self, carries: Carries, caps: MemberCaps, budgets: Budgets) -> None:
        self._carries, self._caps, self._budgets = carries, caps, budgets
        self.short = False

    def inputs(self, use: Use | None, member_id: UUID, conditions: Mapping[str, bool] = NO_CONDITIONS) -> Inputs:
        """What the decision rests on beyond the receipt. ``use`` None: its rules remember nothing."""
        if use is None:
            return Inputs(conditions=dict(conditions)) if conditions else NO_INPUTS
        compiled = use.compiled
        rooms: dict[str, dict[str, int]] = {}
        for rule in compiled.capped:
            assert rule.member_cap is not None, "a capped rule has a cap"
            span = span_of(use.program_id, rule.code, rule.member_cap, use.today)
            rooms[rule.code] = {PER_MEMBER: self._caps.room(member_id, span, rule.member_cap.points)}
        for rule in compiled.budgeted:
            rooms.setdefault(rule.code, {})[BUDGET] = self._budgets.room(Key(use.program_id, rule.code))
        carried = {rule.code: self._carries.rest(member_id, rule.code) for rule in compiled.carrying}
        return Inputs(dict(conditions), {code: rest for code, rest in carried.items() if rest}, rooms)

    def note(self, use: Use, member_id: UUID, decision: Decision) -> None:
        """Folds a decision in, so that the next one sees it."""
        compiled = use.compiled
        # A multiplier below 1 takes points: that neither fills a cap nor spends a budget, nor frees any of them.
        points = {earning.rule: earning.points for earning in decision.earnings if earning.points > 0}
        for rule in compiled.capped:
            if rule.code in points:
                self._caps.add(member_id, rule.code, use.today, use.program_id, points[rule.code])
        for rule in compiled.budgeted:
            key = Key(use.program_id, rule.code)
            self.short |= rule.code in decision.short and self._budgets.is_short(key)
            self._budgets.spend(key, points.get(rule.code, 0))
        self._carries.keep(use.program_id, member_id, decision.rests)

    def changes(self) -> Iterator[Change]:
        """What changed; fails when a budget's slice was spent by another meanwhile."""
        yield from self._carries.changes()
        yield from self._caps.changes()
        yield from self._budgets.changes()


class Needs(NamedTuple):
    """What the decisions to come need to be remembered: whether rests, which caps' days, which budgets."""

    rests: bool
    spans: set[Span]
    budgets: dict[Key, int]

    def asks(self, members: Values, *, budgets: bool) -> dict[str, Ask]:
        """Asks for it, by name; nothing for what no rule uses. ``budgets`` False: they are locked instead."""
        asks = {}
        if self.rests:
            asks["rests"] = carries_ask(members)
        if self.spans:
            asks["caps"] = caps_ask(members, self.spans)
        if self.budgets and budgets:
            asks["budgets"] = budgets_ask(self.budgets)
        return asks


def needs_of(uses: Sequence[Use]) -> Needs:
    """What the uses need; whose they are does not matter."""
    spans = {
        span_of(use.program_id, rule.code, rule.member_cap, use.today)
        for use in uses
        for rule in use.compiled.capped
        if rule.member_cap is not None
    }
    budgets = {
        Key(use.program_id, rule.code): _budget(use, rule.code) for use in uses for rule in use.compiled.budgeted
    }
    return Needs(any(use.compiled.carrying for use in uses), spans, budgets)


def read_tallies(rows: Mapping[str, list[Any]], needs: Needs, *, own: int | None, exact: bool) -> Tallies:
    """The tallies that were asked for. ``exact``: the budgets were locked; ``own``: the slice that is spent from."""
    return Tallies(
        read_carries(rows.get("rests", ())),
        read_caps(rows.get("caps", ())),
        read_budgets(rows.get("budgets", ()), needs.budgets, own=own, exact=exact),
    )


def _budget(use: Use, code: str) -> int:
    """A budget is as large as the program says now, also for a receipt of an older version."""
    for compiled in (use.current, *use.current.events.values(), use.compiled):
        for rule in compiled.budgeted:
            if rule.code == code and rule.budget is not None:
                return rule.budget
    raise AssertionError("the rule has a budget")


def evidence_of(inputs: Inputs, decision: Decision) -> Evidence | None:
    """What is kept with a decision; None: it rests on the receipt alone. A budget that did not clip is not kept:
    its slice says nothing of the whole."""
    rooms = {
        code: kept
        for code, limits in inputs.rooms.items()
        if (kept := {name: left for name, left in limits.items() if name != BUDGET or code in decision.short})
    }
    if not (inputs.conditions or inputs.carried or rooms or decision.rests or inputs.paid_minor or inputs.coupons):
        return None
    return Evidence(inputs.conditions, inputs.carried, rooms, inputs.paid_minor, inputs.coupons, decision.rests)
