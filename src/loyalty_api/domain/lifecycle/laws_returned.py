"""The laws of what returns owed: each, decided again from its purchase's row, must come out the same (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from loyalty_api.domain.lifecycle.laws import Broken, Row
from loyalty_api.domain.lifecycle.laws_decisions import Rulebook
from loyalty_api.domain.programs.queries import Program
from loyalty_api.domain.purchases.again import read_again
from loyalty_api.domain.purchases.decide_return import decide_return, sum_up
from loyalty_api.domain.purchases.returned_lines import Part

_parts = msgspec.json.Decoder(list[Part])
_numbers = msgspec.json.Decoder(dict[str, int])


def decide_returns_again(
    row: Row, returns: Sequence[Row], program: Program, rulebook: Rulebook, broken: list[Broken]
) -> int:
    """How many of a purchase's returns, oldest first, could be decided again; what differs is added to ``broken``."""
    version = next((each for each in program.versions if each.number == row["version"]), None)
    if version is None:  # which is told of the purchase
        return 0
    decided = 0
    for place, each in enumerate(returns):
        try:
            again = read_again(row, program.zone)
            parts = _parts.decode(each["lines"])
            due = decide_return(
                row,
                again,
                rulebook.compiled(program, version),
                sum_up(returns[:place], dict(again.evidence.rests)),
                parts,
                zone=program.zone,
                tiers=program.version_at(row["recorded_at"]).document.tiers,
            )
            pairs = [
                ("amount", each["amount_minor"], sum(part.amount_minor for part in parts)),
                ("points", each["points_due"], due.points),
                ("points by rule", _numbers.decode(each["by_rule"]), due.by_rule),
                ("rests", _numbers.decode(each["rests"]), due.rests),
                ("changes of rests", _numbers.decode(each["carry_change"]), due.carry_change),
                ("value for the tier", each["tier_value"], due.tier_value),
            ]
        except (msgspec.MsgspecError, IndexError, ArithmeticError) as error:
            broken.append(("decision", f"return {each['return_id']} cannot be read: {error}"))
            continue
        decided += 1
        broken += _compared(each, pairs)
    return decided


def _compared(row: Row, pairs: Sequence[tuple[str, object, object]]) -> Iterator[Broken]:
    for what, stored, worked_out in pairs:
        if stored != worked_out:
            yield "decision", f"return {row['return_id']} has {what} {stored}, worked out again {worked_out}"
