"""What changes between two documents in sentences that a marketer reads, one a line. Pure.

Every field of the document has words here (a test walks the types); one that has none yet is told by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from loyalty_api.domain.programs import phrases, reward_phrases
from loyalty_api.domain.programs.document import Document, EarningRule
from loyalty_api.domain.programs.parts import Part
from loyalty_api.domain.programs.reward import EFFECTS, Reward

Plain = dict[str, Any]
Phrase = Callable[[Any, Any], str] | Mapping[Any, str]


class Setting(NamedTuple):
    """A sentence with room for the new value, and how the value is said. ``{now}`` falls away where all is new."""

    sentence: str
    phrase: Phrase = phrases.plainly


SETTINGS: dict[str, Setting] = {
    "program": Setting("The program's code is {new}"),
    "currency": Setting("The currency is{now} {new}"),
    "time_zone": Setting("The time zone is{now} {new}"),
    "name": Setting("The program is{now} called {new}"),
    "mode": Setting("The program's mode is{now} {new}"),
    "region": Setting("Phone numbers without a country are{now} read as of {new}"),
    "points.name": Setting("Points are{now} called {new}"),
    "points.rounding": Setting("Points are{now} rounded {new}", phrases.ROUNDING),
    "points.pending": Setting("Points{now} become available {new}", phrases.pending),
    "points.expiry": Setting("Points{now} expire {new}", phrases.expiry),
    "points.on_return": Setting("When goods come back, {new}", phrases.ON_RETURN),
    "points.return_grace_days": Setting("Points given back after their date{now} live for {new} more", phrases.days),
    "points.notice_days": Setting("Members are{now} told {new} before points expire", phrases.days),
    "points.cost_minor_per_100": Setting("100 points{now} cost {new}", phrases.money),
    "purchases.before_enrolment": Setting(
        "Purchases from before a member enrolled{now} {new}", phrases.BEFORE_ENROLMENT
    ),
    "purchases.late_days": Setting("Receipts are{now} taken up to {new} late", phrases.days),
    "redemptions.reserve_minutes": Setting("Reserved points are{now} free again after {new}", phrases.minutes),
    "adjustments.limits": Setting("Alone, staff may{now} adjust {new}", phrases.limits),
    "engagement.phone_kinds": Setting("Phones may{now} record {new}"),
    "earning_base.tax": Setting("Tax{now} {new}", phrases.EARNS),
    "earning_base.shipping": Setting("Shipping{now} {new}", phrases.EARNS),
    "earning_base.gift_cards": Setting("Gift cards{now} {new}", phrases.EARN),
    "earning_base.paid_with_points": Setting("What is paid with points{now} {new}", phrases.EARNS),
    "tiers.measure": Setting("Tiers{now} go by {new}", phrases.MEASURE),
    "tiers.window": Setting("Tiers{now} count {new}", phrases.window),
    "tiers.downgrade": Setting("A tier is{now} lost {new}", phrases.downgrade),
}
GIVES = ("per_spend", "per_unit", "flat", "multiplier", "per_event")
STATES = {"live": "Rule {code} is live now", "dry_run": "Rule {code} is only told now, as a dry run"}
# In the order in which a new rule tells them, behind what it gives.
RULE_FIELDS: dict[str, Setting] = {
    "lines": Setting("works {new}", phrases.lines),
    "tiers": Setting("works {new}", phrases.tiers),
    "segments": Setting("works {new}", phrases.segments),
    "schedule": Setting("works {new}", phrases.schedule),
    "min_total_minor": Setting("works {new}", phrases.least_total),
    "when": Setting("works {new}", phrases.condition),
    "caps": Setting("gives {new}", phrases.caps),
    "budget": Setting("gives {new}", phrases.budget),
    "carry_over": Setting("works {new}", phrases.CARRY_OVER),
    "counts_for_tier": Setting("works {new}", phrases.COUNTS_FOR_TIER),
    "pending": Setting("works {new}", phrases.own_pending),
    "expiry": Setting("works {new}", phrases.own_expiry),
    "priority": Setting("works {new}", phrases.priority),
    "stacking": Setting("works {new}", phrases.STACKING),
    "claims_lines": Setting("works {new}", phrases.CLAIMS_LINES),
}

# In the order in which a new reward tells them, behind what it gives.
REWARD_FIELDS: dict[str, Phrase] = {
    "points": reward_phrases.price,
    "stock": reward_phrases.stock,
    "valid": reward_phrases.valid,
    "tiers": phrases.tiers,
    "per_member": reward_phrases.per_member,
    "cost_minor": reward_phrases.cost,
    "auto": reward_phrases.AUTO,
}


class Sides(NamedTuple):
    """Both documents as plain values, defaults filled in, coded entries by code; ``old`` None: nothing before."""

    old: Plain | None
    new: Plain


def sides_of(before: Document | None, after: Document) -> Sides:
    """What ``words_of`` compares."""
    return Sides(_filled(before) if before else None, _filled(after))


def words_of(where: str, old: Any, new: Any, sides: Sides) -> str:
    """The sentences for what changed at ``where``; ``old`` and ``new`` are what is written there, as in the change."""
    path = tuple(where.split("."))
    try:
        return "\n".join(dict.fromkeys(_sentences(path, old, new, sides)))
    except (AttributeError, LookupError, TypeError, ValueError):  # told all the same, of whatever shape it is
        return _by_name(path, sides)


def _sentences(path: tuple[str, ...], old: Any, new: Any, sides: Sides) -> Iterator[str]:
    for length in range(1, len(path) + 1):
        if ".".join(path[:length]) in SETTINGS:
            yield _setting(path[:length], sides)
            return
    if path[0] == "earning_rules" and len(path) > 1:
        yield from _rule(path[1], path[2:], sides)
    elif path[0] == "rewards" and len(path) > 1:
        yield from _reward(path[1], path[2:], sides)
    elif path[:2] == ("tiers", "levels") and len(path) > 2:
        yield from _level(path[2], path[3:], sides)
    elif path == ("tiers",) and new is None:
        yield f"The tiers {phrases.all_of([*_at(sides.old, ('tiers', 'levels'))])} are removed"
    elif isinstance(old or new, dict) and all(each is None or isinstance(each, dict) for each in (old, new)):
        for name in dict.fromkeys([*(new or {}), *(old or {})]):
            yield from _sentences((*path, name), (old or {}).get(name), (new or {}).get(name), sides)
    else:
        yield _by_name(path, sides)


def _setting(path: tuple[str, ...], sides: Sides) -> str:
    setting = SETTINGS[".".join(path)]
    old, new = _at(sides.old, path), _at(sides.new, path)
    if old is None:
        return setting.sentence.format(now=" now" if sides.old else "", new=_say(setting, new, sides.new))
    now, told = _now(setting, old, new, sides)
    return setting.sentence.format(now=f" {now}", new=told)


def _level(code: str, inner: tuple[str, ...], sides: Sides) -> Iterator[str]:
    path = ("tiers", "levels", code)
    old, new = _at(sides.old, path), _at(sides.new, path)
    if new is None:
        yield f"Tier {code} is removed"
    elif old is None:
        yield f"New tier {code} from {phrases.threshold(new['from'], sides.new)}"
    elif inner == ("from",):
        pair = phrases.threshold(new["from"], sides.new), phrases.threshold(old["from"], sides.old)
        yield f"Tier {code} starts from {_instead(*pair)}"
    else:
        yield _by_name((*path, *inner), sides)


def _rule(code: str, inner: tuple[str, ...], sides: Sides) -> Iterator[str]:
    path = ("earning_rules", code)
    old, new = _at(sides.old, path), _at(sides.new, path)
    if new is None:
        yield f"Rule {code} is removed"
    elif old is None:
        yield f"New rule {code}: {', '.join(_told(new, sides.new))}"
    elif inner[0] in GIVES:
        yield f"Rule {code} gives {_instead(phrases.gives(new, sides.new), phrases.gives(old, sides.old))}"
    elif inner[0] == "state" and new["state"] == "ended":
        yield f"Rule {code} has ended"
    elif inner[0] == "state":
        was = {"ended": "ended", "dry_run": "a dry run", "live": "live"}[old["state"]]
        yield f"{STATES[new['state']].format(code=code)} (before: {was})"
    elif inner[0] in RULE_FIELDS:
        field = RULE_FIELDS[inner[0]]
        now, told = _now(field, old[inner[0]], new[inner[0]], sides)
        yield f"Rule {code} {now} {field.sentence.format(new=told)}"
    else:
        yield _by_name((*path, *inner), sides)


def _told(rule: Plain, document: Plain) -> Iterator[str]:
    """A new rule: what it gives, then whatever is not as it would be by itself."""
    yield phrases.gives(rule, document)
    usual = _filled(EarningRule(code="usual"))
    for name, field in RULE_FIELDS.items():
        if name in rule and rule[name] != usual.get(name):
            yield _say(field, rule[name], document)
    for name in rule:
        if name not in (*RULE_FIELDS, *GIVES, "code", "state") and rule[name] != usual.get(name):
            yield f"{phrases.spoken(name)} {phrases.plainly(rule[name])}"
    if rule["state"] != "live":
        yield "as a dry run" if rule["state"] == "dry_run" else "already ended"


def _reward(code: str, inner: tuple[str, ...], sides: Sides) -> Iterator[str]:
    path = ("rewards", code)
    old, new = _at(sides.old, path), _at(sides.new, path)
    if new is None:
        yield f"Reward {code} is removed"
    elif old is None:
        usual = _filled(Reward(code="usual"))
        unusual = [name for name in REWARD_FIELDS if new[name] != usual[name]]
        more = [_say(Setting("", REWARD_FIELDS[name]), new[name], sides.new) for name in unusual]
        yield f"New reward {code}: {', '.join([reward_phrases.gives(new, sides.new), *more])}"
    elif inner[0] in EFFECTS:
        yield (
            f"Reward {code} gives {reward_phrases.gives(new, sides.new)}"
            f" instead of {reward_phrases.gives(old, sides.old)}"
        )
    elif inner[0] in REWARD_FIELDS:
        now, told = _now(Setting("", REWARD_FIELDS[inner[0]]), old[inner[0]], new[inner[0]], sides)
        yield f"Reward {code} is {now} to be had {told}"
    else:
        yield _by_name((*path, *inner), sides)


def _by_name(path: tuple[str, ...], sides: Sides) -> str:
    """``Points, half life: 3 (before: 2)``: by the names on the way and the values."""
    told = ", ".join(phrases.spoken(name) for name in path)
    old, new = _at(sides.old, path), _at(sides.new, path)
    before = "" if sides.old is None else f" (before: {phrases.plainly(old)})"
    return f"{told[:1].upper()}{told[1:]}: {phrases.plainly(new)}{before}"


def _say(setting: Setting, value: Any, document: Plain | None) -> str:
    if isinstance(setting.phrase, Mapping):
        return setting.phrase.get(value) or phrases.plainly(value)
    return setting.phrase(value, document)


def _now(setting: Setting, old: Any, new: Any, sides: Sides) -> tuple[str, str]:
    """The new value, and the old one behind it; what is only written otherwise is still the same."""
    told, before = _say(setting, new, sides.new), _say(setting, old, sides.old)
    return ("still", told) if told == before else ("now", f"{told} (before: {before})")


def _instead(new: str, old: str) -> str:
    """``2 points per 1.00 EUR instead of 1``: what both have in common behind the number is said once."""
    number, _, rest = old.replace("point ", "points ", 1).partition(" ")
    same = new.replace("point ", "points ", 1).endswith(f" {rest}") and not new.startswith(f"{number} ")
    return f"{new} instead of {number if same else old}"


def _at(document: Plain | None, path: tuple[str, ...]) -> Any:
    value: Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _filled(value: Any) -> Any:
    """Plain values with every default in place; entries with a code as a group by code."""
    if isinstance(value, Part):
        fields = msgspec.structs.fields(value)
        return {field.encode_name: _filled(getattr(value, field.name)) for field in fields}
    if isinstance(value, list) and value and all(isinstance(each, Part) and hasattr(each, "code") for each in value):
        return {each.code: _filled(each) for each in value}
    return [_filled(each) for each in value] if isinstance(value, list) else value
