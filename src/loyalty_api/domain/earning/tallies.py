"""What rules remember between purchases, for one batch: carried rests, caps per member, budgets.

Read once for all members of the batch (one statement each, and none for what no rule uses), folded forward in memory
from decision to decision, written back with one statement each.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.earning.budgets import Budgets, Key, peek_budgets, read_budgets
from loyalty_api.domain.earning.caps import MemberCaps, read_caps, span_of
from loyalty_api.domain.earning.carry import Carries, read_carries
from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.evidence import Evidence
from loyalty_api.domain.earning.rules import NO_INPUTS, Decision, Inputs
from loyalty_api.domain.earning.words import BUDGET, PER_MEMBER
from loyalty_api.kernel.database import Connection

NO_CONDITIONS: Mapping[str, bool] = {}


class Use(NamedTuple):
    """One decision to come: whose, by which rules, on which local date it is recorded.

    ``current``: the version of the program's present, whose budgets hold; ``compiled``: that of the purchase's time.
    """

    program_id: UUID
    member_id: UUID
    compiled: Compiled
    current: Compiled
    today: date


class Tallies:
    """The tallies of one batch. ``short``: a budget clipped a decision although another slice may have more of it."""

    def __init__(self, carries: Carries, caps: MemberCaps, budgets: Budgets) -> None:
        self._carries, self._caps, self._budgets = carries, caps, budgets
        self.short = False

    def inputs(self, use: Use | None, conditions: Mapping[str, bool] = NO_CONDITIONS) -> Inputs:
        """What the decision rests on beyond the receipt. ``use`` None: its rules remember nothing."""
        if use is None:
            return Inputs(conditions=dict(conditions)) if conditions else NO_INPUTS
        compiled = use.compiled
        rooms: dict[str, dict[str, int]] = {}
        for rule in compiled.capped:
            assert rule.member_cap is not None, "a capped rule has a cap"
            span = span_of(use.program_id, rule.code, rule.member_cap, use.today)
            rooms[rule.code] = {PER_MEMBER: self._caps.room(use.member_id, span, rule.member_cap.points)}
        for rule in compiled.budgeted:
            rooms.setdefault(rule.code, {})[BUDGET] = self._budgets.room(Key(use.program_id, rule.code))
        carried = {rule.code: self._carries.rest(use.member_id, rule.code) for rule in compiled.carrying}
        return Inputs(dict(conditions), {code: rest for code, rest in carried.items() if rest}, rooms)

    def note(self, use: Use, decision: Decision) -> None:
        """Folds a decision in, so that the next one sees it."""
        compiled = use.compiled
        points = {earning.rule: earning.points for earning in decision.earnings}
        for rule in compiled.capped:
            if rule.code in points:
                self._caps.add(use.member_id, rule.code, use.today, use.program_id, points[rule.code])
        for rule in compiled.budgeted:
            key = Key(use.program_id, rule.code)
            self.short |= rule.code in decision.short and self._budgets.is_short(key)
            self._budgets.spend(key, points.get(rule.code, 0))
        self._carries.keep(use.program_id, use.member_id, decision.rests)

    async def write(self, connection: Connection) -> None:
        """Writes what changed. Raises RaceLost when a budget's slice was spent by another meanwhile."""
        await self._carries.write(connection)
        await self._caps.write(connection)
        await self._budgets.write(connection)


async def open_tallies(connection: Connection, uses: Collection[Use], *, exact: bool) -> Tallies:
    """The tallies of members who are locked. ``exact``: with every slice of the budgets locked too."""
    return await _read(connection, uses, lambda budgets: read_budgets(connection, budgets, exact=exact))


async def peek_tallies(connection: Connection, uses: Collection[Use]) -> Tallies:
    """The tallies as they are now, for what is decided and never written."""
    return await _read(connection, uses, lambda budgets: peek_budgets(connection, budgets))


async def _read(
    connection: Connection,
    uses: Collection[Use],
    read: Callable[[dict[Key, int]], Awaitable[Budgets]],
) -> Tallies:
    carriers = {use.member_id for use in uses if use.compiled.carrying}
    carries = await read_carries(connection, carriers) if carriers else Carries({})
    capped = {use.member_id for use in uses if use.compiled.capped}
    spans = {
        span_of(use.program_id, rule.code, rule.member_cap, use.today)
        for use in uses
        for rule in use.compiled.capped
        if rule.member_cap is not None
    }
    caps = await read_caps(connection, capped, spans) if spans else MemberCaps({})
    limits = {Key(use.program_id, rule.code): _budget(use, rule.code) for use in uses for rule in use.compiled.budgeted}
    budgets = await read(limits) if limits else Budgets({}, {}, own=None, exact=False)
    return Tallies(carries, caps, budgets)


def _budget(use: Use, code: str) -> int:
    """A budget is as large as the program says now, also for a receipt of an older version."""
    for compiled in (use.current, use.compiled):
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
    if not (inputs.conditions or inputs.carried or rooms or decision.rests):
        return None
    return Evidence(inputs.conditions, inputs.carried, rooms, decision.rests)
