"""What conditions see of a purchase, of an engagement event, and of the member (pure).

Only the variables that some condition reads are made: ``names`` says which.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from loyalty_api.domain.earning.compile import WEEKDAYS, Compiled
from loyalty_api.domain.earning.line_sets import Line
from loyalty_api.domain.programs.conditions import Facts

LEVELS_MAX = 16  # of lists and groups inside each other: the CEL library's stack is not endless
ENTRIES_MAX = 100  # of a list or group inside event data or attributes: what is walked through is short
_WHOLE_MAX = 2**63
_OF_PROFILE = {"member.attributes", "member.birthday"}


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What conditions may ask about the member; what none of them reads need not be fetched.

    ``tier``: held before the purchase or event; None: none, which conditions see as ``""``.
    """

    tier: str | None
    enrolled_at: datetime
    segments: Collection[str] = ()
    attributes: Mapping[str, Any] = {}
    birth_date: date | None = None


class PurchaseSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase, amounts in minor units; ``local``: its instant in the program's zone. None: the till says none."""

    lines: Sequence[Line]
    total_minor: int
    base_minor: int
    currency: str
    store: str | None
    employee: str | None
    channel: str | None
    coupons: Sequence[str]
    local: datetime
    member: MemberFacts


class EventSeen(msgspec.Struct, frozen=True, kw_only=True):
    """An engagement event; ``local``: its instant in the program's zone, ``data``: values as in JSON."""

    kind: str
    data: Mapping[str, Any]
    local: datetime
    member: MemberFacts


def purchase_facts(names: Collection[str], purchase: PurchaseSeen) -> Facts:
    """The named variables of a purchase. What the till does not say is ``""``."""
    return Facts("purchase", {name: _OF_PURCHASE[name](purchase) for name in names})


def event_facts(names: Collection[str], event: EventSeen) -> Facts:
    """The named variables of an event. What conditions cannot read (too deep, too long) is null."""
    return Facts("event", {name: _OF_EVENT[name](event) for name in names})


def ask_conditions(compiled: Compiled, facts: Facts) -> dict[str, bool]:
    """Whether each rule's condition holds, by rule; each is asked once, dry runs too."""
    return {rule.code: rule.when.holds(facts) for rule in compiled.conditioned if rule.when is not None}


def needs_traits(compiled: Compiled) -> bool:
    """Whether some condition asks about the member's profile."""
    return not _OF_PROFILE.isdisjoint(compiled.names)


def is_birthday(birth_date: date, day: date) -> bool:
    """Whether it is the member's birthday; one born on 29 February has it on the 28th where there is no 29th."""
    if (birth_date.month, birth_date.day) == (2, 29) and (day.month, day.day) == (2, 28):
        return not isleap(day.year)
    return (birth_date.month, birth_date.day) == (day.month, day.day)


def _line(line: Line) -> dict[str, object]:
    return {
        "sku": line.sku or "",
        "category": line.category or "",
        "labels": line.labels,
        "kind": line.kind,
        "amount_minor": line.amount_minor,
    }


def _plain(value: object, levels: int = LEVELS_MAX) -> object:
    """A value that conditions can read; null where it is too deep, too large or of no type of JSON."""
    if isinstance(value, Mapping | list) and (not levels or len(value) > ENTRIES_MAX):
        return None
    if isinstance(value, Mapping):
        return {str(name): _plain(inner, levels - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, levels - 1) for inner in value]
    if isinstance(value, int) and not -_WHOLE_MAX <= value < _WHOLE_MAX:
        return None
    return value if isinstance(value, str | int | float) else None


def _enrolled_days(seen: PurchaseSeen | EventSeen) -> int:
    """Days of the calendar since the member enrolled; below 0 before it."""
    return (seen.local.date() - seen.member.enrolled_at.astimezone(seen.local.tzinfo).date()).days


def _has_birthday(seen: PurchaseSeen | EventSeen) -> bool:
    return seen.member.birth_date is not None and is_birthday(seen.member.birth_date, seen.local.date())


_OF_MEMBER: dict[str, Callable[[PurchaseSeen | EventSeen], object]] = {
    "member.tier": lambda seen: seen.member.tier or "",
    "member.segments": lambda seen: list(seen.member.segments),
    "member.enrolled_days": _enrolled_days,
    "member.attributes": lambda seen: _plain(seen.member.attributes) or {},
    "member.birthday": _has_birthday,
}
_OF_PURCHASE: dict[str, Callable[[PurchaseSeen], object]] = {
    **_OF_MEMBER,
    "purchase.total_minor": lambda seen: seen.total_minor,
    "purchase.base_minor": lambda seen: seen.base_minor,
    "purchase.currency": lambda seen: seen.currency,
    "purchase.store": lambda seen: seen.store or "",
    "purchase.employee": lambda seen: seen.employee or "",
    "purchase.channel": lambda seen: seen.channel or "",
    "purchase.coupons": lambda seen: list(seen.coupons),
    "purchase.lines": lambda seen: [_line(line) for line in seen.lines],
    "purchase.weekday": lambda seen: WEEKDAYS[seen.local.weekday()],
    "purchase.hour": lambda seen: seen.local.hour,
}
_OF_EVENT: dict[str, Callable[[EventSeen], object]] = {
    **_OF_MEMBER,
    "event.kind": lambda seen: seen.kind,
    "event.data": lambda seen: _plain(seen.data) or {},
}
