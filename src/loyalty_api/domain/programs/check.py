"""What no single field can know: codes that must be unique, names that must exist, choices that exclude."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from zoneinfo import available_timezones

from phonenumbers import SUPPORTED_REGIONS

from loyalty_api.domain.programs.check_rewards import check_rewards, is_date
from loyalty_api.domain.programs.condition_limits import NO_TIER
from loyalty_api.domain.programs.conditions import check_condition, compile_condition
from loyalty_api.domain.programs.document import (
    RULE_KINDS,
    Document,
    EarningRule,
    Expiry,
    Hours,
    Pending,
    Schedule,
    Tiers,
)
from loyalty_api.domain.programs.parts import ENROLLED
from loyalty_api.kernel.money import is_currency
from loyalty_api.kernel.refusals import FieldError

# Each multiplier with lines of its own may double the sets of lines that each base rule weighs (earning/rules.py).
SETS_TO_WEIGH_MAX = 512
DRY_RUNS_MAX = 10  # each is decided once more, as if it were live
FACTOR_MAX = 1000
STEPS_PER_LINE_MAX = 2000  # in the conditions of all rules: half a second at worst, with 1,000 lines
_OF_PURCHASES = ("lines", "claims_lines", "min_total_minor")  # what a rule about an event cannot say


def check_document(document: Document) -> list[FieldError]:
    """Every fault of a document whose fields are right one by one."""
    faults = list(_settings(document))
    if document.tiers:
        faults += _tiers(document.tiers)
    faults += _rules(document)
    faults += _phone_kinds(document)
    faults += _conditions(document)
    faults += check_rewards(document.rewards, _tier_codes(document))
    return faults


def _settings(document: Document) -> Iterator[FieldError]:
    if not is_currency(document.currency):
        yield FieldError("currency", f"{document.currency} is not a currency of ISO 4217, such as EUR")
    if document.time_zone not in _time_zones():
        yield FieldError("time_zone", f"{document.time_zone!r} is not a time zone, such as Europe/Berlin")
    if document.region and document.region not in SUPPORTED_REGIONS:
        yield FieldError("region", f"{document.region} is not a country, such as DE")
    yield from _pending("points.pending", document.points.pending)
    if isinstance(document.points.expiry, Expiry):
        yield from _expiry("points.expiry", document.points.expiry)


def _pending(place: str, pending: Pending) -> Iterator[FieldError]:
    if (pending.days is None) == (pending.until is None):
        yield FieldError(place, "must say either days or until")


def _expiry(place: str, expiry: Expiry) -> Iterator[FieldError]:
    named = [name for name in ("days", "months", "inactivity_days", "on") if getattr(expiry, name) is not None]
    if len(named) != 1:
        yield FieldError(place, "must say one of days, months, inactivity_days and on; or be never")
    if expiry.round_up_to and expiry.months is None:
        yield FieldError(f"{place}.round_up_to", "goes with months only")
    if expiry.on is not None and not is_date(f"2001-{expiry.on}"):
        yield FieldError(f"{place}.on", f"{expiry.on} is not a day that every year has, such as '12-31'")


def _tiers(tiers: Tiers) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, level in enumerate(tiers.levels):
        place = f"tiers.levels[{index}]"
        if level.code in seen:
            yield FieldError(f"{place}.code", f"{level.code} is used twice")
        seen.add(level.code)
        if index == 0 and level.from_ != 0:
            yield FieldError(f"{place}.from", "the first tier starts from 0")
        if index and level.from_ <= tiers.levels[index - 1].from_:
            yield FieldError(f"{place}.from", "must be more than that of the tier before")


def _rules(document: Document) -> Iterator[FieldError]:
    tiers = _tier_codes(document)
    seen: set[str] = set()
    for index, rule in enumerate(document.earning_rules):
        place = f"earning_rules[{index}]"
        if rule.code in seen:
            yield FieldError(f"{place}.code", f"{rule.code} is used twice")
        seen.add(rule.code)
        yield from _rule(place, rule, tiers)
    dry_runs = sum(rule.state == "dry_run" for rule in document.earning_rules)
    if dry_runs > DRY_RUNS_MAX:
        yield FieldError("earning_rules", f"{dry_runs} rules are dry runs; at most {DRY_RUNS_MAX} can be at a time")
    scoped = sum(rule.multiplier is not None and rule.lines is not None for rule in document.earning_rules)
    bases = sum(rule.per_spend is not None or rule.per_unit is not None for rule in document.earning_rules)
    if scoped and bases << scoped > SETS_TO_WEIGH_MAX:
        yield FieldError(
            "earning_rules",
            f"{scoped} multipliers with lines of their own are too many for {bases} rules to multiply; "
            f"with one fewer it is half the work (at most {SETS_TO_WEIGH_MAX} sets of lines)",
        )


def _phone_kinds(document: Document) -> Iterator[FieldError]:
    """A phone is in the hands of whoever earns: it must not earn without end, nor say what only a shop knows."""
    kinds = document.engagement.phone_kinds
    rules = document.earning_rules
    awaited = {document.points.pending.until, *(rule.pending.until for rule in rules if rule.pending)}
    for index, kind in enumerate(kinds):
        place = f"engagement.phone_kinds[{index}]"
        if kind == ENROLLED:
            yield FieldError(place, "is recorded by the enrolment itself")
        if kind in awaited:
            yield FieldError(place, f"points wait for {kind}, which only a shop can know")
        if kind in kinds[:index]:
            yield FieldError(place, f"{kind} is named twice")
    for index, rule in enumerate(rules):
        if rule.per_event and rule.per_event.kind in kinds and not (rule.caps and rule.caps.per_member):
            yield FieldError(
                f"earning_rules[{index}].caps.per_member",
                f"is needed, since phones may record {rule.per_event.kind} as often as they like",
            )


def _rule(place: str, rule: EarningRule, tiers: list[str]) -> Iterator[FieldError]:
    named = [kind for kind in RULE_KINDS if getattr(rule, kind) is not None]
    if len(named) != 1:
        said = f"not {' and '.join(named)}" if named else "and says none"
        yield FieldError(place, f"must say one of {', '.join(RULE_KINDS)}, {said}")
    if rule.per_spend is not None and rule.per_spend.points == 0:
        yield FieldError(f"{place}.per_spend.points", "must be more than 0")
    if rule.per_unit is not None and rule.per_unit == 0:
        yield FieldError(f"{place}.per_unit", "must be more than 0")
    if rule.multiplier is not None and rule.multiplier > FACTOR_MAX:
        yield FieldError(f"{place}.multiplier", f"must be at most {FACTOR_MAX:,}")
    for number, tier in enumerate(rule.tiers):
        if tier not in tiers:
            known = f"the tiers are {', '.join(tiers)}" if tiers else "the program has no tiers"
            yield FieldError(f"{place}.tiers[{number}]", f"{tier} {NO_TIER}; {known}")
    if rule.claims_lines and rule.per_event is None and (rule.multiplier is not None or not _names_lines(rule)):
        yield FieldError(
            f"{place}.claims_lines", "goes with a rule that gives points and names skus, categories or labels"
        )
    if rule.carry_over and rule.per_spend is None:
        yield FieldError(f"{place}.carry_over", "goes with per_spend only")
    if rule.per_event is not None:
        for name in _OF_PURCHASES:
            if getattr(rule, name):
                yield FieldError(f"{place}.{name}", "goes with rules about purchases, not with per_event")
        if rule.caps and rule.caps.per_purchase:
            yield FieldError(f"{place}.caps.per_purchase", "goes with rules about purchases, not with per_event")
    if rule.schedule:
        yield from _schedule(f"{place}.schedule", rule.schedule)
    yield from _life(place, rule)


def _life(place: str, rule: EarningRule) -> Iterator[FieldError]:
    """How a rule's own points live."""
    if rule.pending is not None:
        yield from _pending(f"{place}.pending", rule.pending)
    if isinstance(rule.expiry, Expiry):
        yield from _expiry(f"{place}.expiry", rule.expiry)


