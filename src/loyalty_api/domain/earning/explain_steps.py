"""How a rule's points come about, step by step, so that they can be worked out by hand (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec

from loyalty_api.domain.earning.compile import Compiled, Rule
from loyalty_api.domain.earning.explain_gates import gates_of, say_gate
from loyalty_api.domain.earning.line_sets import LineSets
from loyalty_api.domain.earning.rules import Basket
from loyalty_api.domain.earning.speech import Speech
from loyalty_api.domain.earning.trace import Part, Stage, Trace
from loyalty_api.domain.earning.words import limit_values


class ExplainedStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step in words. ``held``: of what the rule asks for, whether it was so."""

    kind: str
    text: str
    held: bool | None = None


class Steps:
    """Tells the steps of one decision's rules. ``names``: what each line of the basket is called."""

    def __init__(
        self,
        compiled: Compiled,
        basket: Basket,
        sets: LineSets,
        trace: Trace,
        speech: Speech,
        names: Sequence[str],
        *,
        remembers: bool = True,
    ) -> None:
        """``remembers``: whether the rests wait for the next purchase; those of a dry run do not."""
        self._compiled, self._basket, self._sets, self._trace = compiled, basket, sets, trace
        self._speech, self._names, self._remembers = speech, names, remembers
        self._claims = sets.claims(trace.rules)
        self._walked = {rule.code: rule for rule in trace.rules}
        self._multipliers = [rule.code for rule in trace.multipliers]

    def of(self, rule: Rule) -> list[ExplainedStep]:
        """What the rule asks for; and if it took part, how its points were counted."""
        steps = []
        for gate, held in gates_of(rule, self._basket, self._sets):
            what = say_gate(self._speech, rule, self._basket, gate)
            steps.append(ExplainedStep(gate, self._speech.say("held" if held else "not_held", gate=what), held))
        if rule.code in self._walked:
            steps += self._lines(rule)
            steps += self._flat(rule) if rule.kind == "flat" else self._counted(rule)
        elif rule.code in self._multipliers:
            steps += self._multiplied(rule)
        else:
            return steps
        return [*steps, *self._limit(rule)]

    def _step(self, kind: str, phrase: str, **values: str) -> ExplainedStep:
        return ExplainedStep(kind, self._speech.say(phrase, **values))

    def _lines(self, rule: Rule) -> Iterator[ExplainedStep]:
        """The goods that the rule sees, and who claimed the others that it names."""
        if rule.kind == "flat" and rule.scope is None:
            return
        seen, lines = self._sets.seen_by(rule), self._trace.given[rule.code].lines
        taken: dict[str, int] = {}
        for index, (_, code) in self._claims.items():
            if (seen & ~lines) >> index & 1:
                taken[code] = taken.get(code, 0) | 1 << index
        for code, mask in sorted(taken.items()):
            yield self._step("claimed", "step.claimed", lines=self._named(mask), rule=code)
        amount = self._sets.amount(lines)
        money = self._speech.money(amount)
        if not lines:
            yield self._step("lines", "step.nothing")
        elif rule.kind == "per_unit":
            units = self._sets.units(lines)
            told = "step.unit" if units == 1 else "step.units"
            yield self._step("lines", told, lines=self._named(lines), units=self._speech.number(units))
        elif rule.scope is None and not taken:
            yield self._step("lines", "step.base", amount=money)
        else:
            yield self._step("lines", "step.lines", lines=self._named(lines), amount=money)
        if amount < 0 and rule.kind == "per_spend":
            yield self._step("lines", "step.below_zero", amount=money)

    def _flat(self, rule: Rule) -> Iterator[ExplainedStep]:
        if self._trace.unclipped[rule.code]:
            yield self._step("points", "step.flat", points=self._speech.points(rule.rate))

    def _counted(self, rule: Rule) -> Iterator[ExplainedStep]:
        """Whole steps of money, or units, times the rate; rounded; and what waits for the next purchase."""
        speech, lines, own = self._speech, self._trace.given[rule.code].lines, self._trace.stages[rule.code][0]
        if rule.kind == "per_spend":
            amount = max(0, self._sets.amount(lines))
            carried = self._basket.inputs.carried.get(rule.code, 0) if rule.carries else 0
            whole = speech.money(amount + carried)
            if carried:
                waited = {"carried": speech.money(carried), "amount": speech.money(amount), "whole": whole}
                yield self._step("carried", "step.carried", **waited)
            count = speech.number(max(0, (amount + carried) // rule.per_minor))
            yield self._step("steps", "step.steps", per=speech.money(rule.per_minor), amount=whole, steps=count)
        else:
            count = speech.number(self._sets.units(lines))
        points = speech.number(own.total)
        yield self._step("points", "step.times", count=count, rate=speech.number(rule.rate), points=points)
        yield from self._rounded(own)
        if self._remembers and rule.code in self._trace.rests:
            yield self._step("rests", "step.rests", rest=speech.money(self._trace.rests[rule.code]))

    def _multiplied(self, rule: Rule) -> Iterator[ExplainedStep]:
        """What the multiplier adds to each rule that it multiplies."""
        place = self._multipliers.index(rule.code) + 1
        for code, stages in self._trace.stages.items():
            before, after = stages[place - 1], stages[place]
            if after.parts:
                yield from self._alone(self._walked[code], after.parts)
                yield self._times(rule, code, before, after)
                yield from self._added(code, before, after)

    def _alone(self, base: Rule, parts: list[Part]) -> Iterator[ExplainedStep]:
        """What the base rule counts on some of its lines alone, where a multiplier sees only those."""
        for mask, points in {part.mask: part.points for part in parts}.items():
            if mask != self._trace.given[base.code].lines:
                of = self._sets.units(mask) if base.kind == "per_unit" else None
                amount = self._speech.money(max(0, self._sets.amount(mask))) if of is None else self._speech.number(of)
                counted = {"amount": amount, "points": self._speech.number(points)}
                yield self._step("alone", "step.alone", rule=base.code, lines=self._named(mask), **counted)

    def _times(self, rule: Rule, code: str, before: Stage, after: Stage) -> ExplainedStep:
        """(factor − 1) × what the rules before have counted on the lines."""
        number, more = self._speech.number, rule.factor - 1
        counted = ""
        for _, weighted, points in after.parts:
            weight = Fraction(weighted) / more if more else Fraction(1)
            sign = ("-" if weight < 0 else "") if not counted else (" − " if weight < 0 else " + ")
            counted += sign + (f"{number(abs(weight))} × " if abs(weight) != 1 else "") + number(points)
        counted = f"({counted})" if len(after.parts) > 1 else counted
        extra = number(after.total - before.total)
        factor = number(rule.factor)
        return self._step("multiplied", "step.multiplied", rule=code, factor=factor, counted=counted, extra=extra)

    def _added(self, code: str, before: Stage, after: Stage) -> Iterator[ExplainedStep]:
        """The one rounding of the base rule, with the multiplier and without it."""
        if (before.total, after.total) == (before.whole, after.whole):
            return
        number = self._speech.number
        totals = {"before": number(before.total), "extra": number(after.total - before.total)}
        yield self._step("multiplied", "step.grown", rule=code, after=number(after.total), **totals)
        yield from self._rounded(after)
        more = number(after.whole - before.whole)
        wholes = {"whole": number(after.whole), "before": number(before.whole)}
        yield self._step("multiplied", "step.added", rule=code, points=more, **wholes)

    def _rounded(self, stage: Stage) -> Iterator[ExplainedStep]:
        exact, whole = self._speech.number(stage.total), self._speech.number(stage.whole)
        if stage.total < 0:
            yield self._step("rounded", "step.below_zero", amount=exact)
        elif stage.total != stage.whole:
            yield self._step("rounded", f"rounded.{self._compiled.rounding}", exact=exact, whole=whole)

    def _limit(self, rule: Rule) -> Iterator[ExplainedStep]:
        """The cap or budget that clipped the points, at last."""
        given = self._trace.given.get(rule.code)
        if given is not None and given.limited_by is not None:
            number = self._speech.number
            points = {"points": number(self._trace.unclipped[rule.code]), "left": number(given.points)}
            values = {"most": number(rule.points_max or 0)} | limit_values(self._speech, rule.written) | points
            yield self._step("limit", f"step.limited.{given.limited_by}", **values)

    def _named(self, mask: int) -> str:
        return self._speech.names([name for index, name in enumerate(self._names) if mask >> index & 1])
