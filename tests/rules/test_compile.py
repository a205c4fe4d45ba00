"""A version compiled: conditions with their rules, rules about events apart from those about purchases."""

from __future__ import annotations

from typing import Any

from loyalty_api.domain.earning.compile import Compiled, compile_document
from loyalty_api.domain.programs.document import decode_document, encode_document
from loyalty_api.domain.programs.read import read_document
from tests.make.conditions import make_event_facts, make_purchase_facts
from tests.make.earning import flat, multiplier, per_spend
from tests.make.program import make_document


def compiled(*rules: dict[str, Any]) -> Compiled:
    document = read_document(make_document(earning_rules=list(rules)))
    return compile_document(decode_document(encode_document(document)), 1)


def per_event(points: int, kind: str, code: str = "event", **changes: Any) -> dict[str, Any]:
    return {"code": code, "per_event": {"kind": kind, "points": points}} | changes


def test_a_rule_carries_its_condition() -> None:
    version = compiled(per_spend(), flat(50, when="purchase.total_minor >= 2500"))
    base, bonus = version.givers
    assert base.when is None
    assert bonus.when is not None
    assert bonus.when.holds(make_purchase_facts(version.names))
    assert not bonus.when.holds(make_purchase_facts(version.names, total_minor=2499))


def test_what_live_rules_and_dry_runs_read_is_known_of_the_version() -> None:
    version = compiled(
        per_spend(when='member.tier == "gold"'),
        multiplier(2, when="member.birthday", state="dry_run"),
        flat(5, when="purchase.hour < 12", state="ended"),
        per_event(5, "review.written", when="event.data.stars == 5"),
    )
    assert version.names == {"member.tier", "member.birthday"}


def test_rules_about_events_stand_apart() -> None:
    version = compiled(
        per_spend(),
        per_event(100, "enrolled", when='event.data.source == "app"'),
        per_event(5, "review.written", "old", state="ended"),
        per_event(9, "review.written", "tried", state="dry_run"),
    )
    assert [rule.code for rule in version.givers] == ["base"]
    assert (version.multipliers, version.dry_runs, version.ended) == ((), (), ())
    assert version.events.keys() == {"enrolled", "review.written"}
    reviews = version.events["review.written"]
    assert (reviews.givers, [code for code, _ in reviews.dry_runs], reviews.ended) == ((), ["tried"], ("old",))
    (rule,) = version.events["enrolled"].givers
    assert (rule.kind, rule.rate, rule.because) == ("per_event", 100, "100 points for enrolled")
    assert rule.when is not None
    assert rule.when.holds(make_event_facts(rule.when.names, data={"source": "app"}))
    assert not rule.when.holds(make_event_facts(rule.when.names))
