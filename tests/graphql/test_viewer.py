"""What a member sees of themselves: the home screen, pages, languages, and that it is theirs alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.make.phone import HOME, Phone
from tests.make.purchase import make_purchase
from tests.make.reward import make_reward
from tests.make.shop import Shop

ACTIVITY = """
query ($first: Int!, $after: String) {
  viewer { activity(first: $first, after: $after) {
    edges { cursor node { id text change } } pageInfo { hasNextPage endCursor } } }
}
"""


def test_one_query_fills_the_home_screen(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward("five-off", points=500), make_reward("ten-off", points=5000)])
    member = shop.enrol(profile={"given_name": "Ada", "language": "en"})
    bought = shop.buy(member, 60_000)
    shop.redeem(member, complete=True)
    home = Phone.of(shop, member).ask(HOME)["viewer"]
    assert home["number"] == member["number"]
    assert home["profile"]["givenName"] == "Ada"
    assert (home["points"]["available"], home["points"]["lifetimeEarned"]) == (100, 600)
    assert home["tier"]["code"] == "silver"
    assert home["tier"]["measure"] == "SPEND"
    progress = home["tier"]["progress"]
    assert (progress["next"], progress["missing"], progress["needs"]) == ("gold", 90_000, 150_000)
    spent, earned = (edge["node"] for edge in home["activity"]["edges"])
    assert (earned["__typename"], earned["kind"], earned["change"]) == ("Purchase", "EARN", 600)
    assert earned["purchaseId"] == bought["id"]
    assert earned["earnings"] == [{"rule": "base", "points": 600}]
    assert (spent["__typename"], spent["reward"], spent["change"]) == ("Redemption", "five-off", -500)
    assert spent["balanceAfter"] == {"available": 100, "pending": 0, "reserved": 0}
    rewards = [edge["node"] for edge in home["rewards"]["edges"]]
    assert [each["mayRedeem"] for each in rewards] == [False, False]
    assert rewards[1]["whyNot"]["code"] == "points.insufficient"
    assert home["card"]["qr"].startswith("<svg")
    assert home["card"]["barcode"].startswith("<svg")


def test_the_history_speaks_the_members_language_and_minds_one(shop: Shop) -> None:
    texts = {}
    for language in ("en", "de", "fr"):
        member = shop.enrol(profile={"language": language})
        shop.post(make_purchase(member["card"], 100, reference=f"one-{language}"))
        shop.post(make_purchase(member["card"], 150_000, reference=f"many-{language}"))
        edges = Phone.of(shop, member).ask(ACTIVITY, first=10)["viewer"]["activity"]["edges"]
        texts[language] = [edge["node"]["text"] for edge in edges]
    assert texts["en"] == ["1,500 points for purchase many-en", "1 point for purchase one-en"]
    assert texts["de"] == ["1.500 Punkte für Einkauf many-de", "1 Punkt für Einkauf one-de"]
    assert texts["fr"][1] == "1 point for purchase one-fr"


def test_who_did_not_choose_a_language_is_spoken_to_as_the_phone_prefers(shop: Shop) -> None:
    member = shop.enrol()
    shop.buy(member, 100)
    told = Phone.of(shop, member).send(
        "{ viewer { activity { edges { node { text } } } } }", headers={"Accept-Language": "fr, de-AT;q=0.8"}
    )
    assert told.json()["data"]["viewer"]["activity"]["edges"][0]["node"]["text"].startswith("1 Punkt für Einkauf")


def test_pages_follow_each_other_without_a_gap(shop: Shop) -> None:
    member = shop.enrol()
    for _ in range(5):
        shop.buy(member, 100)
    phone = Phone.of(shop, member)
    seen, after = [], None
    for expected in (2, 2, 1):
        page = phone.ask(ACTIVITY, first=2, after=after)["viewer"]["activity"]
        assert len(page["edges"]) == expected
        seen += [edge["node"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert page["pageInfo"]["hasNextPage"] is False
    assert len(set(seen)) == 5


def test_pages_of_rewards_follow_the_document_and_its_filter(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(rewards=[make_reward(f"r{price}", points=price) for price in (10, 20, 30, 4000)])
    member = shop.enrol()
    shop.buy(member, 2500)
    query = """query ($after: String, $filter: RewardFilter) {
      viewer { rewards(first: 1, after: $after, filter: $filter) {
        edges { node { code } } pageInfo { hasNextPage endCursor } } } }"""
    phone, seen, after = Phone.of(shop, member), [], None
    for _ in range(2):
        page = phone.ask(query, after=after, filter={"redeemable": True})["viewer"]["rewards"]
        seen += [edge["node"]["code"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert (seen, page["pageInfo"]["hasNextPage"]) == (["r10", "r20"], False)
    dear = phone.ask(query, filter={"redeemable": False, "maxPoints": 100})["viewer"]["rewards"]
    assert [edge["node"]["code"] for edge in dear["edges"]] == ["r30"]


def test_what_a_reward_gives_is_told_so_that_a_phone_can_show_it(make_shop: Callable[..., Shop]) -> None:
    effects: list[dict[str, Any]] = [
        {"money_off": {"amount_minor": 500}},
        {"percent_off": {"percent": 12.5, "max_minor": 900}},
        {"percent_off": {"percent": 10}},
        {"free_product": {"sku": "ESP-250", "quantity": 2}},
        {"donation": {"to": "the lifeboats"}},
        {"custom": {"note": "a mug"}},
    ]
    shop = make_shop(rewards=[{"code": f"r{number}", "points": 5} | each for number, each in enumerate(effects)])
    told = Phone.of(shop, shop.enrol()).ask(
        "{ viewer { rewards { edges { node { amount percent amountMax sku quantity note } } } } }"
    )["viewer"]["rewards"]["edges"]
    given = [{name: value for name, value in edge["node"].items() if value is not None} for edge in told]
    assert given == [
        {"amount": 500},
        {"percent": 12.5, "amountMax": 900},
        {"percent": 10},
        {"sku": "ESP-250", "quantity": 2},
        {"note": "the lifeboats"},
        {"note": "a mug"},
    ]


def test_two_members_and_two_programs_see_nothing_of_each_other(
    make_shop: Callable[..., Shop],
) -> None:
    one, other = make_shop(), make_shop()
    members: list[tuple[Shop, dict[str, Any], int]] = []
    for shop, amount in ((one, 100), (one, 700), (other, 3000)):
        card = [] if members[1:] else ["card:same"] if not members else []
        member = shop.enrol(*(card or [f"card:own-{amount}"]), profile={"given_name": f"Name{amount}"})
        shop.buy(member, amount)
        members.append((shop, member, amount))
    for shop, member, amount in members:
        told = Phone.of(shop, member).send(HOME)
        assert told.json()["data"]["viewer"]["points"]["available"] == amount // 100
        for _, stranger, theirs in members:
            if stranger is not member:
                assert stranger["number"] not in told.text
                assert f'Name{theirs}"' not in told.text


def test_after_a_merge_the_history_of_both_is_told_to_the_survivor(shop: Shop) -> None:
    alias, survivor = shop.enrol(), shop.enrol()
    shop.buy(alias, 500)
    shop.buy(survivor, 200)
    shop.call("POST", f"/v1/members/{alias['id']}/merge", {"into": survivor["id"]})
    phone = Phone.of(shop, survivor)
    assert phone.ask("{ viewer { points { available } } }")["viewer"]["points"]["available"] == 7
    edges = phone.ask(ACTIVITY, first=10)["viewer"]["activity"]["edges"]
    assert len([each for each in edges if "for purchase" in each["node"]["text"]]) == 2
