"""Any basket and any rules for it, drawn by hypothesis; amounts up to 10^15, rates and quantities with 6 decimals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from loyalty_api.domain.earning.compile import compile_document
from loyalty_api.domain.earning.rules import Basket, Decision, Inputs, decide
from loyalty_api.domain.programs.document import Document
from loyalty_api.domain.purchases.command import PurchaseLine
from tests.make.earning import MONDAY
from tests.make.program import make_document

ROUNDINGS = ("floor", "nearest", "ceil")
TIERS = {"levels": [{"code": "bronze", "from": 0}, {"code": "gold", "from": 1000}]}
KINDS = ("product", "product", "product", "product", "shipping", "gift_card", "fee", "discount")
SCOPES = (
    None,
    None,
    {"skus": ["A"]},
    {"categories": ["x"]},
    {"labels": ["l"]},
    {"categories": ["x"], "labels": ["m"]},
    {"exclude": {"skus": ["B"]}},
    {"categories": ["x", "y"], "exclude": {"labels": ["l"]}},
)
AMOUNTS = st.integers(0, 5_000) | st.integers(0, 5_000) | st.integers(0, 10**15)
RATES = st.integers(1, 20).map(Decimal) | st.decimals("0.000001", "1000", places=6)
FACTORS = st.sampled_from([Decimal(text) for text in ("0", "0.5", "1", "1.5", "2", "3")]) | st.decimals(0, 10, places=6)
QUANTITIES = st.integers(0, 9).map(Decimal) | st.decimals(0, 50, places=6)


@st.composite
def any_line(draw: st.DrawFn, amounts: st.SearchStrategy[int] = AMOUNTS) -> PurchaseLine:
    """One line of any kind; its tax lies between 0 and its amount."""
    kind = draw(st.sampled_from(KINDS))
    amount = draw(amounts) * (-1 if kind == "discount" else 1)
    return PurchaseLine(
        amount_minor=amount,
        kind=kind,
        sku=draw(st.sampled_from([None, "A", "B"])),
        category=draw(st.sampled_from([None, "x", "y"])),
        labels=draw(st.lists(st.sampled_from(["l", "m"]), max_size=2, unique=True)),
        quantity=draw(QUANTITIES),
        tax_minor=draw(st.sampled_from([0, amount // 10 if amount > 0 else -(-amount // 10)])),
    )


@st.composite
def any_lines(draw: st.DrawFn, max_size: int = 6) -> list[PurchaseLine]:
    """A basket, which may be empty; one as long as another is as likely."""
    return [draw(any_line()) for _ in range(draw(st.integers(0, max_size)))]


@st.composite
def any_rule(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """One rule of any kind, with any of what may be said of it."""
    rule: dict[str, Any] = {"code": f"r{number}", "priority": draw(st.integers(-1, 1))}
    kind = draw(st.sampled_from(["per_spend", "per_spend", "per_unit", "flat", "multiplier"]))
    scope = draw(st.sampled_from(SCOPES))
    if scope is not None:
        rule["lines"] = scope
    if kind == "per_spend":
        per_minor = draw(st.integers(1, 5_000) | st.integers(1, 10**15))
        rule |= {"per_spend": {"points": draw(RATES), "per_minor": per_minor}, "carry_over": draw(st.booleans())}
    elif kind == "flat":
        rule["flat"] = draw(st.integers(1, 500))
    else:
        rule[kind] = draw(RATES if kind == "per_unit" else FACTORS)
    rule["stacking"] = draw(st.sampled_from(["stackable", "stackable", "stackable", "exclusive", "last"]))
    rule["claims_lines"] = (
        kind != "multiplier" and scope is not None and len(scope) > ("exclude" in scope) and draw(st.booleans())
    )
    rule["counts_for_tier"] = draw(st.booleans())
    rule["state"] = draw(st.sampled_from(["live", "live", "live", "live", "dry_run", "ended"]))
    caps = {}
    if draw(st.booleans()):
        caps["per_purchase"] = draw(st.integers(1, 300))
    if draw(st.booleans()):
        caps["per_member"] = {"points": draw(st.integers(1, 300)), "days": draw(st.sampled_from([1, 7]))}
    if caps:
        rule["caps"] = caps
    if draw(st.booleans()):
        rule["budget"] = {"points": draw(st.integers(1, 10_000))}
    if draw(st.integers(0, 4)) == 0:
        rule |= draw(st.sampled_from([{"expiry": {"days": 7}}, {"pending": {"days": 14}}, {"expiry": {"months": 24}}]))
    return rule | draw(_gates())


@st.composite
def _gates(draw: st.DrawFn) -> dict[str, Any]:
    """What a rule may ask of a purchase; most ask for nothing."""
    gates: dict[str, Any] = {
        "tiers": ["gold"],
        "min_total_minor": 2_000,
        "schedule": {"weekdays": ["mon"], "from": "2026-03-01", "hours": {"from": "09:00", "until": "13:00"}},
        "when": "purchase.total_minor > 1000",
    }
    chosen = draw(st.sampled_from([None, None, None, *gates]))
    return {} if chosen is None else {chosen: gates[chosen]}


@st.composite
def any_program(draw: st.DrawFn, max_rules: int = 6) -> dict[str, Any]:
    """A document with up to so many rules."""
    rules = [draw(any_rule(number)) for number in range(draw(st.integers(1, max_rules)))]
    switches = st.sampled_from(["included", "excluded"])
    return make_document(
        earning_rules=rules,
        tiers=TIERS,
        points={"rounding": draw(st.sampled_from(ROUNDINGS))},
        earning_base={"tax": draw(switches), "shipping": draw(switches), "gift_cards": draw(switches)},
    )


@st.composite
def any_inputs(draw: st.DrawFn, document: dict[str, Any]) -> Inputs:
    """What the rules may remember, and whether their conditions hold."""
    conditions, carried, rooms = {}, {}, {}
    for rule in document["earning_rules"]:
        code = rule["code"]
        if "when" in rule and rule["state"] != "ended":
            conditions[code] = draw(st.booleans())
        if rule["state"] == "live":
            if rule.get("carry_over") and draw(st.booleans()):
                carried[code] = draw(st.integers(-500, rule["per_spend"]["per_minor"] - 1))
            limits = {}
            if "per_member" in rule.get("caps", {}):
                limits["caps.per_member"] = draw(st.integers(0, 300))
            if "budget" in rule and draw(st.booleans()):
                limits["budget"] = draw(st.integers(0, 300))
            if limits:
                rooms[code] = limits
    return Inputs(conditions, {code: rest for code, rest in carried.items() if rest}, rooms)


class Case:
    """A program, a basket and what is remembered; ``decide`` may be asked with other lines."""

    def __init__(self, document: dict[str, Any], lines: list[PurchaseLine], tier: str | None, inputs: Inputs) -> None:
        self.document, self.lines, self.tier, self.inputs = document, lines, tier, inputs
        self.parsed = msgspec.convert(document, Document)  # its faults are other tests' matter
        self.compiled = compile_document(self.parsed, 1)

    def __repr__(self) -> str:
        """What a failing test shows."""
        return f"Case({self.document['earning_rules']}, {self.lines}, {self.tier}, {self.inputs}, {self.document})"

    def basket(self, lines: list[PurchaseLine] | None = None, day: date = MONDAY) -> Basket:
        """The basket at noon of a Monday."""
        lines = self.lines if lines is None else lines
        return Basket(lines, self.tier, day, 12 * 60, sum(line.amount_minor for line in lines), self.inputs)

    def decide(self, lines: list[PurchaseLine] | None = None) -> Decision:
        """What it earns."""
        return decide(self.compiled, self.basket(lines))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Any case whose total is one that a purchase may have."""
    document = draw(any_program())
    lines = draw(any_lines())
    if sum(line.amount_minor for line in lines) < 0:
        lines = [line for line in lines if line.kind != "discount"]
    return Case(document, lines, draw(st.sampled_from([None, "bronze", "gold"])), draw(any_inputs(document)))
