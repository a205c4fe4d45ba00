"""What a phone is told live: its balance moves while it stands at the till, and nobody else's does."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.make.live import POINTS, REDEMPTION, TIER, LivePhone
from tests.make.phone import Phone
from tests.make.reward import make_reward
from tests.make.shop import PRESENT, Shop

REDEEM = 'mutation($id: UUID!) { redeemReward(id: $id, reward: "five-off") { __typename } }'


def connected(shop: Shop) -> tuple[dict[str, Any], Phone, LivePhone]:
    """A member, their phone, and its live connection."""
    member = shop.enrol()
    phone = Phone.of(shop, member)
    return member, phone, LivePhone.of(phone)


def test_the_balance_is_told_at_once_and_moves_when_the_till_posts_a_purchase(shop: Shop) -> None:
    member, _, live = connected(shop)
    with live:
        name = live.subscribe(POINTS)
        assert live.told(name) == {"available": 0, "pending": 0, "reserved": 0}
        shop.buy(member, 1000)
        assert live.told(name)["available"] == 10
        shop.buy(member, 2500)
        assert live.told(name)["available"] == 35


def test_whatever_moves_points_is_told_not_only_purchases(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(points=20)])
    member, phone, live = connected(shop)
    with live:
        live.subscribe(POINTS)
        live.told()
        purchase = shop.buy(member, 10_000)
        assert live.told()["available"] == 100
        part = {"reference": "back", "source": "till-1", "purchase": {"id": purchase["id"]}, "amount_minor": 1000}
        assert shop.call("POST", "/v1/returns", part | {"occurred_at": PRESENT}).status_code == 201
        assert live.told()["available"] == 90
        put = {"reference": "sorry", "points": 15, "reason": "put right"}
        assert shop.call("POST", f"/v1/members/{member['id']}/points/adjustments", put).status_code == 201
        assert live.told()["available"] == 105
        done = phone.ask(REDEEM, id=str(uuid4()))["redeemReward"]
        assert done["__typename"] == "Redeemed"
        assert live.told() == {"available": 85, "pending": 0, "reserved": 20}
        other = shop.enrol()
        shop.buy(other, 5000)
        assert shop.call("POST", f"/v1/members/{other['id']}/merge", {"into": member["id"]}).status_code < 300
        assert live.told()["available"] == 135


def test_another_members_purchase_wakes_nobody_else(shop: Shop) -> None:
    _, _, live = connected(shop)
    other, _, others = connected(shop)
    with live, others:
        live.subscribe(POINTS)
        others.subscribe(POINTS)
        live.told()
        others.told()
        shop.buy(other, 1000)
        assert others.told()["available"] == 10
        assert live.is_silent()


def test_what_was_asked_for_and_did_not_change_is_not_told_again(shop: Shop) -> None:
    member, _, live = connected(shop)
    with live:
        tier = live.subscribe(TIER)
        assert live.told(tier)["code"] == "bronze"
        points = live.subscribe(POINTS)
        live.told(points)
        shop.buy(member, 1000)
        assert live.told(points)["available"] == 10
        assert live.is_silent()
        shop.buy(member, 1_000_000)
        assert {live.hear()["id"], live.hear()["id"]} == {tier, points}


def test_the_way_to_the_next_tier_moves_for_who_asks_for_it(shop: Shop) -> None:
    member, _, live = connected(shop)
    with live:
        live.subscribe("subscription { tierChanged { code progress { missing } } }")
        before = live.told()["progress"]["missing"]
        shop.buy(member, 1000)
        assert live.told()["progress"]["missing"] < before


def test_a_redemption_is_told_as_the_till_completes_or_lets_go_of_it(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(points=20)])
    member, _, live = connected(shop)
    shop.buy(member, 20_000)
    first = shop.redeem(member, complete=False)
    done = shop.redeem(member)
    with live:
        live.subscribe(REDEMPTION)
        told = live.told()
        assert (told["redemptionId"], told["status"], told["reward"]) == (first["id"], "RESERVED", "five-off")
        assert live.is_silent(), "what was completed before is history"
        shop.call("POST", f"/v1/redemptions/{first['id']}/complete", {})
        told = live.told()
        assert (told["redemptionId"], told["status"]) == (first["id"], "COMPLETED")
        second = shop.redeem(member, complete=False)
        told = live.told()
        assert (told["redemptionId"], told["status"]) == (second["id"], "RESERVED")
        shop.call("POST", f"/v1/redemptions/{second['id']}/cancel", {})
        told = live.told()
        assert (told["redemptionId"], told["status"]) == (second["id"], "CANCELLED")
        assert done["id"] not in (first["id"], second["id"])
        points = live.subscribe(POINTS)
        live.told(points)
        shop.buy(member, 1000)
        live.told(points)  # and nothing of redemptions before it


@pytest.mark.parametrize("lingers", [True, False], ids=["closed", "reset"])
def test_a_phone_that_was_cut_off_connects_again_and_sees_what_it_missed(shop: Shop, lingers: bool) -> None:
    member, phone, live = connected(shop)
    live.subscribe(POINTS)
    live.told()
    if not lingers:
        live.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    live.socket.socket.close()  # no goodbye: the network is gone
    shop.buy(member, 1000)
    with LivePhone.of(phone) as again:
        again.subscribe(POINTS)
        assert again.told()["available"] == 10
        shop.buy(member, 1000)
        assert again.told()["available"] == 20


def test_what_was_ended_is_told_no_more_and_its_name_is_free_again(shop: Shop) -> None:
    member, _, live = connected(shop)
    with live:
        name = live.subscribe(POINTS)
        live.told(name)
        live.send({"type": "complete", "id": name})
        other = live.subscribe(POINTS)
        live.told(other)
        shop.buy(member, 1000)
        live.told(other)
        assert live.is_silent()
        live.send({"type": "subscribe", "id": name, "payload": {"query": POINTS}})
        assert live.told(name)["available"] == 10


def test_queries_and_mutations_are_answered_over_the_same_connection(shop: Shop) -> None:
    member, _, live = connected(shop)
    with live:
        name = live.subscribe("{ viewer { number } }")
        assert live.told(name) == {"number": member["number"]}
        assert live.hear() == {"type": "complete", "id": name}
        asked = 'mutation($id: UUID!) { updateProfile(id: $id, changes: {language: "de"}) { __typename } }'
        assert live.told(live.subscribe(asked, variables={"id": str(uuid4())})) == {"__typename": "ProfileUpdated"}
        assert live.hear()["type"] == "complete"
