"""What the conditions of a version's rules say of a purchase: each is asked once, about what was known then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from loyalty_api.domain.earning.compile import Compiled
from loyalty_api.domain.earning.facts import MemberFacts, PurchaseSeen, ask_conditions, purchase_facts
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.members.queries import Membership, Traits
from loyalty_api.domain.purchases.command import PurchaseLine, RecordPurchase

NO_CONDITIONS: Mapping[str, bool] = {}


def conditions_of(
    compiled: Compiled,
    command: RecordPurchase,
    lines: list[PurchaseLine],
    *,
    tier: str | None,
    local: datetime,
    membership: Membership,
    traits: Traits,
) -> Mapping[str, bool]:
    """Whether each rule's condition holds, by rule. ``local``: when it occurred, in the program's zone."""
    if not compiled.conditioned:
        return NO_CONDITIONS
    purchase = command.purchase
    base_minor = LineSets(compiled, lines).base_minor if "purchase.base_minor" in compiled.names else 0
    seen = PurchaseSeen(
        lines=lines,
        total_minor=purchase.total_minor,
        base_minor=base_minor,
        currency=purchase.currency,
        store=command.store,
        employee=purchase.employee,
        channel=purchase.channel,
        coupons=purchase.coupons,
        local=local,
        member=MemberFacts(
            tier=tier,
            enrolled_at=membership.enrolled_at,
            attributes=traits.attributes,
            birth_date=traits.birth_date,
        ),
    )
    return ask_conditions(compiled, purchase_facts(compiled.names, seen))
