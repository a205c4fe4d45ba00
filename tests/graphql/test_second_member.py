"""A second member who got hold of every id and cursor that the first one's phone ever saw."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.make.live import REDEMPTION, LivePhone
from tests.make.phone import HOME, Phone
from tests.make.reward import make_pool, make_reward
from tests.make.shop import Shop

PAGES = """
query ($after: String!) {
  viewer { activity(after: $after) { edges { node { id text } } } rewards(after: $after) { edges { node { id } } } }
}
"""
CANCEL = """
mutation ($id: UUID!, $redemption: UUID!) {
  cancelRedemption(id: $id, redemptionId: $redemption) { __typename ... on Refused { code message } }
}
"""
ACKNOWLEDGE = """
mutation ($id: UUID!, $notices: [ID!]!) {
  acknowledgeAdvice(id: $id, notices: $notices) { ... on Acknowledged { viewer { id } notices { id } } }
}
"""
DO = (
    'redeemReward(id: $id, reward: "mug")',
    'updateProfile(id: $id, changes: {givenName: "Eve"})',
    'setConsents(id: $id, consents: [{kind: "a", given: true}])',
    'recordEngagement(id: $id, kind: "app_open")',
)
OPAQUE = "{ viewer { notices { id } activity { edges { cursor } } rewards { edges { cursor } } } }"


@pytest.fixture
def phones(make_shop: Callable[..., Shop]) -> tuple[Phone, Phone]:
    """Of Ada, who has some of everything, and of Eve, who has a single purchase."""
    rewards = [
        make_reward("five-off", points=20),
        make_reward("voucher", points=10, money_off=None, coupon={"pool": "spring"}),
        make_reward("mug", points=10**6, money_off=None, custom={"note": "a mug"}),
    ]
    shop = make_shop(rewards=rewards, points={"expiry": {"days": 100}, "notice_days": 100})
    assert shop.call("POST", "/v1/coupons/pools", make_pool(generate=5, codes=None)).status_code == 201
    ada, eve = shop.enrol(profile={"given_name": "Ada", "email": "ada@example.org"}), shop.enrol()
    for number in range(3):
        shop.buy(ada, 5000 + number)
    shop.redeem(ada, "five-off", complete=False)
    shop.redeem(ada, "voucher")
    shop.buy(eve, 100)
    return Phone.of(shop, ada), Phone.of(shop, eve)


def uuids_of(told: Any) -> set[str]:
    """Whatever looks like an id anywhere in an answer."""
    return set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", str(told)))


def test_who_knows_every_id_of_another_member_sees_and_does_nothing_of_theirs(phones: tuple[Phone, Phone]) -> None:
    ada, eve = phones
    hers, opaque = ada.ask(HOME), ada.ask(OPAQUE)["viewer"]
    secrets = uuids_of(hers) | {hers["viewer"]["number"], "ada@example.org"}
    secrets |= {each["code"] for each in hers["viewer"]["coupons"]} | {each["id"] for each in opaque["notices"]}
    assert len(secrets) > 8
    before = without_card(hers)
    for answer in tried(eve, uuids_of(hers), opaque):
        for each in secrets - uuids_of_wishes(answer):
            assert each not in str(answer["told"]), each
    assert without_card(ada.ask(HOME)) == before


def tried(eve: Phone, ids: set[str], opaque: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What Eve is told by everything that takes an id or a cursor, with those of Ada."""
    cursors = [edge["cursor"] for each in ("activity", "rewards") for edge in opaque[each]["edges"]]
    for cursor in cursors:
        yield {"told": eve.send(PAGES, variables={"after": cursor}).json()["data"]}
    for each in ids:
        told = eve.ask(CANCEL, id=str(uuid4()), redemption=each)["cancelRedemption"]
        assert told["__typename"] == "RedemptionUnknown"
        yield {"told": told, "wish": each}
        for do in DO:
            yield {"told": eve.ask(f"mutation ($id: UUID!) {{ {do} {{ __typename }} }}", id=each)}
    notices = [each["id"] for each in opaque["notices"]]
    yield {"told": eve.ask(ACKNOWLEDGE, id=str(uuid4()), notices=notices)}
    yield {"told": eve.ask(HOME)}


def uuids_of_wishes(answer: dict[str, Any]) -> set[str]:
    """What Eve said herself, and may hear again."""
    return {answer["wish"]} if "wish" in answer else set()


def without_card(home: dict[str, Any]) -> dict[str, Any]:
    """The home screen without what differs each time."""
    return home["viewer"] | {"card": None}


def test_what_the_first_member_is_told_live_the_second_never_hears(phones: tuple[Phone, Phone]) -> None:
    ada, eve = phones
    held = ada.ask("{ viewer { setAside { redemptionId } } }")["viewer"]["setAside"][0]["redemptionId"]
    with LivePhone.of(ada) as hers, LivePhone.of(eve) as live:
        live.subscribe(REDEMPTION)
        assert live.is_silent()
        assert hers.told(hers.subscribe(REDEMPTION))["redemptionId"] == held
        ada.ask(CANCEL, id=str(uuid4()), redemption=held)
        assert hers.told()["status"] == "CANCELLED"
        assert live.is_silent()
