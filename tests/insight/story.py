"""A shop's half year with every trap in it, posted over HTTP and noted down beside it, in plain values."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.make.purchase import make_purchase
from tests.make.shop import Shop

CLOCK = "2028-04-10T10:00:00Z"
FIRST, LAST = datetime(2027, 10, 1, tzinfo=UTC), datetime(2028, 4, 9, tzinfo=UTC)
STORES, EMPLOYEES = ("1", "2", None), ("e-1", "e-2", None)


class Bought(msgspec.Struct):
    """A purchase as it was noted down. ``returns``: (when, amount)."""

    who: str
    at: datetime
    amount: int
    reference: str
    store: str | None = None
    employee: str | None = None
    voided: bool = False
    moved_to: str | None = None
    returns: list[tuple[datetime, int]] = []

    def body(self) -> dict[str, Any]:
        """As a till sends it."""
        return make_purchase(
            self.who,
            self.amount,
            reference=self.reference,
            occurred_at=self.at.isoformat().replace("+00:00", "Z"),
            store=self.store,
            employee=self.employee,
        )

    @property
    def whose(self) -> str:
        """The card of whom it counts for."""
        return self.moved_to or self.who


class Story(msgspec.Struct):
    """What happened. ``enrolled``: cards and when; ``merged``: alias and survivor; ``closed``: at the clock's day."""

    enrolled: dict[str, datetime]
    bought: list[Bought]
    merged: list[tuple[str, str]]


def make_story(seed: int, *, members: int = 24, purchases: int = 200) -> Story:
    """Any such half year: many purchases at the edges of local days, weeks and months, few of some members."""
    chance = random.Random(seed)
    cards = [f"card:{seed}{number:05}" for number in range(members)]
    enrolled = {card: FIRST - timedelta(hours=chance.randrange(1, 9000)) for card in cards}
    edges = [
        datetime(2027, 10, 30, 22, tzinfo=UTC),
        datetime(2028, 3, 25, 23, tzinfo=UTC),
    ]  # the days of 25 and 23 hours
    edges += [datetime(2028, 2, 28, 23, tzinfo=UTC), datetime(2027, 12, 31, 23, tzinfo=UTC)]  # leap day, new year
    edges += [datetime(2028, month, 1, 23, tzinfo=UTC) - timedelta(days=1) for month in (2, 3)]
    bought = []
    for number in range(purchases):
        # Of the last members only a few purchases, so that they lapse and come back.
        who = chance.choice(cards if number % 3 else cards[: members // 3])
        at = FIRST + timedelta(seconds=chance.randrange(int((LAST - FIRST).total_seconds())))
        if number % 4 == 0:
            at = chance.choice(edges) + timedelta(seconds=chance.choice((-1, 0, 1, 24 * 3600 - 1)))
        amount = chance.choice((0, 1, 999, 4_250, 60_000))
        each = Bought(who, at, amount, f"S-{seed}-{number}", chance.choice(STORES), chance.choice(EMPLOYEES))
        bought.append(each)
    for each in chance.sample(bought, purchases // 8):
        if each.amount > 1:
            later = min(each.at + timedelta(days=chance.choice((0, 3, 40))), LAST)
            each.returns = [(later, chance.choice((each.amount, each.amount // 2)))]
    for each in chance.sample(bought, purchases // 12):
        each.voided = True
    for each in chance.sample([one for one in bought if not one.voided and not one.returns], purchases // 20):
        each.moved_to = chance.choice([card for card in cards if card != each.who])
    return Story(enrolled, bought + _traps(seed, enrolled), [(cards[-1], cards[0]), (cards[-2], cards[1])])


def _traps(seed: int, enrolled: dict[str, datetime]) -> list[Bought]:
    """Members with one trap each, bought at noon."""
    noon = datetime(2027, 11, 5, 12, tzinfo=UTC)
    days: dict[str, list[tuple[int, int]]] = {
        "exactly-56": [(0, 500), (56, 500)],
        "after-57": [(0, 500), (57, 500)],
        "one-day-twice": [(2, 500), (2, 700)],
        "within-60": [(0, 500), (60, 500)],
        "after-61": [(0, 500), (61, 500)],
        "nothing-paid": [(1, 0)],
        "all-returned": [(3, 800)],
        "never-was": [(4, 900)],
        "first-never-was": [(0, 900), (80, 900)],
        "never-bought": [],
    }
    found = []
    for name, each in days.items():
        card = f"card:{name}-{seed}"
        enrolled[card] = FIRST
        for number, (day, amount) in enumerate(each):
            at = noon + timedelta(days=day)
            found.append(Bought(card, at, amount, f"T-{seed}-{name}-{number}", "1", "e-1"))
        if name == "all-returned":
            found[-1].returns = [(noon + timedelta(days=40), 800)]
        if name == "never-was":
            found[-1].voided = True
            found[-1].returns = [(noon + timedelta(days=5), 300)]
        if name == "first-never-was":
            found[-2].voided = True
    return found


def live(shop: Shop, story: Story, *, seed: int | None = None) -> dict[str, dict[str, Any]]:
    """Posts the story to the shop, with a ``seed`` in any order and some of it twice; its members by card."""
    chance = random.Random(seed)
    shop.set_clock(CLOCK)
    people = [_person(card, at) for card, at in story.enrolled.items()]
    enrolled = shop.call("POST", "/v1/members/batch", people).json()["results"]
    members = {card: told["answer"] | {"card": card} for card, told in zip(story.enrolled, enrolled, strict=True)}
    bought = list(story.bought)
    if seed is not None:
        bought += chance.sample(bought, len(bought) // 10)
        chance.shuffle(bought)
    ids = {}
    for start in range(0, len(bought), 50):
        part = bought[start : start + 50]
        answer = shop.call("POST", "/v1/purchases/batch", [each.body() for each in part])
        results = answer.json()["results"]
        assert all("answer" in each for each in results), results
        ids |= {each.reference: told["answer"]["id"] for each, told in zip(part, results, strict=True)}
    changes = [(each, change) for each in story.bought for change in ("return", "void", "move")]
    if seed is not None:
        chance.shuffle(changes)
        changes.sort(key=lambda each: each[1] == "void")  # nothing of a voided purchase can be returned
    for each, change in changes:
        _change(shop, each, ids[each.reference], change)
    for alias, survivor in story.merged:
        done(shop, f"/v1/members/{members[alias]['id']}/merge", {"into": members[survivor]["id"]})
    return members


def _person(card: str, enrolled_at: datetime) -> dict[str, Any]:
    kind, value = card.split(":", 1)
    return {"identifiers": [{"kind": kind, "value": value}], "enrolled_at": enrolled_at.isoformat()}


def _change(shop: Shop, each: Bought, purchase_id: str, change: str) -> None:
    if change == "void" and each.voided:
        done(shop, f"/v1/purchases/{purchase_id}/void")
    elif change == "move" and each.moved_to:
        done(shop, f"/v1/purchases/{purchase_id}/move", {"member": {"identifier": each.moved_to}})
    elif change == "return":
        for number, (at, amount) in enumerate(each.returns):
            body = {
                "reference": f"{each.reference}-{number}",
                "source": "store-1/till-1",
                "purchase": {"id": purchase_id},
            }
            done(shop, "/v1/returns", body | {"occurred_at": at.isoformat(), "amount_minor": amount})


def done(shop: Shop, path: str, body: Any = None) -> Any:
    """A request that must succeed."""
    answer = shop.call("POST", path, body)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()
