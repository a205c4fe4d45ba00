"""What an event earns: by the version's rules for its kind, about what was known then (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from loyalty_api.domain.earning.compile import Compiled, compile_version
from loyalty_api.domain.earning.facts import EventSeen, MemberFacts, ask_conditions, event_facts
from loyalty_api.domain.earning.rules import NO_INPUTS, Basket, Decision, Inputs, decide
from loyalty_api.domain.earning.tallies import Tallies, Use
from loyalty_api.domain.engagement.command import Touchpoint
from loyalty_api.domain.members.queries import Membership, Traits
from loyalty_api.domain.programs.queries import Program, Version
from loyalty_api.kernel.clock import local_date

NOTHING = Decision(points=0, base_minor=0, earnings=[])


class Rules(NamedTuple):
    """The rules for one kind of event, and what they have to remember of a decision; None: nothing."""

    compiled: Compiled
    use: Use | None


def rules_for(program: Program, then: Version, kind: str, now: datetime) -> Rules | None:
    """The rules of then for the kind; None: it has none. ``now``: the program's present, when it is recorded."""
    compiled = compile_version(program, then).events.get(kind)
    if compiled is None:
        return None
    if not compiled.remembers:
        return Rules(compiled, None)
    current = compile_version(program, program.version_at(now))
    return Rules(compiled, Use(program.id, compiled, current, local_date(now, program.zone)))


def decide_event(
    rules: Rules | None,
    touchpoint: Touchpoint,
    tallies: Tallies,
    *,
    member_id: UUID,
    tier: str | None,
    local: datetime,
    membership: Membership,
    traits: Traits,
) -> tuple[Decision, Inputs]:
    """The decision and what it rests on. ``local``: when it occurred, in the program's zone."""
    if rules is None:
        return NOTHING, NO_INPUTS
    conditions = {}
    if rules.compiled.conditioned:
        member = MemberFacts(
            tier=tier,
            enrolled_at=membership.enrolled_at,
            attributes=traits.attributes,
            birth_date=traits.birth_date,
        )
        seen = EventSeen(kind=touchpoint.kind, data=touchpoint.data, local=local, member=member)
        conditions = ask_conditions(rules.compiled, event_facts(rules.compiled.names, seen))
    inputs = tallies.inputs(rules.use, member_id, conditions)
    basket = Basket((), tier, local.date(), local.hour * 60 + local.minute, total_minor=0, inputs=inputs)
    return decide(rules.compiled, basket), inputs
