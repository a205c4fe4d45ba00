"""Weeks of a coffee chain's life, the same for the same last day: members with habits, baskets, stores, rush hours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from loyalty_api.demo.menu import MENU, STORES

ZONE = ZoneInfo("Europe/Berlin")
WEEKS = 4
MEMBERS = 600
SEED = 1911

_GIVEN = (
    "Ada",
    "Ben",
    "Carla",
    "Deniz",
    "Emma",
    "Felix",
    "Greta",
    "Hanna",
    "Ivo",
    "Jana",
    "Kofi",
    "Lena",
    "Mia",
    "Noah",
)
_FAMILY = ("Abel", "Brandt", "Conrad", "Demir", "Engel", "Fuchs", "Graf", "Hahn", "Ilic", "Jansen", "Kraus", "Lang")


class Habit(NamedTuple):
    """How a member comes: chance per weekday and weekend day, share of members, and the usual hour."""

    share: int
    weekday: float
    weekend: float
    hour: int


HABITS = (
    Habit(18, 0.62, 0.08, 8),  # on the way to work
    Habit(30, 0.18, 0.30, 11),
    Habit(37, 0.06, 0.16, 15),
    Habit(15, 0.01, 0.03, 17),
)


def make_members() -> list[dict[str, Any]]:
    """Bodies for POST /v1/members without ``enrolled_at``."""
    chance = random.Random(SEED)
    return [
        {
            "identifiers": [{"kind": "card", "value": card_of(number)}],
            "profile": {"given_name": chance.choice(_GIVEN), "family_name": chance.choice(_FAMILY), "language": "de"},
            "store": STORES[number % len(STORES)],
        }
        for number in range(MEMBERS)
    ]


def card_of(number: int) -> str:
    """The card of the member with this number."""
    return f"4006381{number:06}"


def first_day(last: date) -> date:
    """The first day of the sample that ends with ``last``."""
    return last - timedelta(weeks=WEEKS)


def make_purchases(last: date) -> Iterator[dict[str, Any]]:
    """Bodies for POST /v1/purchases, in the order in which they happened, up to the evening before ``last``."""
    chance = random.Random(SEED)
    habits = [chance.choices(HABITS, [habit.share for habit in HABITS])[0] for _ in range(MEMBERS)]
    for offset in range(WEEKS * 7):
        day = first_day(last) + timedelta(days=offset)
        visits = []
        for number, habit in enumerate(habits):
            if chance.random() < (habit.weekend if day.weekday() >= 5 else habit.weekday):
                minutes = chance.gauss(habit.hour * 60, 70)
                visits.append((min(max(minutes, 6.5 * 60), 20.5 * 60), number))
        for index, (minutes, number) in enumerate(sorted(visits)):
            instant = datetime.combine(day, time(), ZONE) + timedelta(seconds=int(minutes * 60))
            yield _purchase(chance, f"{day:%y%m%d}-{index:04}", number, instant)


def _purchase(chance: random.Random, reference: str, number: int, instant: datetime) -> dict[str, Any]:
    store = STORES[number % len(STORES)] if chance.random() < 0.85 else chance.choice(STORES)
    items = chance.choices(MENU, [item.weight for item in MENU], k=chance.choices((1, 2, 3), (55, 35, 10))[0])
    lines = []
    for place, item in enumerate(items, 1):
        quantity = chance.choices((1, 2), (88, 12))[0]
        line: dict[str, Any] = {
            "line": str(place),
            "sku": item.sku,
            "category": item.category,
            "quantity": quantity,
            "amount_minor": item.amount_minor * quantity,
        }
        if item.category == "gift":
            line["kind"] = "gift_card"
        if item.labels:
            line["labels"] = list(item.labels)
        lines.append(line)
    return {
        "reference": reference,
        "source": f"{store}/till-{1 + number % 2}",
        "member": {"identifier": f"card:{card_of(number)}"},
        "occurred_at": instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "currency": "EUR",
        "store": store,
        "channel": "store",
        "lines": lines,
        "total_minor": sum(line["amount_minor"] for line in lines),
    }
