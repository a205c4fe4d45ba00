"""Redeeming by phone: safe to send again, refused by name, one's own alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.make.phone import Phone
from tests.make.reward import make_reward
from tests.make.shop import Shop

REDEEM = """
mutation ($id: UUID!, $reward: String!, $atOnce: Boolean = false) {
  redeemReward(id: $id, reward: $reward, atOnce: $atOnce) {
    __typename
    ... on Redeemed { redemptionId status reward points amount expiresAt balance { available reserved } }
    ... on Refused { code message }
    ... on InputInvalid { field }
  }
}
"""
CANCEL = """
mutation ($id: UUID!, $redemption: UUID!) {
  cancelRedemption(id: $id, redemptionId: $redemption) {
    __typename ... on Redeemed { status balance { available reserved } } ... on Refused { code }
  }
}
"""


@pytest.fixture
def shop(make_shop: Callable[..., Shop]) -> Shop:
    """Rewards: one in reach, one that is not, and one for once."""
    once = make_reward("once", points=10, per_member={"limit": 1})
    return make_shop(rewards=[make_reward("five-off", points=500), make_reward("dear", points=9000), once])


def redeem(phone: Phone, reward: str, key: object = None, **more: Any) -> dict[str, Any]:
    """What redeeming answers."""
    return phone.ask(REDEEM, id=str(key or uuid4()), reward=reward, **more)["redeemReward"]


def set_aside(phone: Phone) -> list[str]:
    """The redemptions that wait for the till, newest first."""
    held = phone.ask("{ viewer { setAside { redemptionId } } }")["viewer"]["setAside"]
    return [each["redemptionId"] for each in held]


def test_what_ran_out_is_not_set_aside_any_more(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    phone = Phone.of(shop, member)
    redeem(phone, "five-off")
    newer = redeem(phone, "once")
    assert set_aside(phone)[0] == newer["redemptionId"]
    shop.set_clock(newer["expiresAt"])
    assert set_aside(phone) == []


def test_a_reward_is_set_aside_once_however_often_the_phone_asks_and_the_till_completes_it(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    phone, key = Phone.of(shop, member), uuid4()
    first = redeem(phone, "five-off", key)
    assert (first["__typename"], first["status"], first["points"]) == ("Redeemed", "RESERVED", 500)
    assert first["balance"] == {"available": 100, "reserved": 500}
    assert redeem(phone, "five-off", key) == first
    assert shop.points(member) == (100, 500)
    assert set_aside(phone) == [first["redemptionId"]]
    done = shop.call("POST", f"/v1/redemptions/{first['redemptionId']}/complete")
    assert done.status_code == 200, done.text
    assert set_aside(phone) == []
    closed = phone.ask(CANCEL, id=str(uuid4()), redemption=first["redemptionId"])["cancelRedemption"]
    assert (closed["__typename"], closed["code"]) == ("RedemptionClosed", "redemption.completed")


def test_what_is_set_aside_may_be_let_go_of_again_and_again(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    phone = Phone.of(shop, member)
    redemption = redeem(phone, "five-off")["redemptionId"]
    for _ in range(2):
        told = phone.ask(CANCEL, id=str(uuid4()), redemption=redemption)["cancelRedemption"]
        assert told == {"__typename": "Redeemed", "status": "CANCELLED", "balance": {"available": 600, "reserved": 0}}


def test_refusals_have_names(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 60_000)
    phone, key = Phone.of(shop, member), uuid4()
    assert redeem(phone, "once", key, atOnce=True)["status"] == "COMPLETED"
    named = {
        redeem(phone, "dear")["__typename"]: "PointsInsufficient",
        redeem(phone, "nothing")["__typename"]: "RewardUnavailable",
        redeem(phone, "once")["__typename"]: "RewardHadEnough",
        redeem(phone, "five-off", key)["__typename"]: "IdReused",
        redeem(phone, "NOT A CODE \u0000")["__typename"]: "InputInvalid",
    }
    assert all(told == expected for told, expected in named.items()), named
    assert shop.points(member) == (590, 0)


def test_another_members_redemption_cannot_be_cancelled_nor_their_id_be_met(shop: Shop) -> None:
    member, stranger = shop.enrol(), shop.enrol()
    for each in (member, stranger):
        shop.buy(each, 60_000)
    key = uuid4()
    mine = redeem(Phone.of(shop, member), "five-off", key)
    other = Phone.of(shop, stranger)
    told = other.ask(CANCEL, id=str(uuid4()), redemption=mine["redemptionId"])["cancelRedemption"]
    assert (told["__typename"], told["code"]) == ("RedemptionUnknown", "redemption.not_found")
    theirs = redeem(other, "five-off", key)
    assert theirs["redemptionId"] != mine["redemptionId"]
    assert shop.points(member) == shop.points(stranger) == (100, 500)


def test_why_a_reward_may_not_be_had_is_told_in_the_members_language(make_shop: Callable[..., Shop]) -> None:
    rewards = [
        make_reward("dear", points=1500),
        make_reward("early", points=1, valid={"from": "2026-04-01"}),
        make_reward("over", points=1, valid={"until": "2026-03-01"}),
        make_reward("royal", points=1, tiers=["silver", "gold"]),
        make_reward("none", points=1, stock=1),
        make_reward("once", points=1, per_member={"limit": 1}),
        make_reward("weekly", points=1, per_member={"limit": 1, "days": 7}),
    ]
    shop = make_shop(rewards=rewards)
    member = shop.enrol(profile={"language": "de"})
    shop.buy(member, 1000)
    for code in ("none", "once", "weekly"):
        shop.redeem(member, code, complete=True)
    phone = Phone.of(shop, member)
    query = "{ viewer { rewards { edges { node { code whyNot { message } } } } } }"
    told = {
        edge["node"]["code"]: edge["node"]["whyNot"]["message"]
        for edge in phone.ask(query)["viewer"]["rewards"]["edges"]
    }
    assert told == {
        "dear": "Nötig: 1.500 Punkte, verfügbar: 7.",
        "early": "early gibt es erst ab 01.04.2026.",
        "over": "over gab es bis 01.03.2026.",
        "royal": "royal ist für silver oder gold; die Stufe ist bronze.",
        "none": "Von none ist nichts mehr da.",
        "once": "once gibt es höchstens 1-mal, und so oft wurde es schon genommen.",
        "weekly": "weekly gibt es in 7 Tagen höchstens 1-mal, und so oft wurde es schon genommen.",
    }
    for code, sentence in told.items():
        assert redeem(phone, code)["message"] == sentence
