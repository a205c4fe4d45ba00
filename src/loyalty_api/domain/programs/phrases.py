"""Values of the document as phrases that a marketer reads. Pure.

A phrase takes the value (plain; None: not set) and the whole document that it stands in, with its defaults filled in.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty_api.kernel.money import minor_digits

_WEEKDAYS = {name[:3].lower(): name for name in calendar.day_name}
ROUNDING = {"floor": "down", "nearest": "to the nearest whole", "ceil": "up"}
ON_RETURN = {
    "allow_negative": "the balance may go below zero",
    "clamp": "the balance stops at zero",
    "pending_only": "only pending points are taken back",
}
EARNS = {"included": "counts for points", "excluded": "does not count for points"}
EARN = {"included": "count for points", "excluded": "do not count for points"}
BEFORE_ENROLMENT = {"earn": "earn points", "refuse": "are refused"}
MEASURE = {"spend": "the money spent", "points_earned": "the points earned", "purchases": "the number of purchases"}
STACKING = {
    "stackable": "beside other rules",
    "exclusive": "alone (when it gives points, no other rule does)",
    "last": "as the last (when it gives points, the rules behind it give none)",
}
CLAIMS_LINES = {
    True: "claiming its lines, so that wider rules do not see them",
    False: "leaving its lines to wider rules too",
}
CARRY_OVER = {True: "keeping the rest of a step for the next purchase", False: "dropping the rest of a step"}
COUNTS_FOR_TIER = {True: "counting towards tiers", False: "not counting towards tiers"}


def plainly(value: Any, _document: Any = None) -> str:
    """Any value, where nothing better is known of its field."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return number(value)
    if isinstance(value, dict):
        named = (f"{spoken(name)} {plainly(inner)}" for name, inner in value.items() if inner is not None)
        return ", ".join(named) or "nothing"
    if isinstance(value, list):
        return all_of(value) if value else "nothing"
    return " ".join(str(value).split())  # a sentence is a line


def spoken(name: str) -> str:
    """A field's name as words."""
    return name.replace("_", " ")


def number(value: int | Decimal) -> str:
    """1500 -> ``1,500``; decimals without trailing zeros."""
    return f"{Decimal(value).normalize():,f}"


def counted(value: int | Decimal, one: str) -> str:
    """A number with its noun: ``1 point``, ``2 points``."""
    return f"{number(value)} {one}" if value == 1 else f"{number(value)} {one}s"


def money(amount_minor: int, document: Any) -> str:
    """150000 -> ``1,500.00 EUR``."""
    digits = minor_digits(document["currency"])
    return f"{Decimal(amount_minor).scaleb(-digits):,.{digits}f} {document['currency']}"


def day(text: str) -> str:
    """2026-11-01 -> ``1 Nov 2026``."""
    known = date.fromisoformat(text)
    return f"{known.day} {calendar.month_abbr[known.month]} {known.year}"


def days(value: int, _document: Any = None) -> str:
    """``30 days``."""
    return counted(value, "day")


def minutes(value: int, _document: Any = None) -> str:
    """``30 minutes``."""
    return counted(value, "minute")


def pending(value: Any, _document: Any) -> str:
    """When points become available."""
    if value.get("until"):
        return f"when {value['until']!r} is told of"
    return f"{days(value['days'])} after they are earned" if value.get("days") else "at once"


def expiry(value: Any, document: Any) -> str:
    """When points expire."""
    if value == "never":
        return "never"
    start = "are earned" if pending(document["points"]["pending"], document) == "at once" else "become available"
    ways = []
    if value.get("days"):
        ways.append(f"{days(value['days'])} after they {start}")
    if value.get("months"):
        ways.append(f"{counted(value['months'], 'month')} after they {start}")
    if value.get("inactivity_days"):
        ways.append(f"after {days(value['inactivity_days'])} without a purchase")
    if value.get("on"):
        month, last = value["on"].split("-")
        ways.append(f"every year at the end of {int(last)} {calendar.month_name[int(month)]}")
    if value.get("round_up_to"):
        ways.append("rounded up to the month's end")
    return ", ".join(ways) or "never"


def window(value: Any, _document: Any) -> str:
    """Over which time a tier counts."""
    if isinstance(value, dict):
        return f"over the last {counted(value['months'], 'month')}"
    return {"calendar_year": "over the calendar year", "lifetime": "over a member's whole life"}[value]


def downgrade(value: Any, _document: Any) -> str:
    """How a tier is lost."""
    grace = f"after {days(value['grace_days'])} of grace" if value["grace_days"] else "without grace"
    steps = "one tier at a time" if value["steps"] == "one" else "down to the tier that is still reached"
    return f"{grace}, {steps}"


