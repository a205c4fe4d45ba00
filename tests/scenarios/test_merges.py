"""Two members who are one person: merged, going on as one, and taken apart again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.make.problem import problem
from tests.make.purchase import make_purchase
from tests.make.reward import make_redemption, make_reward
from tests.make.shop import Shop
from tests.scenarios.test_returns import post_return

Member = dict[str, Any]


def merge(shop: Shop, alias: Member, survivor: Member) -> dict[str, Any]:
    answer = shop.call("POST", f"/v1/members/{alias['id']}/merge", {"into": survivor["id"]})
    assert answer.status_code == 200, answer.text
    return answer.json()


def undo(shop: Shop, merged: dict[str, Any]) -> dict[str, Any]:
    answer = shop.call("POST", f"/v1/merges/{merged['id']}/undo")
    assert answer.status_code == 200, answer.text
    return answer.json()


def expiring(shop: Shop, member: Member) -> list[tuple[int, str]]:
    told = shop.call("GET", f"/v1/members/{member['id']}/points?expiring_within=P400D").json()["expiring"]
    return [(each["points"], each["at"]) for each in told]


def history(shop: Shop, member: Member, limit: int = 50) -> list[dict[str, Any]]:
    items, cursor = [], ""
    while cursor is not None:
        page = shop.call("GET", f"/v1/members/{member['id']}/points/history?limit={limit}{cursor}").json()
        items += page["items"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return items


@pytest.fixture
def bar(make_shop: Callable[..., Shop]) -> Shop:
    return make_shop(points={"expiry": {"days": 30}}, rewards=[make_reward("one", points=1), make_reward(points=50)])


def two(shop: Shop) -> tuple[Member, Member]:
    """An alias to be with 30 points of today, and a survivor to be with 50 of three days later."""
    alias, survivor = shop.enrol(), shop.enrol()
    shop.buy(alias, 3_000)
    shop.set_clock("2026-03-05T12:00:00Z")
    shop.buy(survivor, 5_000, occurred_at="2026-03-05T12:00:00Z")
    return alias, survivor


def test_points_move_with_their_dates_and_either_card_leads_to_the_survivor(bar: Shop) -> None:
    alias, survivor = two(bar)
    merged = merge(bar, alias, survivor)
    assert merged == {
        "id": merged["id"],
        "survivor": survivor["id"],
        "alias": alias["id"],
        "moved": {"points": 30, "lots": 1},
    }
    assert expiring(bar, survivor) == [(30, "2026-03-31T22:00:00Z"), (50, "2026-04-03T22:00:00Z")]
    bought = bar.buy(alias, 1_000, occurred_at="2026-03-05T12:00:00Z")  # by the alias's card
    assert bought["balance"]["available"] == 90
    by_id = make_purchase("", 500, occurred_at="2026-03-05T12:00:00Z") | {"member": {"id": alias["id"]}}
    assert bar.post(by_id).json()["balance"]["available"] == 95
    assert bar.redeem(alias, "one")["member"] == survivor["id"]
    for card in (alias["card"], survivor["card"]):
        (found,) = bar.call("POST", "/v1/members/search", {"identifier": card}).json()["items"]
        assert (found["id"], found["aliases"]) == (survivor["id"], [alias["id"]])
        assert {f"card:{each['value']}" for each in found["identifiers"]} == {alias["card"], survivor["card"]}


def test_whatever_is_asked_of_the_alias_the_survivor_answers(bar: Shop) -> None:
    alias, survivor = two(bar)
    merge(bar, alias, survivor)
    paths = ("", "/points", "/points/history", "/tier/history", "/export")
    for path in paths:
        answers = [bar.call("GET", f"/v1/members/{each['id']}{path}").json() for each in (alias, survivor)]
        for answer in answers:
            answer.pop("exported_at", None)
        assert answers[0] == answers[1], path
    for path in ("/v1/purchases", "/v1/redemptions", "/v1/engagement", "/v1/adjustments", "/v1/rewards"):
        answers = [bar.call("GET", f"{path}?member={each['id']}") for each in (alias, survivor)]
        assert answers[0].status_code == 200, answers[0].text
        assert answers[0].json() == answers[1].json(), path
    changed = bar.call("PATCH", f"/v1/members/{alias['id']}", {"profile": {"given_name": "Ada"}}).json()
    assert (changed["id"], changed["profile"]["given_name"]) == (survivor["id"], "Ada")
    adjusted = {"reference": "a", "points": 5, "reason": "cold"}
    for _ in range(2):
        answer = bar.call("POST", f"/v1/members/{alias['id']}/points/adjustments", adjusted).json()
        assert (answer["member"], answer["balance"]["available"]) == (survivor["id"], 85)


def test_a_write_to_an_alias_by_an_idempotency_key_is_done_once(bar: Shop) -> None:
    alias, survivor = two(bar)
    merge(bar, alias, survivor)
    body = {"kind": "card", "value": "777000"}
    answers = [
        bar.call("POST", f"/v1/members/{alias['id']}/identifiers", body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert answers[0].json()["id"] == survivor["id"]


def test_history_and_lists_read_over_both_newest_first_at_any_page(bar: Shop) -> None:
    alias, survivor = two(bar)
    for number in range(4):
        bar.set_clock(f"2026-03-06T1{number}:00:00Z")
        bar.buy((alias, survivor)[number % 2], 100, occurred_at="2026-03-06T10:00:00Z")
    bar.set_clock("2026-03-06T15:00:00Z")
    merge(bar, alias, survivor)
    whole = history(bar, survivor)
    assert [each["points"] for each in whole if each["kind"] == "earn"] == [1, 1, 1, 1, 50, 30]
    assert {each["member"] for each in whole} == {alias["id"], survivor["id"]}
    for limit in (1, 2, 3):
        assert history(bar, alias, limit) == whole
    assert len(bar.call("GET", f"/v1/purchases?member={survivor['id']}").json()["items"]) == 6


def test_a_receipt_made_with_the_aliases_card_replays_and_is_not_the_survivors_for_other_content(bar: Shop) -> None:
    alias, survivor = bar.enrol(), bar.enrol()
    receipt = make_purchase(alias["card"], 3_000)
    first = bar.post(receipt)
    redemption = make_redemption(alias["card"], "one")
    redeemed = bar.call("POST", "/v1/redemptions", redemption)
    merge(bar, alias, survivor)
    for who in (alias["card"], survivor["card"]):
        again = bar.post(receipt | {"member": {"identifier": who}})
        assert (again.status_code, again.content) == (200, first.content)
        again = bar.call("POST", "/v1/redemptions", redemption | {"member": {"identifier": who}})
        assert (again.status_code, again.content) == (200, redeemed.content)
    problem(
        bar.post(make_purchase(bar.enrol()["card"], 3_000) | {"reference": receipt["reference"]}),
        409,
        "purchase.reference_reused",
    )
    assert bar.points(survivor) == (29, 0)


def test_returns_of_what_the_alias_bought_follow(bar: Shop) -> None:
    alias, survivor = bar.enrol(), bar.enrol()
    bought = bar.buy(alias, 8_000)
    reserved = bar.redeem(alias, complete=False)
    paid = bar.buy(alias, 2_000, redemptions=[reserved["id"]])
    assert bar.points(alias) == (50, 0)
    merge(bar, alias, survivor)
    bar.set_clock("2026-03-05T12:00:00Z")
    told = post_return(bar, bought, amount_minor=4_000, occurred_at="2026-03-05T12:00:00Z").json()
    assert (told["points"]["taken_back"], told["balance"]["available"]) == (40, 10)
    told = post_return(bar, paid, all=True, occurred_at="2026-03-05T12:00:00Z").json()
    assert told["points"]["given_back"] == 50  # what had paid, in lots with the dates of those it was drawn from
    assert expiring(bar, survivor) == [(40, "2026-03-31T22:00:00Z")]
    assert bar.points(survivor) == (40, 0)
    voided = bar.call("POST", f"/v1/purchases/{bought['id']}/void").json()
    assert voided["balance"]["available"] == 0
    assert bar.member(survivor["id"])["tier"]["next"] == {"code": "silver", "missing": 50_000}


def test_the_higher_tier_stays_and_what_both_bought_counts_together(bar: Shop) -> None:
    alias, survivor = bar.enrol(), bar.enrol()
    bar.buy(alias, 60_000)
    bar.buy(survivor, 1_000)
    merge(bar, alias, survivor)
    held = bar.member(survivor["id"])["tier"]
    assert (held["code"], held["next"]) == ("silver", {"code": "gold", "missing": 89_000})
    assert bar.buy(alias, 89_000)["tier"]["code"] == "gold"
    one, other = bar.enrol(), bar.enrol()
    for each in (one, other):
        bar.buy(each, 25_000)
    merge(bar, one, other)
    assert bar.member(other["id"])["tier"]["code"] == "silver"
    moves = bar.call("GET", f"/v1/members/{other['id']}/tier/history").json()["items"]
    assert [(move["to"], move["reason"], move["value"]) for move in moves] == [("silver", "merged", 50_000)]


def test_a_debt_moves_too_and_is_paid(bar: Shop) -> None:
    alias, survivor = bar.enrol(), bar.enrol()
    bought = bar.buy(alias, 5_000)
    bar.redeem(alias)
    post_return(bar, bought, all=True, occurred_at="2026-03-02T12:00:00Z")
    assert bar.points(alias) == (-50, 0)
    bar.buy(survivor, 8_000)
    merge(bar, alias, survivor)
    assert bar.points(survivor) == (30, 0)


def test_pending_points_come_over_and_become_available_in_their_time(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(points={"pending": {"until": "purchase.shipped"}})
    alias, survivor = shop.enrol(), shop.enrol()
    bought = shop.buy(alias, 3_000)
    merge(shop, alias, survivor)
    points = shop.call("GET", f"/v1/members/{survivor['id']}/points").json()
    assert (points["available"], points["pending"]) == (0, 30)
    shop.engage(survivor, "purchase.shipped", data={"purchase": {"id": bought["id"]}})
    assert shop.points(survivor) == (30, 0)


def test_undoing_gives_back_what_is_left_by_origin_and_says_what_could_not_be_split(bar: Shop) -> None:
    alias, survivor = two(bar)
    before = expiring(bar, alias), expiring(bar, survivor)
    merged = merge(bar, alias, survivor)
    for _ in range(4):
        bar.redeem(survivor, "one")  # the alias's points expire first
    bought = bar.buy(alias, 700, occurred_at="2026-03-05T12:00:00Z")
    undone = undo(bar, merged)
    assert undone == {
        "id": merged["id"],
        "survivor": survivor["id"],
        "alias": alias["id"],
        "returned": {"points": 26, "lots": 1},
        "not_split": {"points": 4},
    }
    assert undo(bar, merged) == undone
    assert expiring(bar, alias) == [(26, before[0][0][1])]
    assert bar.points(survivor) == (57, 0)  # and what was bought meanwhile
    assert bar.member(alias["id"])["id"] == alias["id"]
    assert bar.member(survivor["id"])["aliases"] == []
    assert bar.buy(alias, 100, occurred_at="2026-03-05T12:00:00Z")["balance"]["available"] == 27
    told = post_return(bar, bought, all=True, occurred_at="2026-03-05T12:00:00Z").json()
    assert told["balance"]["available"] == 50
    again = merge(bar, alias, survivor)
    assert again["moved"] == {"points": 27, "lots": 2}


def test_undoing_takes_the_aliases_days_out_again_and_the_tier_is_reviewed_at_night(bar: Shop) -> None:
    alias, survivor = bar.enrol(), bar.enrol()
    for each in (alias, survivor):
        bar.buy(each, 25_000)
    merged = merge(bar, alias, survivor)
    undo(bar, merged)
    assert bar.member(survivor["id"])["tier"]["code"] == "silver"
    assert bar.member(alias["id"])["tier"]["next"]["missing"] == 25_000
    bar.set_clock("2026-03-03T12:00:00Z")
    assert bar.member(survivor["id"])["tier"]["code"] == "bronze"


def test_what_cannot_be_merged_says_what_to_do(bar: Shop) -> None:
    alias, survivor, third = bar.enrol(), bar.enrol(), bar.enrol()

    def refused(member: Member, into: Member) -> str:
        answer = bar.call("POST", f"/v1/members/{member['id']}/merge", {"into": into["id"]})
        return problem(answer, 409, "merge.not_possible")["detail"]

    problem(bar.call("POST", f"/v1/members/{alias['id']}/merge", {"into": alias["id"]}), 422, "request.invalid", "into")
    bar.buy(alias, 5_000)
    reserved = bar.redeem(alias, complete=False)
    assert "reserved" in refused(alias, survivor)
    bar.call("POST", f"/v1/redemptions/{reserved['id']}/cancel")
    merge(bar, alias, survivor)
    assert survivor["id"] in refused(alias, third)
    assert "already" in refused(third, alias)
    assert "other way round" in refused(survivor, third)
    merge(bar, third, survivor)  # more than one may be
    assert sorted(bar.member(survivor["id"])["aliases"]) == sorted([alias["id"], third["id"]])
    closed = bar.enrol()
    bar.call("POST", f"/v1/members/{closed['id']}/close", {"reason": "asked"})
    answer = bar.call("POST", f"/v1/members/{closed['id']}/merge", {"into": survivor["id"]})
    problem(answer, 409, "member.closed")
    moved = {"reference": "m", "to": alias["id"], "points": 1, "reason": "to an alias"}
    problem(bar.call("POST", f"/v1/members/{survivor['id']}/points/move", moved), 409, "member.merged")


def test_an_aliases_card_can_be_blocked_and_erasing_erases_both(bar: Shop) -> None:
    alias, survivor = bar.enrol(profile={"given_name": "Zyxada"}), bar.enrol()
    merged = merge(bar, alias, survivor)
    cards = {f"card:{each['value']}": each["id"] for each in bar.member(survivor["id"])["identifiers"]}
    path = f"/v1/members/{survivor['id']}/identifiers/{cards[alias['card']]}"
    assert bar.call("DELETE", path).status_code == 204
    problem(bar.post(make_purchase(alias["card"], 100)), 409, "member.identifier_blocked")
    (found,) = bar.call("POST", "/v1/members/search", {"query": "zyxada"}).json()["items"]
    assert found["id"] == survivor["id"]
    assert bar.call("POST", f"/v1/members/{alias['id']}/erase").status_code == 204
    for each in (alias, survivor):
        problem(bar.call("GET", f"/v1/members/{each['id']}"), 410, "member.erased")
        problem(bar.post(make_purchase(each["card"], 100)), 404, "member.not_found")
    assert bar.call("POST", "/v1/members/search", {"query": "zyxada"}).json()["items"] == []
    problem(bar.call("POST", f"/v1/merges/{merged['id']}/undo"), 410, "member.erased")


def test_an_aliases_own_tier_is_left_alone_until_they_are_a_member_again(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(purchases={"late_days": 3660})
    alias, survivor = shop.enrol(), shop.enrol()
    shop.buy(alias, 60_000)
    merged = merge(shop, alias, survivor)
    shop.set_clock("2027-03-10T12:00:00Z")  # neither window holds silver any more
    assert shop.member(survivor["id"])["tier"]["code"] == "bronze"
    undo(shop, merged)
    assert shop.member(alias["id"])["tier"]["code"] == "silver"
    shop.set_clock("2027-03-11T12:00:00Z")
    assert shop.member(alias["id"])["tier"]["code"] == "bronze"
