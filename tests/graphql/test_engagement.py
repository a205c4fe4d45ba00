"""What a phone records of its member, and what it is advised: only what the program allows, safe to send again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.make.engagement import per_event
from tests.make.phone import Phone
from tests.make.program import BASE_RULE
from tests.make.purchase import make_purchase
from tests.make.reward import make_reward
from tests.make.shop import Shop

RECORD = """
mutation ($id: UUID!, $kind: String!) {
  recordEngagement(id: $id, kind: $kind) {
    __typename
    ... on EngagementRecorded { engagementId kind points balance { available } }
    ... on Refused { code message }
  }
}
"""
ADVICE = "{ viewer { advice { kind text points at reward insteadOf } } }"
OPENED = per_event(5, "app_open", code="opened", caps={"per_member": {"points": 10, "days": 1}})


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Opening the app earns 5, twice a day."""
    return make_shop(earning_rules=[BASE_RULE, OPENED], engagement={"phone_kinds": ["app_open", "story_read"]})


def record(phone: Phone, kind: str, key: object = None) -> dict[str, Any]:
    """What recording answers."""
    return phone.ask(RECORD, id=str(key or uuid4()), kind=kind)["recordEngagement"]


def test_an_event_is_recorded_once_however_often_and_late_the_phone_sends_it(shop: Shop) -> None:
    member, other = shop.enrol(), shop.enrol()
    phone, key = Phone.of(shop, member), uuid4()
    first = record(phone, "app_open", key)
    assert (first["__typename"], first["points"], first["balance"]) == ("EngagementRecorded", 5, {"available": 5})
    shop.set_clock("2026-03-05T12:00:00Z")
    assert record(Phone.of(shop, member), "app_open", key) == first
    assert shop.points(member) == (5, 0)
    listed = shop.call("GET", f"/v1/engagement?member={member['id']}").json()["items"]
    assert [(each["kind"], each["channel"], each["reference"]) for each in listed] == [("app_open", "phone", str(key))]
    reused = record(phone, "story_read", key)
    assert (reused["__typename"], reused["code"]) == ("IdReused", "engagement.reference_reused")
    assert record(Phone.of(shop, other), "app_open", key)["engagementId"] != first["engagementId"]


def test_a_phone_earns_no_more_than_the_cap_however_often_it_says_so(shop: Shop) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    assert [record(phone, "app_open")["points"] for _ in range(4)] == [5, 5, 0, 0]
    assert record(phone, "story_read")["points"] == 0
    assert shop.points(member) == (10, 0)


def test_what_the_program_does_not_let_phones_record_is_refused_by_name(
    shop: Shop, make_shop: Callable[..., Shop]
) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    for kind in ("review.written", "enrolled", "APP_OPEN", "", "x" * 100):
        told = record(phone, kind)
        assert (told["__typename"], told["code"]) == ("EngagementNotAllowed", "engagement.not_by_phone")
        assert told["message"].endswith("They may record app_open, story_read.")
    quiet = make_shop()
    told = record(Phone.of(quiet, quiet.enrol()), "app_open")
    assert told["message"].endswith("They may record nothing.")
    assert shop.call("GET", f"/v1/engagement?member={member['id']}").json()["items"] == []


def test_a_member_is_advised_of_what_is_lost_soon_and_of_what_costs_less(make_shop: Callable[..., Shop]) -> None:
    rewards = [
        make_reward("dear", points=100),
        make_reward("cheap", points=60),
        make_reward("mug", points=1, money_off=None, custom={"note": "a mug"}),
        make_reward("tenth", points=200, money_off=None, percent_off={"percent": 10, "max_minor": 500}),
    ]
    shop = make_shop(rewards=rewards, points={"expiry": {"days": 30}, "notice_days": 14})
    shop.set_clock("2026-02-13T12:00:00+01:00")
    member, other = shop.enrol(profile={"language": "de"}), shop.enrol()
    shop.post(make_purchase(member["card"], 30_000, occurred_at="2026-02-13T12:00:00+01:00"))
    assert Phone.of(shop, member).ask(ADVICE)["viewer"]["advice"][0]["kind"] == "CHEAPER_REWARD"
    shop.set_clock("2026-03-02T12:00:00Z")
    expiring, cheaper = Phone.of(shop, member).ask(ADVICE)["viewer"]["advice"]
    assert expiring == {
        "kind": "EXPIRING",
        "text": "nur noch bis 14.03.2026 gültig: 300 Punkte",
        "points": 300,
        "at": "2026-03-14T23:00:00Z",
        "reward": None,
        "insteadOf": None,
    }
    assert (cheaper["reward"], cheaper["insteadOf"], cheaper["points"], cheaper["at"]) == ("cheap", "dear", 40, None)
    assert cheaper["text"] == "cheap nimmt 5,00 für 60 Punkte ab; dear nimmt 5,00 für 100 Punkte ab"
    assert Phone.of(shop, other).ask(ADVICE)["viewer"]["advice"] == []