def limits(value: Any, _document: Any) -> str:
    """How many points staff may adjust by themselves, by the scope of their key."""
    named = [f"{counted(points, 'point')} with a key of scope {scope}" for scope, points in value.items() if points]
    return f"at most {', '.join(named)}" if named else "any number of points"


def threshold(value: int, document: Any) -> str:
    """From where a tier is held, in what tiers measure."""
    unit = (document["tiers"] or {}).get("measure", "spend")
    return money(value, document) if unit == "spend" else counted(value, "purchase" if unit == "purchases" else "point")


def gives(rule: Any, document: Any) -> str:
    """What a rule gives: ``2 points per 1.00 EUR``."""
    ways = []
    if rule.get("per_spend"):
        step = rule["per_spend"]
        ways.append(f"{counted(step['points'], 'point')} per {money(step['per_minor'], document)}")
    if rule.get("per_unit") is not None:
        ways.append(f"{counted(rule['per_unit'], 'point')} per unit")
    if rule.get("flat"):
        ways.append(f"{counted(rule['flat'], 'point')} per purchase")
    if rule.get("multiplier") is not None:
        ways.append(f"{number(rule['multiplier'])} times the points")
    if rule.get("per_event"):
        ways.append(f"{counted(rule['per_event']['points'], 'point')} per {rule['per_event']['kind']!r} event")
    return " and ".join(ways) or "nothing"


def lines(value: Any, _document: Any) -> str:
    """Which lines of a purchase a rule sees."""
    if value is None:
        return "on all lines"
    named, excluded = _named(value), _named(value["exclude"])
    seen = f"on lines of {named}" if named else "on all lines"
    return f"{seen}, but not of {excluded}" if excluded else seen


def tiers(value: list[str], _document: Any) -> str:
    """For whom a rule works, by tier."""
    return f"for tier {any_of(value)}" if value else "for every tier"


def segments(value: list[str], _document: Any) -> str:
    """For whom a rule works, by segment."""
    return f"for segment {any_of(value)}" if value else "for every segment"


def schedule(value: Any, _document: Any) -> str:
    """When a rule works."""
    value = value or {}
    parts = []
    if value.get("weekdays"):
        parts.append("on " + all_of([f"{_WEEKDAYS[each]}s" for each in value["weekdays"]]))
    dates = [f"{word} {day(value[word])}" for word in ("from", "until") if value.get(word)]
    if dates:
        parts.append(" ".join(dates))
    if value.get("hours"):
        parts.append(f"between {value['hours']['from']} and {value['hours']['until']}")
    return ", ".join(parts) or "at any time"


def condition(value: str | None, _document: Any) -> str:
    """The rule's further condition, as it is written."""
    return f"when {plainly(value)}" if value else "without a condition"


def priority(value: int, _document: Any) -> str:
    """The place of a rule among the others."""
    return f"with priority {value}"


def least_total(value: int | None, document: Any) -> str:
    """The least total of a purchase."""
    return f"from a total of {money(value, document)}" if value else "from any total"


def own_pending(value: Any, document: Any) -> str:
    """When the rule's points become available."""
    return f"with points available {pending(value, document)}" if value else "with points available as all are"


def own_expiry(value: Any, document: Any) -> str:
    """When the rule's points expire."""
    return f"with points that expire {expiry(value, document)}" if value else "with points that expire as all do"


def caps(value: Any, _document: Any) -> str:
    """The most that a rule gives at a time."""
    value = value or {}
    most = []
    if value.get("per_purchase"):
        most.append(f"at most {counted(value['per_purchase'], 'point')} per purchase")
    if value.get("per_member"):
        cap = value["per_member"]
        period = f" in {days(cap['days'])}" if cap.get("days") else ""
        most.append(f"at most {counted(cap['points'], 'point')} per member{period}")
    return " and ".join(most) or "points without a cap"


def budget(value: Any, _document: Any) -> str:
    """The most that a rule gives in all."""
    return f"at most {counted(value['points'], 'point')} in all" if value else "points without a budget"


def all_of(names: Sequence[Any]) -> str:
    """``a, b and c``."""
    texts = [plainly(each) for each in names]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def any_of(names: Sequence[str]) -> str:
    """``a, b or c``."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _named(value: Any) -> str:
    kinds = (("category", "categories"), ("SKU", "skus"), ("label", "labels"))
    return " or ".join(f"{word} {any_of(value[name])}" for word, name in kinds if value[name])