def _conditions(document: Document) -> Iterator[FieldError]:
    tiers = _tier_codes(document)
    steps = 0
    for index, rule in enumerate(document.earning_rules):
        if rule.when is None:
            continue
        wrong = check_condition(rule.when, rule.about, tiers)
        if wrong:
            yield FieldError(f"earning_rules[{index}].when", wrong)
        else:
            steps += compile_condition(rule.when, rule.about).steps_per_line
    if steps > STEPS_PER_LINE_MAX:
        yield FieldError(
            "earning_rules",
            f"their conditions take {steps:,} steps for every line of a purchase (at most {STEPS_PER_LINE_MAX:,}); "
            "name lines by the rules' lines rather than by when",
        )


def _schedule(place: str, schedule: Schedule) -> Iterator[FieldError]:
    wrong = False
    for name, day in (("from", schedule.from_), ("until", schedule.until)):
        if day is not None and not is_date(day):
            wrong = True
            yield FieldError(f"{place}.{name}", f"{day} is not a day of the calendar")
    if schedule.hours:
        yield from _hours(f"{place}.hours", schedule.hours)
    if not wrong and schedule.from_ and schedule.until and schedule.until < schedule.from_:
        yield FieldError(f"{place}.until", "must not be before from")


def _tier_codes(document: Document) -> list[str]:
    return [level.code for level in document.tiers.levels] if document.tiers else []


def _names_lines(rule: EarningRule) -> bool:
    return rule.lines is not None and bool(rule.lines.skus or rule.lines.categories or rule.lines.labels)


def _hours(place: str, hours: Hours) -> Iterator[FieldError]:
    wrong = False
    for name, text in (("from", hours.from_), ("until", hours.until)):
        if not ("00:00" <= text <= "24:00" and text[3:] < "60"):
            wrong = True
            yield FieldError(f"{place}.{name}", f"{text} is not a time of the day, such as '17:30'")
    if not wrong and hours.until <= hours.from_:
        yield FieldError(f"{place}.until", "must be after from; for hours across midnight, write two rules")


@cache
def _time_zones() -> frozenset[str]:
    """Every zone that the machine knows; finding them walks a folder of hundreds of files."""
    return frozenset(available_timezones())
