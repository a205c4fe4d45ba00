"""What a phone points its member to: points that expire, a tier that moved, rewards in reach; and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.make.phone import Phone
from tests.make.reward import make_reward
from tests.make.shop import Shop

NOTICES = "{ viewer { notices { id kind text at points tier reward } } }"
ACKNOWLEDGE = """
mutation ($id: UUID!, $notices: [ID!]!) {
  acknowledgeAdvice(id: $id, notices: $notices) {
    __typename ... on Acknowledged { notices { id } } ... on InputInvalid { field } ... on IdReused { code }
  }
}
"""


def notices(phone: Phone) -> list[dict[str, Any]]:
    """The notices that stand."""
    return phone.ask(NOTICES)["viewer"]["notices"]


def acknowledge(phone: Phone, *ids: str, key: str | None = None) -> dict[str, Any]:
    """What acknowledging answers."""
    return phone.ask(ACKNOWLEDGE, id=key or str(uuid4()), notices=list(ids))["acknowledgeAdvice"]


def test_points_are_told_of_in_time_and_once_they_were_seen_no_more_but_others_are(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(points={"expiry": {"days": 30}, "notice_days": 14})
    member = shop.enrol()
    phone = Phone.of(shop, member)
    shop.buy(member, 1000, occurred_at="2026-03-02T08:00:00Z")
    assert notices(phone) == []
    shop.set_clock("2026-03-20T12:00:00Z")
    (notice,) = notices(phone)
    assert (notice["kind"], notice["points"], notice["tier"], notice["reward"]) == ("EXPIRING", 10, None, None)
    assert notice["text"] == "10 points expire at the end of 31 Mar 2026"
    assert acknowledge(phone, notice["id"]) == {"__typename": "Acknowledged", "notices": []}
    shop.set_clock("2026-03-21T12:00:00Z")
    assert notices(phone) == []
    shop.buy(member, 500, occurred_at="2026-03-02T10:00:00Z")
    (more,) = notices(phone)
    assert (more["kind"], more["points"]) == ("EXPIRING", 5)


def test_a_tier_that_moved_is_told_in_the_members_language(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    member = shop.enrol(profile={"language": "de"})
    phone = Phone.of(shop, member)
    shop.buy(member, 1_000_000)
    told = [each for each in notices(phone) if each["kind"] == "TIER"]
    tier = phone.ask("{ viewer { tier { code name } } }")["viewer"]["tier"]
    assert [(each["tier"], each["text"]) for each in told] == [(tier["code"], f"Neue Stufe erreicht: {tier['name']}")]
    acknowledge(phone, told[0]["id"])
    assert "TIER" not in {each["kind"] for each in notices(phone)}


def test_a_tier_that_moved_long_ago_is_no_news(shop: Shop) -> None:
    member = shop.enrol()
    phone = Phone.of(shop, member)
    shop.buy(member, 1_000_000)
    assert [each["kind"] for each in notices(phone)] == ["TIER"]
    shop.set_clock("2026-04-02T12:00:00Z")
    assert notices(phone) == []


def test_rewards_in_reach_are_told_dearest_first_and_again_once_points_were_spent(
    make_shop: Callable[..., Shop],
) -> None:
    shop = make_shop(
        tiers=None,
        rewards=[make_reward("small", points=20), make_reward("big", points=50), make_reward("far", points=99)],
    )
    member = shop.enrol()
    phone = Phone.of(shop, member)
    shop.buy(member, 9000)
    told = notices(phone)
    assert [(each["kind"], each["reward"], each["points"]) for each in told] == [
        ("REWARD", "big", 50),
        ("REWARD", "small", 20),
    ]
    assert told[1]["text"] == "small is in reach, for 20 points"
    left = acknowledge(phone, told[0]["id"])["notices"]
    assert left == [{"id": told[1]["id"]}]
    acknowledge(phone, told[1]["id"])
    assert notices(phone) == []
    shop.redeem(member, "small")
    assert [each["reward"] for each in notices(phone)] == ["big", "small"]


def test_only_notices_of_ones_own_that_stand_are_acknowledged(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=None, rewards=[make_reward("small", points=20)])
    member, other = shop.enrol(), shop.enrol()
    phone, others = Phone.of(shop, member), Phone.of(shop, other)
    for each in (member, other):
        shop.buy(each, 3000)
    ids = [each["id"] for each in notices(phone)]
    acknowledge(phone, "tier.1", "x" * 10_000, "\x00", *ids)
    assert notices(phone) == []
    assert [each["reward"] for each in notices(others)] == ["small"]
    exported = shop.call("GET", f"/v1/members/{member['id']}/export").json()
    assert [each["notice"] for each in exported["acknowledged_notices"]] == ids


def test_acknowledging_is_safe_to_send_again_and_its_id_is_for_one_wish(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(tiers=None, rewards=[make_reward("small", points=20)])
    member = shop.enrol()
    phone, key = Phone.of(shop, member), str(uuid4())
    shop.buy(member, 9000)
    first = [each["id"] for each in notices(phone)]
    assert acknowledge(phone, *first, key=key) == acknowledge(phone, *first, key=key)
    assert acknowledge(phone, "another", key=key) == {
        "__typename": "IdReused",
        "code": "request.idempotency_key_reused",
    }
    assert acknowledge(phone, *(["x"] * 51)) == {"__typename": "InputInvalid", "field": "notices"}
